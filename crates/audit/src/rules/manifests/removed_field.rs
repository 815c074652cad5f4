//! MF203: a field that is not read any more.
use netloom_objects::Severity;

use crate::{
    Group, Rule,
    versions::{Fate, report},
};

pub static RULE: Rule = Rule {
    code: "MF203",
    name: "removed-field",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A field, a value or an annotation that the targeted version does not have or does not read any more.",
    why: "The API server refuses the field or drops it, and an annotation is kept and does nothing: what it was to protect or to speed up is not. The \
          table is in docs/versions.md.",
    wrong: "\
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  topologyKeys: [topology.kubernetes.io/zone]
  ports: [{name: http, port: 80}]
",
    right: "\
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  trafficDistribution: PreferSameZone
  ports: [{name: http, port: 80}]
",
    closed: false,
    check: |cx, out| report(cx, out, &super::wanted(Fate::Removed, false), &|_, _, _, _| {}),
};
