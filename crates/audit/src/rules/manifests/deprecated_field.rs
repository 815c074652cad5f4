//! MF204: a field that will go.
use netloom_objects::Severity;

use crate::{
    Group, Rule,
    versions::{Fate, report},
};

pub static RULE: Rule = Rule {
    code: "MF204",
    name: "deprecated-field",
    group: Group::Style,
    severity: Severity::Info,
    finds: "A field, a value, an annotation or a label of nodes that is deprecated in the targeted version.",
    why: "It still does what it says; its successor does so for longer. The table is in docs/versions.md.",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      nodeSelector: {beta.kubernetes.io/os: linux}
      containers: [{name: web, image: \"registry.example/web:1.0\"}]
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      nodeSelector: {kubernetes.io/os: linux}
      containers: [{name: web, image: \"registry.example/web:1.0\"}]
",
    closed: false,
    check: |cx, out| report(cx, out, &super::wanted(Fate::Deprecated, false), &|_, _, _, _| {}),
};
