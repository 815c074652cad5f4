//! Flow logs in each form.
use netloom_suggest::Observed;

use crate::support::{Asked, example, lines, on, suggested};

const HUBBLE: &str = r#"{"flow":{"time":"2026-01-05T10:00:00Z","verdict":"FORWARDED","IP":{"source":"10.0.0.10","destination":"10.0.1.20","ipVersion":"IPv4"},"l4":{"TCP":{"source_port":45122,"destination_port":8080,"flags":{"SYN":true}}},"source":{"ID":1,"identity":2,"namespace":"ingress","labels":["k8s:app=edge","k8s:io.kubernetes.pod.namespace=ingress"],"pod_name":"edge-6d5f7c9b8-x2k4q","workloads":[{"name":"edge","kind":"Deployment"}]},"destination":{"ID":3,"namespace":"production","labels":["k8s:app=frontend"],"pod_name":"frontend-5c6b7d8f9-bcdfg"},"Type":"L3_L4","node_name":"n1","is_reply":false},"node_name":"n1"}
{"flow":{"verdict":"FORWARDED","IP":{"source":"10.0.1.20","destination":"10.0.0.10"},"l4":{"TCP":{"source_port":8080,"destination_port":45122,"flags":{"SYN":true,"ACK":true}}},"source":{"namespace":"production","pod_name":"frontend-5c6b7d8f9-bcdfg"},"destination":{"namespace":"ingress","pod_name":"edge-6d5f7c9b8-x2k4q"},"is_reply":true}}
{"flow":{"verdict":"DROPPED","IP":{"source":"10.0.1.20","destination":"10.0.2.9"},"l4":{"TCP":{"source_port":4000,"destination_port":5432}},"source":{"namespace":"production","pod_name":"frontend-5c6b7d8f9-bcdfg"},"destination":{"namespace":"production","pod_name":"postgres-0"},"is_reply":false}}
{"flow":{"verdict":"FORWARDED","IP":{"source":"10.0.1.21","destination":"10.0.3.4"},"l4":{"UDP":{"source_port":4000,"destination_port":8125}},"source":{"namespace":"production","labels":["k8s:app=backend"]},"destination":{"namespace":"monitoring","labels":["k8s:app=statsd","k8s:pod-template-hash=x"],"pod_name":"statsd-whatever"},"is_reply":null}}
{"flow":{"verdict":"FORWARDED","IP":{"source":"10.0.1.21","destination":"10.0.3.4"},"l4":{"UDP":{"source_port":8125,"destination_port":4000}},"source":{"namespace":"monitoring","labels":["k8s:app=statsd"]},"destination":{"namespace":"production","labels":["k8s:app=backend"]},"is_reply":null}}
{"flow":{"verdict":"REDIRECTED","IP":{"source":"10.0.1.21","destination":"198.51.100.10"},"l4":{"TCP":{"source_port":4000,"destination_port":443,"flags":{"SYN":true}}},"source":{"namespace":"production","workloads":[{"name":"backend","kind":"Deployment"}]},"destination":{"identity":16777217,"labels":["cidr:198.51.100.10/32","reserved:world"]},"is_reply":false}}
{"flow":{"verdict":"FORWARDED","IP":{"source":"10.0.1.21","destination":"198.51.100.11"},"l4":{"TCP":{"source_port":4001,"destination_port":443,"flags":{"SYN":true}}},"source":{"namespace":"production","workloads":[{"name":"backend","kind":"Deployment"}]},"destination":{"labels":["reserved:world"]},"is_reply":false}}
{"flow":{"verdict":"FORWARDED","IP":{"source":"172.18.0.2","destination":"10.0.1.20"},"l4":{"TCP":{"source_port":4001,"destination_port":8080,"flags":{"SYN":true}}},"source":{"labels":["reserved:host"]},"destination":{"namespace":"production","pod_name":"frontend-5c6b7d8f9-bcdfg"},"is_reply":false}}
{"flow":{"verdict":"FORWARDED","IP":{"source":"10.0.9.9","destination":"10.0.1.20"},"l4":{"TCP":{"source_port":4001,"destination_port":8080,"flags":{"SYN":true}}},"source":{"namespace":"batch","labels":["k8s:job=import","k8s:io.kubernetes.pod.namespace=batch"],"pod_name":"import-x"},"destination":{"namespace":"production","pod_name":"frontend-5c6b7d8f9-bcdfg"},"is_reply":false}}
{"flow":{"verdict":"FORWARDED","IP":{"source":"10.0.1.20","destination":"10.0.1.21"},"l4":{"ICMPv4":{"type":8}},"source":{"namespace":"production"},"destination":{"namespace":"production"}}}
{"lost_events":{"source":"HUBBLE_RING_BUFFER","num_events_lost":"1"}}
"#;

