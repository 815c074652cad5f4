//! MF102: a suppression that names no rule that there is.
use netloom_objects::Severity;

use crate::{Group, Rule};

pub static RULE: Rule = Rule {
    code: "MF102",
    name: "unknown-rule-in-suppression",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A comment or annotation that is meant to suppress findings, and names no rule, one that does not exist, or is not \
            written as one.",
    why: "It suppresses nothing. What it was meant for is still reported, or was never found.",
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
# netloom: ignore[egress-without-dsn] these pods are to reach nothing, DNS included
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
