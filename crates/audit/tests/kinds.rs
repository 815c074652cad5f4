//! Rules ask the pods of the model: with the labels that controllers add, of every kind that runs some.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be checked has to fail loudly")]

use netloom_audit::{Closed, Settings, audit};
use netloom_objects::{ObjectSet, Source, parse_sources};

/// The codes of the errors and warnings in a set that is everything there is, of rules about references.
fn codes(text: &str) -> Vec<String> {
    const ABOUT: [&str; 12] = [
        "SV001", "SV003", "SV026", "NP003", "NP004", "NP034", "WL006", "IN008", "IN009", "MF002", "MF003",
        "MF006",
    ];
    let set = ObjectSet::assemble(parse_sources(&[Source::new("a.yaml", text)]));
    let settings =
        Settings { closed: Closed { everything: true, ..Closed::default() }, ..Settings::default() };
    let report = audit(&set, &settings, &|rule| ABOUT.contains(&rule.code));
    report.findings.iter().map(|f| format!("{} {}", f.rule.code, f.message)).collect()
}

const STATEFUL: &str = "\
{apiVersion: v1, kind: Namespace, metadata: {name: t}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: t}
spec:
  serviceName: dbh
  replicas: 2
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: c, image: 'x:1', ports: [{containerPort: 5432}]}]}
---
";

fn service(name: &str, spec: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Service, metadata: {{name: {name}, namespace: t}}, spec: {{{spec}}}}}\n---\n"
    )
}

#[test]
fn labels_of_controllers_are_labels() {
    let right = [
        STATEFUL.to_owned(),
        service("dbh", "clusterIP: None, selector: {app: db}, ports: [{port: 5432}]"),
        service("db-0", "selector: {statefulset.kubernetes.io/pod-name: db-0}, ports: [{port: 5432}]"),
        service("first", "selector: {app: db, apps.kubernetes.io/pod-index: '0'}, ports: [{port: 5432}]"),
        "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: first, namespace: t}, spec: {maxUnavailable: 1, selector: {matchLabels: {statefulset.kubernetes.io/pod-name: db-0}}}}\n---\n".to_owned(),
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: np, namespace: t}, spec: {podSelector: {matchLabels: {statefulset.kubernetes.io/pod-name: db-1}}}}\n---\n".to_owned(),
        "{apiVersion: batch/v1, kind: Job, metadata: {name: mig, namespace: t}, spec: {template: {metadata: {labels: {app: mig}}, spec: {restartPolicy: Never, containers: [{name: c, image: 'x:1', ports: [{containerPort: 80}]}]}}}}\n---\n".to_owned(),
        service("mig", "selector: {batch.kubernetes.io/job-name: mig}, ports: [{port: 80}]"),
    ];
    assert_eq!(codes(&right.concat()), Vec::<String>::new());
    let wrong = [
        STATEFUL.to_owned(),
        service(
            "dbh",
            "clusterIP: None, selector: {statefulset.kubernetes.io/pod-name: db-0}, ports: [{port: 5432}]",
        ),
        service("db-9", "selector: {statefulset.kubernetes.io/pod-name: db-9}, ports: [{port: 5432}]"),
        service("mig", "selector: {batch.kubernetes.io/job-name: mig}, ports: [{port: 80}]"),
    ];
    assert_eq!(
        codes(&wrong.concat()),
        [
            "SV001 Service t/db-9 selects no pod: none has statefulset.kubernetes.io/pod-name=db-9",
            "SV001 Service t/mig selects no pod: none has batch.kubernetes.io/job-name=mig",
        ]
    );
}

#[test]
fn pods_of_other_kinds_are_pods() {
    let rollout = "\
{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: web, namespace: t}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: 'a:1', ports: [{containerPort: 8080, name: http}]}]}}}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: web, namespace: t}, spec: {podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: http}]}]}}
---
";
    let set =
        [rollout.to_owned(), service("web", "selector: {app: web}, ports: [{port: 80, targetPort: http}]")];
    assert_eq!(codes(&set.concat()), Vec::<String>::new());
    let prometheus = "{apiVersion: monitoring.coreos.com/v1, kind: Prometheus, metadata: {name: k8s, namespace: t}, spec: {replicas: 2}}\n---\n\
        {apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: p, namespace: t}, spec: {minAvailable: 1, selector: {matchLabels: {app.kubernetes.io/name: prometheus}}}}\n---\n\
        {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: t}, spec: {podSelector: {matchLabels: {app.kubernetes.io/component: prometheus}}}}\n---\n";
    let set = [
        prometheus.to_owned(),
        service(
            "p",
            "selector: {app.kubernetes.io/instance: k8s, prometheus: k8s}, ports: [{port: 9090, targetPort: web}]",
        ),
    ];
    let found = codes(&set.concat());
    assert_eq!(
        found,
        ["NP003 NetworkPolicy t/p selects no pod: none has app.kubernetes.io/component=prometheus"]
    );
}

