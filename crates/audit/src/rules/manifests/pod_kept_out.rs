//! MF013: pods that this cluster does not let serve.
use netloom_objects::Severity;

use crate::{Group, Rule};

pub static RULE: Rule = Rule {
    code: "MF013",
    name: "pod-kept-out",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A pod that fits none of the Nodes which are declared, is bound to one that is not there, or wants a port of its node's network \
            that another pod listens on.",
    why: "Such a pod stays Pending, or cannot listen and never becomes ready: its Services do not lead to it, and what is said of its \
          connections holds only once it runs.",
    wrong: "\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: node-exporter, namespace: monitoring}
spec:
  selector: {matchLabels: {app: node-exporter}}
  template:
    metadata: {labels: {app: node-exporter}}
    spec:
      hostNetwork: true
      containers: [{name: exporter, image: prom/node-exporter:v1.9.1, ports: [{containerPort: 9100}]}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: old-exporter, namespace: monitoring}
spec:
  selector: {matchLabels: {app: old-exporter}}
  template:
    metadata: {labels: {app: old-exporter}}
    spec:
      hostNetwork: true
      containers: [{name: exporter, image: prom/node-exporter:v1.3.0, ports: [{containerPort: 9100}]}]
",
    right: "\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: node-exporter, namespace: monitoring}
spec:
  selector: {matchLabels: {app: node-exporter}}
  template:
    metadata: {labels: {app: node-exporter}}
    spec:
      hostNetwork: true
      containers: [{name: exporter, image: prom/node-exporter:v1.9.1, ports: [{containerPort: 9100}]}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: old-exporter, namespace: monitoring}
spec:
  selector: {matchLabels: {app: old-exporter}}
  template:
    metadata: {labels: {app: old-exporter}}
    spec:
      hostNetwork: true
      containers: [{name: exporter, image: prom/node-exporter:v1.3.0, args: [--web.listen-address=:9101], ports: [{containerPort: 9101}]}]
",
    closed: false,
    // The findings come from building the cluster.
    check: |_, _| {},
};
