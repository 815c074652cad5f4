//! MF004: a key that stands twice.
use netloom_objects::Severity;

use crate::{Group, Rule};

pub static RULE: Rule = Rule {
    code: "MF004",
    name: "duplicate-key",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A key that stands twice in one mapping.",
    why: "The last one wins without a word in most programs, and others refuse it. What stood under the first is gone: a whole list of \
          pools, or of rules.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector:
    app: web
  ports:
    - port: 80
  ports:
    - port: 443
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
    - {name: http, port: 80}
    - {name: https, port: 443}
",
    closed: false,
    // The findings come from reading.
    check: |_, _| {},
};
