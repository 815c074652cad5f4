//! The cluster's DNS as its Corefile has it: what `dig` gets in a pod, and what `explain` says of it.
use std::fs;

use crate::support::{Running, User, folder, path, poll, run, stderr, stdout, verified};

const CLUSTER: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: s}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: coredns, namespace: kube-system, labels: {k8s-app: kube-dns}}
spec:
  replicas: 1
  selector: {matchLabels: {k8s-app: kube-dns}}
  template:
    metadata: {labels: {k8s-app: kube-dns}}
    spec:
      dnsPolicy: Default
      containers:
      - name: coredns
        image: registry.k8s.io/coredns/coredns:v1.12.1
        args: [-conf, /etc/coredns/Corefile]
        ports:
        - {name: dns, containerPort: 53, protocol: UDP}
        - {name: dns-tcp, containerPort: 53, protocol: TCP}
        - {name: metrics, containerPort: 9153, protocol: TCP}
        volumeMounts:
        - {name: config, mountPath: /etc/coredns, readOnly: true}
        - {name: custom, mountPath: /etc/coredns/custom}
      volumes:
      - name: config
        configMap: {name: coredns, items: [{key: Corefile, path: Corefile}]}
      - {name: custom, configMap: {name: coredns-custom, optional: true}}
---
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system, labels: {k8s-app: kube-dns}}
spec:
  clusterIP: 10.96.0.10
  selector: {k8s-app: kube-dns}
  ports:
  - {name: dns, port: 53, protocol: UDP}
  - {name: dns-tcp, port: 53, protocol: TCP}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: s}
