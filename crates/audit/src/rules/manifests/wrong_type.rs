//! MF005: a value of a wrong type.
use netloom_objects::Severity;

use crate::{Group, Rule};

pub static RULE: Rule = Rule {
    code: "MF005",
    name: "wrong-type",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A value of another type than the field has: a number where text is wanted, a mapping where a list is, `yes` for text.",
    why: "The API server refuses the object. YAML decides the type by the look of the value: an unquoted `1.10`, `on` or `0755` is no \
          text.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector:
    app: web
  ports:
    - port: \"80\"
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
