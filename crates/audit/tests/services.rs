//! Services, workloads and DNS: legitimate manifests on which the rules are silent, and wrong ones that they find.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be checked has to fail loudly")]
use std::sync::Arc;

use netloom_audit::{Closed, Settings, audit, render};
use netloom_objects::{ObjectSet, Source, parse_source};

fn read(text: &str) -> ObjectSet {
    ObjectSet::assemble(vec![Arc::new(parse_source(&Source::new("set.yaml", text)))])
}

/// The codes of these areas that are found, each with its line, in order.
fn found(text: &str, closed: bool) -> (Vec<String>, String) {
    let set = read(text);
    assert!(!set.has_errors(), "{}", set.render(false));
    let settings =
        Settings { closed: Closed { everything: closed, ..Closed::default() }, ..Settings::default() };
    // The pods here are as short as can be, and request nothing.
    let wanted = |rule: &netloom_audit::Rule| {
        ["SV", "WL", "DN"].iter().any(|area| rule.code.starts_with(area)) && rule.code != "WL024"
    };
    let report = audit(&set, &settings, &wanted);
    let codes = report.findings.iter().map(|f| format!("{}:{}", f.rule.code, f.at.line)).collect();
    (codes, render(&report.findings, &set, false))
}

fn pod(name: &str, labels: &str, more: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, labels: {labels}}}\nspec:\n  containers:\n    - name: {name}\n      image: registry.example/{name}:1.0\n      readinessProbe: {{exec: {{command: [ready]}}}}\n{more}---\n"
    )
}

#[test]
fn legitimate_sets_have_no_finding() {
    let web = pod("web", "{app: web}", "      ports: [{name: http, containerPort: 8080}]\n");
    let silent = pod("web", "{app: web}", "");
    let table = [
        (
            "a named port of a mesh's sidecar",
            format!(
                "{web}apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec:\n  selector: {{app: web}}\n  ports: [{{name: http-metrics, port: 15090, targetPort: http-envoy-prom}}]\n"
            ),
        ),
        (
            "containers that declare nothing may listen anywhere",
            format!(
                "{silent}apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec:\n  selector: {{app: web}}\n  ports: [{{name: http, port: 80, targetPort: 9999}}]\n"
            ),
        ),
        (
            "an internal load balancer with plain HTTP",
            "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  annotations: {networking.gke.io/load-balancer-type: Internal}\nspec:\n  type: LoadBalancer\n  selector: {app: web}\n  ports: [{name: http, port: 80}]\n".to_owned(),
        ),
        (
            "an edge that has TLS beside plain HTTP",
            "apiVersion: v1\nkind: Service\nmetadata: {name: edge}\nspec:\n  type: LoadBalancer\n  selector: {app: edge}\n  ports: [{name: http, port: 80}, {name: https, port: 443}]\n".to_owned(),
        ),
        (
            "a load balancer of AWS' controller, which is internal by default",
            "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  type: LoadBalancer\n  loadBalancerClass: service.k8s.aws/nlb\n  selector: {app: web}\n  ports: [{name: http, port: 80}]\n".to_owned(),
        ),
        (
            "an agent on each node, reached on its own node only",
            "apiVersion: v1\nkind: Service\nmetadata: {name: agent}\nspec:\n  internalTrafficPolicy: Local\n  selector: {app: agent}\n  ports: [{name: grpc, port: 4317}]\n---\napiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: agent}\nspec:\n  selector: {matchLabels: {app: agent}}\n  template:\n    metadata: {labels: {app: agent}}\n    spec:\n      containers:\n        - {name: agent, image: 'registry.example/agent:1.0', readinessProbe: {tcpSocket: {port: 4317}}}\n".to_owned(),
        ),
        (
            "blue and green select the same pods until the controller tells them apart",
            format!(
                "{web}apiVersion: v1\nkind: Service\nmetadata: {{name: web-active}}\nspec:\n  selector: {{app: web}}\n  ports: [{{name: http, port: 80, targetPort: http}}]\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: web-preview}}\nspec:\n  selector: {{app: web}}\n  ports: [{{name: http, port: 80, targetPort: http}}]\n"
            ),
        ),
        (
            "a headless Service beside one with an address",
            format!(
                "{web}apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec:\n  selector: {{app: web}}\n  ports: [{{name: http, port: 80, targetPort: http}}]\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: web-peers}}\nspec:\n  clusterIP: None\n  selector: {{app: web}}\n  ports: [{{name: http, port: 8080, targetPort: http}}]\n"
            ),
        ),
        (
            "an alias for a Service of another namespace that is not in the set",
            "apiVersion: v1\nkind: Service\nmetadata: {name: cache}\nspec:\n  type: ExternalName\n  externalName: redis.data.svc.cluster.local\n".to_owned(),
        ),
        (
            "a budget with room, and one for all of a namespace's pods",
            "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: all}\nspec:\n  minAvailable: 1\n  selector: {}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 2\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: web, image: 'registry.example/web:1.0'}]}\n".to_owned(),
        ),
        (
            "an autoscaler by an absolute value needs no request",
            "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec:\n  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n  minReplicas: 2\n  maxReplicas: 4\n  metrics: [{type: Resource, resource: {name: memory, target: {type: AverageValue, averageValue: 500Mi}}}]\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: web, image: 'registry.example/web@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'}]}\n".to_owned(),
        ),
        (
            "a private resolver beside the cluster's",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  dnsConfig:\n    nameservers: [10.0.0.53]\n    options: [{name: ndots, value: '2'}, {name: edns0}]\n    searches: [acme.example]\n  containers: [{name: web, image: 'registry.example/web:1.0'}]\n".to_owned(),
        ),
        (
            "the cache on each node forwards to the cluster's DNS",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: node-local-dns, namespace: kube-system}\ndata:\n  Corefile: |\n    cluster.local:53 {\n        errors\n        cache 30\n        bind 169.254.20.10 10.96.0.10\n        forward . 10.96.0.10 {\n            force_tcp\n        }\n        prometheus :9253\n    }\n    .:53 {\n        errors\n        cache 30\n        bind 169.254.20.10 10.96.0.10\n        forward . /etc/resolv.conf\n        prometheus :9253\n    }\n".to_owned(),
        ),
        (
            "an address of a headless Service's pod, and of what is no Service",
            format!(
                "{}apiVersion: v1\nkind: Service\nmetadata: {{name: db}}\nspec:\n  clusterIP: None\n  selector: {{app: db}}\n  ports: [{{name: tcp-db, port: 5432}}]\n",
                pod("web", "{app: web}", "      env: [{name: DB, value: 'db:6432'}, {name: API, value: 'https://api.example:8443/'}]\n")
            ),
        ),
    ];
    for (what, text) in table {
        let (codes, shown) = found(&text, false);
        assert!(codes.is_empty(), "{what}:\n{shown}");
    }
}

