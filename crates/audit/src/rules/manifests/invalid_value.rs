//! MF006: a value that the API server refuses.
use netloom_objects::Severity;

use crate::{Group, Rule};

pub static RULE: Rule = Rule {
    code: "MF006",
    name: "invalid-value",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A value that is missing or that Kubernetes' validation refuses: a name with capital letters, a port beyond 65535, an address that \
            is none, a selector that does not fit the template. An address with leading zeros or with bits behind its prefix is an error for \
            Kubernetes 1.36, which refuses it, and a warning for older releases.",
    why: "`kubectl apply` refuses the object. In a pipeline that goes on, the rest of the folder is applied without it.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector:
    app: web
  ports:
    - port: 80800
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
