//! MF008: an object that is given twice.
use netloom_objects::Severity;

use crate::{Group, Rule};

pub static RULE: Rule = Rule {
    code: "MF008",
    name: "given-twice",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "Two documents with the same kind, namespace and name. Each of them is judged; the last one is taken.",
    why: "Applied one after the other the second replaces the first, in an order that is that of file names. Two variants belong into two \
          folders.",
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
---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector:
    app: web
  ports:
    - port: 8080
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
---
apiVersion: v1
kind: Service
metadata:
  name: web-admin
spec:
  selector:
    app: web
  ports:
    - port: 8080
",
    closed: false,
    // The findings come from reading.
    check: |_, _| {},
};
