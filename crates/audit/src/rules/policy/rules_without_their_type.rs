//! NP017: rules of a direction that the policy is not about.
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP017",
    name: "rules-without-their-type",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A policy that has rules for a direction which its `policyTypes` leave out.",
    why: "`policyTypes` decides which directions a policy is about. The rules of the other are read by nobody: \
          they neither allow nor isolate. (NetworkPolicySpec, `policyTypes`.)",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: api}}
      ports: [{port: 8080}]
  egress:
    - to:
        - podSelector: {matchLabels: {app: api}}
      ports: [{port: 8080}]
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress, Egress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: api}}
      ports: [{port: 8080}]
  egress:
    - to:
        - podSelector: {matchLabels: {app: api}}
      ports: [{port: 8080}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for view in &cx.policy_index().policies {
        let spec = view.spec;
        let rules = [
            ("Ingress", "ingress", spec.ingress.as_ref().map_or(0, Vec::len)),
            ("Egress", "egress", spec.egress.as_ref().map_or(0, Vec::len)),
        ];
        let Some(types) = spec.policy_types.as_ref().filter(|types| !types.is_empty()) else { continue };
        for (wanted, field, count) in rules {
            if count == 0 || types.iter().any(|t| t == wanted) {
                continue;
            }
            let message = format!(
                "{} has {field} rules that do nothing: its policyTypes leave {wanted} out",
                view.title()
            );
            out.add(view.object, &format!("spec.{field}"), message)
                .related(view.object, "spec.policyTypes", "these are its directions")
                .help(format!("add {wanted} to policyTypes, which isolates the pods in that direction; or remove the rules"));
        }
    }
}
