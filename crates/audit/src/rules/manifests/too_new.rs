//! MF205: what the targeted version does not have yet.
use netloom_objects::Severity;

use crate::{
    Group, Rule,
    versions::{Fate, report},
};

pub static RULE: Rule = Rule {
    code: "MF205",
    name: "too-new",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "An apiVersion, a field or a value that a later version than the targeted one brings.",
    why: "The API server does not know the kind, refuses the value, or drops the field without a word, and then the object says less than what is \
          written: a rule without its `endPort` opens one port, a ServiceAccount that is not read lets everybody in. The table is in \
          docs/versions.md.",
    wrong: "\
# netloom check --kube-version 1.20
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: media}
spec:
  podSelector: {matchLabels: {app: media}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: web}}}]
      ports: [{protocol: UDP, port: 32000, endPort: 32005}]
",
    right: "\
# netloom check --kube-version 1.22
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: media}
spec:
  podSelector: {matchLabels: {app: media}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: web}}}]
      ports: [{protocol: UDP, port: 32000, endPort: 32005}]
",
    closed: false,
    check: |cx, out| {
        report(cx, out, &|change, fate| change.by.is_none() && fate == Fate::New, &|_, _, _, _| {})
    },
};