spec: {containers: [{name: c, image: x, ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: s, labels: {app: web}}
spec: {containers: [{name: c, image: x, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: s}
spec: {clusterIP: 10.96.7.7, selector: {app: web}, ports: [{port: 80}]}
"#;

const COREFILE: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: coredns, namespace: kube-system}
data:
  Corefile: |
    .:53 {
        errors
        health
        ready
        hosts {
            10.96.7.7 shop.example.com
            ttl 77
            fallthrough
        }
        rewrite name suffix .shop.internal .s.svc.cluster.local answer auto
        template IN A wild.example.com {
            answer "{{ .Name }} 60 IN A 192.0.2.7"
        }
        acl blocked.example.com {
            block
        }
        kubernetes cluster.local in-addr.arpa ip6.arpa {
            pods insecure
            fallthrough in-addr.arpa ip6.arpa
            ttl 30
        }
        prometheus :9153
        forward . /etc/resolv.conf
        cache 30
        loadbalance
        import custom/*.override
    }
    import custom/*.server
---
apiVersion: v1
kind: ConfigMap
metadata: {name: coredns-custom, namespace: kube-system}
data:
  log.override: |
    log
  stub.server: |
    stub.example:53 {
        rewrite name suffix .stub.example .s.svc.cluster.local answer auto
        forward . 10.96.0.10
        cache 30
    }
"#;

fn dig(network: &Running, arguments: &str) -> String {
    let mut command = vec!["dig", "+time=2", "+tries=2", "+noall", "+comments", "+answer"];
    command.extend(arguments.split(' '));
    let found = network.exec(User::Own, "s/client", &command);
    let text = stdout(&found);
    let status = text.split("status: ").nth(1).and_then(|rest| rest.split(',').next()).unwrap_or("silence");
    let answers: Vec<String> = text
        .lines()
        .filter(|line| !line.starts_with(';') && !line.is_empty())
        .map(|line| line.split_ascii_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    format!("{status} {}", answers.join("; ")).trim_end().to_owned()
}

fn get(network: &Running, url: &str) -> String {
    let found = network.exec(User::Own, "s/client", &["curl", "-sm3", url]);
    assert!(found.status.success(), "{url}: {}", stderr(&found));
    stdout(&found)
}

#[test]
fn the_running_dns_serves_its_corefile_and_explain_agrees() {
    let manifests = folder(&[("cluster.yaml", CLUSTER), ("corefile.yaml", COREFILE)]);
    let network = Running::start(User::Own, &[path(&manifests)]);
    for (question, expected) in [
        ("web.s.svc.cluster.local", "NOERROR web.s.svc.cluster.local. 30 IN A 10.96.7.7"),
        ("shop.example.com", "NOERROR shop.example.com. 30 IN A 10.96.7.7"),
        ("web.shop.internal", "NOERROR web.shop.internal. 30 IN A 10.96.7.7"),
        ("+tcp web.shop.internal", "NOERROR web.shop.internal. 30 IN A 10.96.7.7"),
        ("a.wild.example.com", "NOERROR a.wild.example.com. 30 IN A 192.0.2.7"),
        ("x.blocked.example.com", "REFUSED"),
        // Forwarded to a server of the network, with real packets.
        ("web.stub.example", "NOERROR web.stub.example. 30 IN A 10.96.7.7"),
        ("no.stub.example", "NXDOMAIN"),
        ("1-2-3-4.s.pod.cluster.local", "NOERROR 1-2-3-4.s.pod.cluster.local. 30 IN A 1.2.3.4"),
        ("7.7.96.10.in-addr.arpa PTR", "NOERROR 7.7.96.10.in-addr.arpa. 30 IN PTR shop.example.com."),
        ("www.example.org", "REFUSED"),
    ] {
        assert_eq!(dig(&network, question), expected, "{question}");
    }
    for (name, exit, says) in [
        ("shop.example.com", 0, "`hosts` answers"),
        ("web.shop.internal", 0, "`rewrite` asks for web.s.svc.cluster.local"),
        ("x.blocked.example.com", 1, "REFUSED"),
    ] {
        let explained = run(&["explain", path(&manifests), "s/client", &format!("http://{name}/")]);
        let text = stdout(&explained).replace('│', " ");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(explained.status.code(), Some(exit), "{name}: {text}{}", stderr(&explained));
        assert!(text.contains(says) && text.contains("corefile.yaml:"), "{name}: {text}");
    }
    let found = network.exec(User::Own, "s/client", &["curl", "-sm3", "http://shop.example.com/"]);
    assert!(stdout(&found).contains("\"pod\""), "{}", stderr(&found));
}

#[test]
fn the_dns_pods_tell_of_themselves_on_their_own_ports() {
    let manifests = folder(&[("cluster.yaml", CLUSTER), ("corefile.yaml", COREFILE)]);
    let network = Running::start(User::Own, &[path(&manifests)]);
    let show = ["ip", "-o", "-4", "addr", "show", "scope", "global"];
    let text = stdout(&network.exec(User::Own, "kube-system/coredns", &show));
    let ip =
        text.split("inet ").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default().to_owned();
    assert_eq!(get(&network, &format!("http://{ip}:8080/health")), "OK");
    assert_eq!(get(&network, &format!("http://{ip}:8181/ready")), "OK");
    for _ in 0..3 {
        dig(&network, "web.s.svc.cluster.local");
    }
    dig(&network, "+tcp nope.s.svc.cluster.local AAAA");
    dig(&network, "web.stub.example");
    dig(&network, "web.stub.example");
    let metrics = get(&network, &format!("http://{ip}:9153/metrics"));
    for line in [
        "coredns_dns_requests_total{family=\"1\",proto=\"tcp\",server=\"dns://:53\",view=\"\",zone=\".\",type=\"AAAA\"} 1",
        "coredns_dns_responses_total{plugin=\"kubernetes\",rcode=\"NXDOMAIN\",server=\"dns://:53\",view=\"\",zone=\".\"}",
        "coredns_cache_hits_total{server=\"dns://:53\",type=\"success\",view=\"\",zones=\"stub.example.\"} 0",
        "coredns_plugin_enabled{name=\"rewrite\",server=\"dns://:53\",view=\"\",zone=\"stub.example.\"} 1",
        "coredns_dns_request_duration_seconds_count{server=\"dns://:53\",view=\"\",zone=\".\"}",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[test]
fn a_logged_question_is_printed_and_one_of_another_block_is_not() {
    let corefile = COREFILE.replace("    log\n", "    log . \"{name} {proto} {rcode}\"\n");
    let manifests = folder(&[("cluster.yaml", CLUSTER), ("corefile.yaml", COREFILE)]);
    let network = Running::start(User::Own, &[path(&manifests)]);
    dig(&network, "db.stub.example");
    dig(&network, "+tcp web.s.svc.cluster.local");
    network.wait_for("\"A IN web.s.svc.cluster.local. tcp ");
    let text = network.text();
    let line = text.lines().find(|line| line.contains("IN web.s.svc.cluster.local. tcp ")).unwrap();
    assert!(line.starts_with("[INFO] 10.") && line.contains(" false 65535\" NOERROR qr,aa,rd"), "{line}");
    assert!(!text.contains("db.stub.example"), "{text}");
    drop(network);
    let manifests = folder(&[("cluster.yaml", CLUSTER), ("corefile.yaml", &corefile)]);
    let network = Running::start(User::Own, &[path(&manifests)]);
    dig(&network, "nope.s.svc.cluster.local");
    network.wait_for("[INFO] nope.s.svc.cluster.local. udp NXDOMAIN");
}

#[test]
fn an_edited_corefile_is_applied_while_the_network_runs() {
    let manifests = folder(&[("cluster.yaml", CLUSTER), ("corefile.yaml", COREFILE)]);
    let network = Running::start(User::Own, &[path(&manifests), "--watch"]);
    assert_eq!(dig(&network, "shop.example.com"), "NOERROR shop.example.com. 30 IN A 10.96.7.7");
    let edited = COREFILE.replace("10.96.7.7 shop.example.com", "10.96.7.8 shop.example.com");
    fs::write(manifests.path().join("corefile.yaml"), edited).unwrap();
    network.wait_for("applied corefile.yaml");
    let answer = poll(|| {
        let answer = dig(&network, "shop.example.com");
        (answer != "NOERROR shop.example.com. 30 IN A 10.96.7.7").then_some(answer)
    });
    assert_eq!(answer.as_deref(), Some("NOERROR shop.example.com. 30 IN A 10.96.7.8"));
}

#[test]
fn what_the_dns_does_not_do_is_said_with_its_line() {
    let corefile = COREFILE.replace("        loadbalance\n", "        loadbalance\n        dnssec\n");
    let manifests = folder(&[("cluster.yaml", CLUSTER), ("corefile.yaml", &corefile)]);
    let network = Running::start(User::Own, &[path(&manifests)]);
    let line = 2 + corefile.lines().position(|line| line.trim() == "dnssec").unwrap() - 1;
    let text = network.text();
    assert!(text.contains(&format!("corefile.yaml:{line}")) && text.contains("`dnssec`"), "{text}");
}

const NODE_LOCAL: &str = r#"
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: node-local-dns, namespace: kube-system, labels: {k8s-app: node-local-dns}}
spec:
  selector: {matchLabels: {k8s-app: node-local-dns}}
  template:
    metadata: {labels: {k8s-app: node-local-dns}}
    spec:
      hostNetwork: true
      dnsPolicy: Default
      tolerations: [{operator: Exists}]
      containers:
      - name: node-cache
        image: registry.k8s.io/dns/k8s-dns-node-cache:1.26.4
        args: ["-localip", "169.254.20.10,10.96.0.10", "-conf", "/etc/Corefile", "-upstreamsvc", "kube-dns-upstream"]
        ports: [{containerPort: 53, name: dns, protocol: UDP}, {containerPort: 53, name: dns-tcp, protocol: TCP}]
---
apiVersion: v1
kind: Pod
metadata: {name: app, namespace: t, labels: {app: app}}
spec:
  dnsPolicy: None
  dnsConfig:
    nameservers: [169.254.20.10]
    searches: [t.svc.cluster.local, svc.cluster.local, cluster.local]
    options: [{name: ndots, value: "5"}]
  containers: [{name: c, image: x:1}]
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: t, labels: {app: db}}
spec: {containers: [{name: c, image: x:1, ports: [{containerPort: 5432}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: t}
spec: {clusterIP: 10.96.7.9, selector: {app: db}, ports: [{port: 5432, name: pg}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: app, namespace: t}
spec:
  podSelector: {matchLabels: {app: app}}
  policyTypes: [Egress]
  egress:
  - to:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
      podSelector: {matchLabels: {k8s-app: kube-dns}}
    - ipBlock: {cidr: 169.254.20.10/32}
    ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
  - to: [{podSelector: {matchLabels: {app: db}}}]
    ports: [{port: 5432}]
"#;

#[test]
fn a_dns_server_on_the_nodes_is_asked_where_pods_name_it_and_policies_allow_it() {
    let closed = NODE_LOCAL.replace("    - ipBlock: {cidr: 169.254.20.10/32}\n", "");
    for (manifests, open) in [(NODE_LOCAL, true), (&closed, false)] {
        let manifests = folder(&[("node-local.yaml", manifests)]);
        let explained = run(&["explain", path(&manifests), "t/app", "tcp://db:5432"]);
        let text = stdout(&explained);
        assert_eq!(explained.status.code(), Some(if open { 0 } else { 1 }), "{text}{}", stderr(&explained));
        let network = Running::start(User::Own, &[path(&manifests)]);
        for transport in ["+notcp", "+tcp"] {
            let dig = ["dig", "+short", "+time=1", "+tries=1", transport, "db.t.svc.cluster.local"];
            let found = network.exec(User::Own, "t/app", &dig);
            assert_eq!(stdout(&found).trim() == "10.96.7.9", open, "{transport} {}", stdout(&found));
        }
        // The address on `lo` is not the node's: what a node sends leaves with its own.
        verified(User::Own, &[path(&manifests)]);
    }
}
