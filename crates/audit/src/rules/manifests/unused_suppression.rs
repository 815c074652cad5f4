//! MF103: a suppression of what is not found.
use netloom_objects::Severity;

use crate::{Group, Rule};

pub static RULE: Rule = Rule {
    code: "MF103",
    name: "unused-suppression",
    group: Group::Style,
    severity: Severity::Info,
    finds: "A comment or annotation that suppresses a rule which finds nothing there. Rules that need a closed world are judged \
            only in one.",
    why: "The mistake is gone or has moved, and the next one of its kind would be hidden.",
    wrong: "\
apiVersion: v1
kind: Service
# netloom: ignore[MF003] kept for an old client
metadata:
  name: web
spec:
  selector: {app: web}
  ports:
    - port: 80
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
  egress:
    - to: [{podSelector: {matchLabels: {app: backend}}}]
      ports: [{port: 8080}]
",
    closed: false,
    // The findings come from applying the suppressions.
    check: |_, _| {},
};
