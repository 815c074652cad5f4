//! `hostPort`: the node's address leads to the pod, from everywhere, and policies see the pod's own port.
use crate::support::{Running, User, folder, path, run, stderr, stdout, verified};

const MANIFESTS: &str = r#"
apiVersion: v1
kind: Node
metadata: {name: n1}
---
apiVersion: v1
kind: Node
metadata: {name: n2}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: s, labels: {app: web}}
spec:
  nodeName: n1
  containers:
  - name: c
    image: x
    ports:
    - {containerPort: 80, hostPort: 8080}
    - {containerPort: 53, hostPort: 5353, protocol: UDP}
    - {containerPort: 81, hostPort: 8081, hostIP: 0.0.0.0}
    - {containerPort: 82, hostPort: 8082}
---
apiVersion: v1
kind: Pod
metadata: {name: near, namespace: s, labels: {app: client}}
spec: {nodeName: n1, containers: [{name: c, image: x}]}
---
apiVersion: v1
kind: Pod
metadata: {name: far, namespace: s, labels: {app: client}}
spec: {nodeName: n2, containers: [{name: c, image: x}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: s}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - ports: [{port: 80}, {port: 53, protocol: UDP}]
  - {from: [{ipBlock: {cidr: 0.0.0.0/0, except: [203.0.113.0/24]}}], ports: [{port: 81}]}
"#;

#[test]
fn a_host_port_leads_to_the_pod_from_everywhere() {
    let manifests = folder(&[("host-ports.yaml", MANIFESTS)]);
    for overlay in ["vxlan", "none"] {
        let report = verified(User::Own, &[path(&manifests), "--overlay", overlay]);
        assert_eq!(report["not_probed"].as_array().map(Vec::len), Some(0), "{report}");
    }
}

#[test]
fn it_is_the_port_of_that_node_only() {
    let manifests = folder(&[("host-ports.yaml", MANIFESTS)]);
    let network = Running::start(User::Own, &[path(&manifests)]);
    let curl = |from: &str, url: &str| {
        let format = "%{http_code} %header{x-netloom-pod}";
        network.exec(User::Own, from, &["curl", "-sm3", "-o", "/dev/null", "-w", format, url])
    };
    for from in ["s/near", "s/far", "node/n1", "node/n2", "outside"] {
        let output = curl(from, "http://172.18.0.2:8080/");
        assert_eq!(stdout(&output), "200 s/web", "{from}: {}", stderr(&output));
        // 7 is curl's word for a refused connection.
        assert_eq!(curl(from, "http://172.18.0.3:8080/").status.code(), Some(7), "{from}");
    }
    // The port of the pod, not that of the node, is what a policy is about.
    assert_eq!(curl("s/far", "http://172.18.0.2:8082/").status.code(), Some(28));
}

#[test]
fn explain_names_the_host_port_and_the_pod() {
    let manifests = folder(&[("host-ports.yaml", MANIFESTS)]);
    let output = run(&["explain", path(&manifests), "s/far", "node/n1:8080"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    assert!(text.contains("hostPort 8080 of n1 (172.18.0.2:8080) leads to web (10.244.0."), "{text}");
    let output = run(&["explain", path(&manifests), "outside", "node/n1:8082"]);
    assert!(stdout(&output).contains("hostPort 8082 of n1"), "{}", stdout(&output));
    assert_ne!(output.status.code(), Some(0), "{}", stdout(&output));
}