/// Whoever an operator makes, and a virtual machine, is selected and is a peer.
#[test]
fn policies_select_and_admit_pods_that_nobody_wrote_a_template_for() {
    let made = "\
{apiVersion: monitoring.coreos.com/v1, kind: Prometheus, metadata: {name: k8s, namespace: t}, spec: {replicas: 2}}
---
{apiVersion: kafka.strimzi.io/v1beta2, kind: Kafka, metadata: {name: kf, namespace: t}, spec: {kafka: {replicas: 3, listeners: [{name: plain, port: 9092, type: internal, tls: false}]}}}
---
{apiVersion: kubevirt.io/v1, kind: VirtualMachine, metadata: {name: vm, namespace: t}, spec: {runStrategy: Always, template: {metadata: {labels: {app: vm}}, spec: {domain: {devices: {}}}}}}
---
";
    let labels = [
        "app.kubernetes.io/name: prometheus",
        "strimzi.io/name: kf-kafka",
        "app: vm",
        "app.kubernetes.io/name: grafana",
    ];
    for (nth, label) in labels.into_iter().enumerate() {
        let policy = format!(
            "{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: p, namespace: t}}, spec: \
             {{podSelector: {{matchLabels: {{{label}}}}}, ingress: [{{from: [{{podSelector: {{matchLabels: {{{label}}}}}}}]}}]}}}}\n---\n"
        );
        let found = codes(&[made, &policy].concat());
        assert_eq!(
            found.iter().any(|f| f.starts_with("NP003") || f.starts_with("NP004")),
            nth == 3,
            "{label}: {found:?}"
        );
    }
}

#[test]
fn routes_of_controllers_name_services_and_ports() {
    let web = [
        STATEFUL.to_owned(),
        service(
            "dbh",
            "clusterIP: None, selector: {app: db}, ports: [{name: pg, port: 5432, targetPort: 5432}]",
        ),
    ]
    .concat();
    for (kind, spec, found) in [
        ("traefik.io/v1alpha1, kind: IngressRoute", "routes: [{services: [{name: dbh, port: 5432}]}]", None),
        (
            "traefik.io/v1alpha1, kind: IngressRoute",
            "routes: [{services: [{name: dbh, port: 80}]}]",
            Some("IN009"),
        ),
        (
            "traefik.io/v1alpha1, kind: IngressRoute",
            "routes: [{services: [{name: nobody, port: 80}]}]",
            Some("IN008"),
        ),
        (
            "projectcontour.io/v1, kind: HTTPProxy",
            "routes: [{services: [{name: nobody, port: 80}]}]",
            Some("IN008"),
        ),
        (
            "k8s.nginx.org/v1, kind: VirtualServer",
            "upstreams: [{name: u, service: dbh, port: 81}]",
            Some("IN009"),
        ),
        (
            "route.openshift.io/v1, kind: Route",
            "to: {kind: Service, name: dbh}, port: {targetPort: pg}",
            None,
        ),
        (
            "route.openshift.io/v1, kind: Route",
            "to: {kind: Service, name: dbh}, port: {targetPort: http}",
            Some("IN009"),
        ),
        ("route.openshift.io/v1, kind: Route", "to: {kind: Service, name: dbh}", None),
    ] {
        let text =
            format!("{web}{{apiVersion: {kind}, metadata: {{name: r, namespace: t}}, spec: {{{spec}}}}}\n");
        let codes: Vec<String> = codes(&text).iter().map(|f| f[..5].to_owned()).collect();
        assert_eq!(codes, found.map(str::to_owned).into_iter().collect::<Vec<_>>(), "{kind} {spec}");
    }
}

#[test]
fn ports_that_probes_and_scrapes_name_are_ports() {
    let text = "\
{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: t, labels: {app: a}, annotations: {prometheus.io/scrape: 'true', prometheus.io/port: '9100'}}, spec: {containers: [{name: c, image: 'x:1', ports: [{containerPort: 4317}], readinessProbe: {httpGet: {port: 13133}}}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: a, namespace: t}, spec: {selector: {app: a}, ports: [{name: h, port: 13133}, {name: m, port: 9100}, {name: j, port: 14268}]}}
";
    let found = codes(text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("SV003 Service t/a: port 14268 goes to 14268/TCP"), "{found:?}");
}
