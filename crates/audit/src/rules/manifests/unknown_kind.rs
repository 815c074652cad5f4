//! MF011: a kind that Kubernetes does not have.
use netloom_objects::Severity;

use crate::{Group, Rule};

pub static RULE: Rule = Rule {
    code: "MF011",
    name: "unknown-kind",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A kind that its API group does not have, or does not have in this version.",
    why: "The API server answers `no matches for kind`. Often the kind is right and stands in another group.",
    wrong: "\
apiVersion: v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    app: web
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
        - name: web
          image: registry.example/web:1.0
",
    closed: false,
    // The findings come from reading.
    check: |_, _| {},
};
