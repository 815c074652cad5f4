//! MF010: a document that is no object.
use netloom_objects::Severity;

use crate::{Group, Rule};

pub static RULE: Rule = Rule {
    code: "MF010",
    name: "no-object",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A document without `apiVersion`, `kind` or `metadata.name`, or one that is a list or a text. Without a \
            name a kind that nobody knows may be the configuration of a program, which is only said (info), and so is a file in which nothing is an object \
            and no document has `apiVersion`, `kind`, `metadata` or `spec`: compose and Ansible files, patches, values files.",
    why: "The API server cannot tell what it is. Where a file is not meant to be a manifest, leave it out: name the folders that are, or \
          write it into `exclude` in `netloom.toml`.",
    wrong: "\
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
