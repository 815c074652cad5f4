//! MF001: text that is no manifest at all.
use netloom_objects::Severity;

use crate::{Group, Rule};

pub static RULE: Rule = Rule {
    code: "MF001",
    name: "unreadable-document",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A document that cannot be parsed, or that YAML reads in another way than it looks: a key that is no text, an unquoted `on` as a key, \
            a merge that replaces what stands before it. Also what YAML allows and `kubectl` refuses: a `%YAML` line, and text behind \
            `---` on its line; and a file that is neither UTF-8 nor UTF-16.",
    why: "`kubectl apply` refuses the whole file, with a line that is often far from the mistake; in a pipeline that goes on, the \
          objects in it keep their old form.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector:
    app: [web
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
