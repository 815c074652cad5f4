//! MF015: values that are filled in later.
use netloom_objects::Severity;

use crate::{Group, Rule};

pub static RULE: Rule = Rule {
    code: "MF015",
    name: "unknown-value",
    group: Group::Correctness,
    severity: Severity::Info,
    finds: "A value that is not there yet: a variable that Flux, Argo CD or `envsubst` fill in (`${NAME}`, `${NAME:=default}`, `$(NAME)`), or \
            one that SOPS encrypted. No rule judges such a value, or a selector or list that it is a part of. It is said once a file, where \
            a rule would have judged it.",
    why: "What the value will be decides whether it is right. Judge what is applied: `flux build kustomization … | netloom check -`, \
          `envsubst < FILE | netloom check -`.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: from-office
spec:
  podSelector: {}
  ingress:
    - from:
        - ipBlock:
            cidr: ${OFFICE_CIDR}
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: from-office
spec:
  podSelector: {}
  ingress:
    - from:
        - ipBlock:
            cidr: 203.0.113.0/24
",
    closed: false,
    // The findings come from reading.
    check: |_, _| {},
};
