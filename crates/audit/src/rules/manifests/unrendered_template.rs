//! MF009: a template that is no manifest yet.
use netloom_objects::Severity;

use crate::{Group, Rule};

pub static RULE: Rule = Rule {
    code: "MF009",
    name: "unrendered-template",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A template of Helm, Jinja or ytt, with its actions in it.",
    why: "What it says is known once it is rendered, with the values of the installation.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}-web
spec:
  selector:
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
