//! MF101: a suppression that does not say why.
use netloom_objects::Severity;

use crate::{Group, Rule};

pub static RULE: Rule = Rule {
    code: "MF101",
    name: "suppression-without-reason",
    group: Group::Style,
    severity: Severity::Info,
    finds: "A comment or annotation that suppresses findings and gives no reason.",
    why: "Whoever reads it later cannot tell whether it still holds, and keeps it for ever.",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web:1}]}
---
# netloom: ignore[NP001]
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
spec:
  podSelector: {}
  policyTypes: [Egress]
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web:1}]}
---
# netloom: ignore[NP001] these pods are to reach nothing, DNS included
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
spec:
  podSelector: {}
  policyTypes: [Egress]
",
    closed: false,
    // The findings come from applying the suppressions.
    check: |_, _| {},
};
