//! MF007: a document without its indentation.
use netloom_objects::Severity;

use crate::{Group, Rule};

pub static RULE: Rule = Rule {
    code: "MF007",
    name: "lost-indentation",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A document in which nothing is indented any more, as text that was copied from a web page often is.",
    why: "`metadata` and `spec` are empty, and their fields stand beside them: the API server refuses it. Where the kind's fields leave one \
          reading `--fix` gives it back, and until then the document is judged by that reading.",
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