const CALICO: &str = r#"{"start_time":1,"end_time":2,"source_ip":"10.0.0.3","source_name":"-","source_name_aggr":"prometheus-*","source_namespace":"monitoring","source_port":null,"source_type":"wep","source_labels":null,"dest_ip":null,"dest_name":"-","dest_name_aggr":"statsd-6bc7d8f9b9-*","dest_namespace":"monitoring","dest_port":9102,"dest_type":"wep","dest_labels":{"labels":["app=statsd"]},"proto":"tcp","action":"allow","reporter":"dst"}
{"source_ip":"203.0.113.9","source_name":"-","source_name_aggr":"pub","source_namespace":"-","source_type":"net","dest_name":"-","dest_name_aggr":"edge-*","dest_namespace":"ingress","dest_port":8443,"dest_type":"wep","proto":"tcp","action":"allow","reporter":"dst"}
{"_source":{"source_name_aggr":"frontend-*","source_namespace":"production","source_type":"wep","dest_name_aggr":"postgres-*","dest_namespace":"production","dest_port":5432,"dest_type":"wep","proto":"tcp","action":"deny","reporter":"src"}}
{"start_time":"2026-01-05T10:00:00Z","action":"Allow","source_name":"grafana-*","source_namespace":"monitoring","source_labels":"app=grafana | pod-template-hash=x","dest_name":"prometheus-*","dest_namespace":"monitoring","dest_labels":"app=prometheus","protocol":"tcp","dest_port":9090,"reporter":"Src"}
{"action":"Allow","source_name":"backend-*","source_namespace":"production","source_labels":"app=backend","dest_name":"PUBLIC NETWORK","dest_namespace":"-","dest_labels":"","protocol":"tcp","dest_port":443,"reporter":"Src"}
{"action":"Allow","source_name":"backend-*","source_namespace":"production","dest_name":"postgres-*","dest_namespace":"production","protocol":"icmp","dest_port":0,"reporter":"Src"}
"#;

const OWN: &str = r#"{"from": "production/frontend", "to": "production/backend", "protocol": "TCP", "port": 3000}
{"from": "production/frontend-5c6b7d8f9-bcdfg", "to": "production/backend", "port": 3000}
{"from": "production/backend", "to": "production/postgres-0", "port": 5432, "verdict": "allowed"}
{"from": "production/frontend", "to": "production/postgres", "port": 5432, "verdict": "denied"}
{"from": "production/postgres", "to": "production/backend", "port": 40000, "reply": true}
{"from": "203.0.113.7", "to": "ingress/edge", "port": 8080}
{"from": "203.0.113.6", "to": "ingress/edge", "port": 8080}
{"from": "production/backend", "to": "monitoring/statsd", "protocol": "udp", "port": 8125}
"#;

fn shown(flows: &str) -> String {
    on(&example("shop", Some("policies/")), |ground| {
        let observed = Observed::read(ground, "flows.jsonl", flows).unwrap();
        let lines = lines(ground, &observed.needs);
        let doubts: Vec<String> = observed.needs.doubts.iter().map(|d| format!("? {d}")).collect();
        format!("{}\n{}\n{}", lines.join("\n"), doubts.join("\n"), observed.counts)
    })
}

#[test]
fn hubble_is_read() {
    insta::assert_snapshot!("flows_hubble", shown(HUBBLE));
}

#[test]
fn calico_is_read() {
    insta::assert_snapshot!("flows_calico", shown(CALICO));
}

#[test]
fn the_own_form_is_read() {
    insta::assert_snapshot!("flows_own", shown(OWN));
}

#[test]
fn what_was_seen_is_allowed_and_nothing_else() {
    on(&example("shop", None), |ground| {
        let flows = format!("{HUBBLE}{CALICO}{OWN}");
        let (suggestion, proof, report) = suggested(ground, &Asked { flows: &flows, ..Asked::default() });
        assert!(proof.unmet.is_empty(), "{report}");
        let yaml = suggestion.yaml();
        assert!(yaml.contains("kubernetes.io/metadata.name: batch"), "{yaml}");
        insta::assert_snapshot!("flows_policies", format!("{yaml}\n{report}"));
    });
}

#[test]
fn lists_and_broken_ends_are_read_and_nonsense_is_refused_with_its_line() {
    on(&example("shop", None), |ground| {
        let read = |text: &str| Observed::read(ground, "f", text);
        let line = r#"{"from": "production/frontend", "to": "production/backend", "port": 3000}"#;
        assert_eq!(read(&format!("[{line}, {line}]")).unwrap().counts.taken, 2);
        assert_eq!(read(&format!("{line}\n{}", &line[..20])).unwrap().counts.taken, 1);
        for (text, error) in [
            ("nonsense".to_owned(), "f:1: this line is no JSON"),
            (format!("{line}\n{{}}\n"), "f:2: this is no flow in a form that is known"),
            (
                format!("{line}\n{{\"from\": \"production/frontend\", \"to\": \"production/backend\"}}"),
                "f:2: `port` must be",
            ),
            ("{\"from\": \"nobody\", \"to\": \"production/backend\", \"port\": 1}".to_owned(), "f:1: "),
            (
                "{\"from\": 1, \"to\": \"production/backend\", \"port\": 1}".to_owned(),
                "f:1: `from` must be text",
            ),
        ] {
            let found = read(&text).unwrap_err().to_string();
            assert!(found.starts_with(error), "{found}");
        }
        assert_eq!(read("").unwrap().counts.taken, 0);
    });
}
