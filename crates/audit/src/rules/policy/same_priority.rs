//! NP029: policies whose order is undefined.
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use netloom_cluster::{Policy, Tier};
use netloom_objects::{Object, Severity};

use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP029",
    name: "same-priority",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "Two policies of the admin or of the baseline tier with one priority, about some of the same pods, \
          whose rules do different things.",
    why: "The API leaves open which of the two is judged first, so whether traffic passes may differ between \
          implementations and after a restart (ClusterNetworkPolicySpec, `priority`).",
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
metadata: {name: a}
spec:
  tier: Admin
  priority: 10
  subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}
  ingress:
    - action: Deny
      from:
        - namespaces: {matchLabels: {kubernetes.io/metadata.name: test}}
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: b}
spec:
  tier: Admin
  priority: 10
  subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}
  ingress:
    - action: Accept
      from:
        - namespaces: {matchLabels: {kubernetes.io/metadata.name: ops}}
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
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: a}
spec:
  tier: Admin
  priority: 10
  subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}
  ingress:
    - action: Deny
      from:
        - namespaces: {matchLabels: {kubernetes.io/metadata.name: test}}
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: b}
spec:
  tier: Admin
  priority: 20
  subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}
  ingress:
    - action: Accept
      from:
        - namespaces: {matchLabels: {kubernetes.io/metadata.name: ops}}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let snapshot = cx.snapshot();
    let mut by_tier: BTreeMap<Tier, Vec<&Arc<Policy>>> = BTreeMap::new();
    for policy in snapshot.policies.iter().filter(|policy| policy.tier != Tier::NetworkPolicy) {
        by_tier.entry(policy.tier).or_default().push(policy);
    }
    for (tier, policies) in by_tier {
        for (number, second) in policies.iter().enumerate() {
            let Some(first) =
                policies[..number].iter().find(|first| differ(first, second) && overlap(cx, first, second))
            else {
                continue;
            };
            let (Tier::Admin(priority) | Tier::Baseline(priority)) = tier else { continue };
            let (Some(object), Some(other)) = (find(cx, second), find(cx, first)) else { continue };
            let message = format!(
                "{} {} has priority {priority}, as {} {} has, and does otherwise with the same pods: which one is first is undefined",
                object.kind, object.name, other.kind, other.name
            );
            out.add(object, "spec.priority", message)
                .related(other, "spec.priority", "the same priority")
                .help("give each its own priority; the lower number goes first");
        }
    }
}

fn find<'a>(cx: &Context<'a>, policy: &Policy) -> Option<&'a Object> {
    cx.find_any("policy.networking.k8s.io", &policy.origin.kind, None, &policy.origin.name)
}

/// Whether it matters which of them is first.
fn differ(first: &Policy, second: &Policy) -> bool {
    let sides = [(&first.ingress, &second.ingress), (&first.egress, &second.egress)];
    sides.into_iter().any(|(first, second)| {
        let mut pairs = first.iter().flatten().flat_map(|f| second.iter().flatten().map(move |s| (f, s)));
        pairs.any(|(f, s)| f.action != s.action)
    })
}

fn overlap(cx: &Context<'_>, first: &Policy, second: &Policy) -> bool {
    let (index, snapshot) = (cx.policy_index(), cx.snapshot());
    if first.subject == second.subject {
        return true;
    }
    let ours: HashSet<usize> = index.select(snapshot, &first.subject).collect();
    index.select(snapshot, &second.subject).any(|group| ours.contains(&group))
}
