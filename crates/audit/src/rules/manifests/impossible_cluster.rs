//! MF002: objects that no cluster can have together.
use netloom_objects::Severity;

use crate::{Group, Rule};

pub static RULE: Rule = Rule {
    code: "MF002",
    name: "impossible-cluster",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "Objects that are valid by themselves and cannot exist together: two Services with one address or one node \
            port, nodes whose pod ranges overlap, a pod on a node that does not exist, an address outside of its range.",
    why: "The API server refuses the second of them, or the pod stays Pending; which one it is depends on the order in \
          which they are applied.",
    wrong: "\
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  clusterIP: 10.96.0.20
  selector: {app: web}
  ports: [{port: 80}]
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec:
  clusterIP: 10.96.0.20
  selector: {app: shop}
  ports: [{port: 80}]
",
    right: "\
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  clusterIP: 10.96.0.20
  selector: {app: web}
  ports: [{port: 80}]
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec:
  selector: {app: shop}
  ports: [{port: 80}]
",
    closed: false,
    // The findings come from building the cluster.
    check: |_, _| {},
};
