//! WL031: a container that serves SSH.
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "WL031",
    name: "remote-shell",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A container that declares port 22 of TCP.",
    why: "A shell that is reached over the network is a way into the pod beside the API server's, with keys and \
            logs that nobody manages there; `kubectl exec` and `kubectl debug` ask the API server, which knows who \
            may. What serves Git or files over SSH is meant: suppress the rule there (NSA/CISA Kubernetes Hardening \
            Guide).",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: registry.example/web:1.0
          ports: [{name: http, containerPort: 8080}, {name: ssh, containerPort: 22}]
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: registry.example/web:1.0
          ports: [{name: http, containerPort: 8080}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for workload in cx.workloads() {
        for (path, container) in workload.containers() {
            for (index, port) in container.ports.iter().flatten().enumerate() {
                if port.container_port != 22
                    || port.protocol.as_deref().is_some_and(|protocol| protocol != "TCP")
                {
                    continue;
                }
                let message = format!("{}: container {} serves SSH", title(workload.object), container.name);
                out.add(workload.object, &format!("{path}.ports[{index}].containerPort"), message)
                    .help("take the server out of the image, and use `kubectl exec` or `kubectl debug`");
            }
        }
    }
}
