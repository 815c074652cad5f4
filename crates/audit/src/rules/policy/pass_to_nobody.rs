//! NP030: Pass, with nothing to pass to.
use std::sync::Arc;

use netloom_cluster::{Action, PodId, Tier};
use netloom_objects::Severity;
use netloom_policy::Direction;

use super::support::{DIRECTIONS, group_words};
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP030",
    name: "pass-to-nobody",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A rule of an admin policy with the action `Pass`, where neither a NetworkPolicy nor a baseline \
          policy is about any of the pods.",
    why: "`Pass` hands the decision to the namespace's NetworkPolicies, and then to the baseline tier. With \
          none of either the connection is allowed, which is what `Pass` was chosen to avoid.",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: \"web:1\", ports: [{containerPort: 8080}]}]}
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: guard}
spec:
  tier: Admin
  priority: 10
  subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}
  ingress:
    - action: Pass
      from:
        - namespaces: {matchLabels: {kubernetes.io/metadata.name: test}}
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: \"web:1\", ports: [{containerPort: 8080}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: guard}
spec:
  tier: Admin
  priority: 10
  subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}
  ingress:
    - action: Pass
      from:
        - namespaces: {matchLabels: {kubernetes.io/metadata.name: test}}
",
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let (index, snapshot) = (cx.policy_index(), cx.snapshot());
    for policy in snapshot.policies.iter().filter(|policy| matches!(policy.tier, Tier::Admin(_))) {
        let group = "policy.networking.k8s.io";
        let Some(object) = cx.find_any(group, &policy.origin.kind, None, &policy.origin.name) else {
            continue;
        };
        for direction in DIRECTIONS {
            let rules = if direction == Direction::Ingress { &policy.ingress } else { &policy.egress };
            let Some(pass) = rules.iter().flatten().position(|rule| rule.action == Action::Pass) else {
                continue;
            };
            let mut subjects = index.select_real(snapshot, &policy.subject).peekable();
            let Some(first) = subjects.peek().map(|group| group_words(cx, group)) else { continue };
            let reached = subjects.any(|group| {
                !cx.is_closed("NetworkPolicy", Some(&group.namespace))
                    || group.pod.is_none_or(|pod| is_judged_later(cx, pod, direction))
            });
            if reached {
                continue;
            }
            let message = format!(
                "{} {} passes on what no other policy decides: {first} has neither a NetworkPolicy nor a baseline for {}",
                object.kind,
                object.name,
                direction.name()
            );
            out.add(object, &format!("spec.{}[{pass}].action", direction.name()), message)
                .help("add a baseline policy that denies, or say Accept if that is meant");
        }
    }
}

fn is_judged_later(cx: &Context<'_>, pod: PodId, direction: Direction) -> bool {
    let index = cx.policy_index();
    let mut later = index.evaluator(cx).selecting(pod, direction).filter_map(|origin| {
        cx.snapshot().policies.iter().find(|policy| Arc::ptr_eq(&policy.origin, origin))
    });
    later.any(|policy| !matches!(policy.tier, Tier::Admin(_)))
}
