//! MF202: a version of a kind that will go.
use netloom_objects::Severity;

use crate::{
    Group, Rule,
    versions::{Fate, report},
};

pub static RULE: Rule = Rule {
    code: "MF202",
    name: "deprecated-version",
    group: Group::Style,
    severity: Severity::Warning,
    finds: "An object in an apiVersion that is deprecated in the targeted version.",
    why: "It is served until it is not: an upgrade of the cluster then refuses what was applied for years. The successor is there already, mostly with \
          the same fields. The table is in docs/versions.md.",
    wrong: "\
apiVersion: networking.k8s.io/v1beta1
kind: ServiceCIDR
metadata: {name: more}
spec:
  cidrs: [10.112.0.0/16]
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: ServiceCIDR
metadata: {name: more}
spec:
  cidrs: [10.112.0.0/16]
",
    closed: false,
    check: |cx, out| report(cx, out, &super::wanted(Fate::Deprecated, true), &|_, _, _, _| {}),
};