#[test]
fn tricky_mistakes_are_found_at_their_line() {
    let table = [
        (
            "the name is declared, for the other protocol",
            "apiVersion: v1\nkind: Service\nmetadata: {name: dns}\nspec:\n  selector: {app: dns}\n  ports:\n    - name: dns\n      port: 53\n      protocol: UDP\n      targetPort: dns\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: dns, labels: {app: dns}}\nspec:\n  containers:\n    - name: dns\n      image: registry.example/dns:1.0\n      readinessProbe: {tcpSocket: {port: dns}}\n      ports: [{name: dns, containerPort: 5353}]\n",
            &["SV002:10"][..],
        ),
        (
            "a probe of another container's port",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n    - name: web\n      image: registry.example/web:1.0\n      livenessProbe:\n        httpGet:\n          port: admin\n    - name: admin\n      image: registry.example/admin:1.0\n      ports: [{name: admin, containerPort: 9000}]\n",
            &["WL002:10"],
        ),
        (
            "a range of everybody is no restriction",
            "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  type: LoadBalancer\n  loadBalancerSourceRanges:\n    - 0.0.0.0/0\n  selector: {app: web}\n  ports: [{name: http, port: 80}]\n",
            &["SV008:5", "SV010:7"],
        ),
        (
            "a Corefile in quotes that has lost a brace, and a plugin mistyped",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: coredns, namespace: kube-system}\ndata:\n  Corefile: |\n    .:53 {\n      errors\n      kubernetes cluster.local\n      foward . 192.0.2.1 192.0.2.2\n      health\n      ready\n      reload\n      cache\n",
            &["DN007:6", "DN008:9"],
        ),
        (
            "a StatefulSet's pods whose Service has an address, in the open world",
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  serviceName: db\n  selector: {matchLabels: {app: db}}\n  template:\n    metadata: {labels: {app: db}}\n    spec: {containers: [{name: db, image: 'registry.example/db:1.0', readinessProbe: {tcpSocket: {port: 5432}}}]}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec:\n  selector: {app: db}\n  ports: [{name: tcp-db, port: 5432}]\n",
            &["SV026:5"],
        ),
    ];
    for (what, text, expected) in table {
        let (codes, shown) = found(text, false);
        assert_eq!(codes, expected, "{what}:\n{shown}");
    }
}
