//! MF001: what the API server would refuse.
use netloom_objects::Severity;

use crate::{Group, Rule};

pub static RULE: Rule = Rule {
    code: "MF001",
    name: "invalid-manifest",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A document that cannot be read, an unknown or duplicate field, a value of a wrong type, or one that \
            Kubernetes' validation refuses.",
    why: "`kubectl apply` refuses it, or, worse, drops the field that was meant: a mistyped `podSelector` in a rule \
          admits everyone.",
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
