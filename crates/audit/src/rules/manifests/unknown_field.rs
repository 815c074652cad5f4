//! MF003: a field that the kind does not have.
use netloom_objects::Severity;

use crate::{Group, Rule};

pub static RULE: Rule = Rule {
    code: "MF003",
    name: "unknown-field",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A field that the kind does not have: a name with a typing error, or a field at a wrong level.",
    why: "`kubectl apply` refuses it, or, without validation, drops it: a mistyped `podSelector` in a rule admits everyone.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selectors:
    app: web
  ports:
    - port: 80
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector:
    app: web
  ports:
    - port: 80
",
    closed: false,
    // The findings come from reading.
    check: |_, _| {},
};
