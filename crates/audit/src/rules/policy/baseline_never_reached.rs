//! NP031: a baseline that NetworkPolicies always come before.
use netloom_cluster::Tier;
use netloom_objects::Severity;
use netloom_policy::Direction;

use super::support::DIRECTIONS;
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP031",
    name: "baseline-never-reached",
    group: Group::Correctness,
    severity: Severity::Info,
    finds: "A baseline policy (ClusterNetworkPolicy of tier `Baseline`, BaselineAdminNetworkPolicy) for pods all \
          of which have NetworkPolicies for its directions.",
    why: "Any NetworkPolicy that selects a pod is final for its direction; the baseline is asked only where \
          there is none. Its rules do nothing for these pods: neither a ban nor an allowance written there \
          holds.",
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
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: base}
spec:
  tier: Baseline
  priority: 10
  subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}
  ingress:
    - action: Deny
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
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: base}
spec:
  tier: Baseline
  priority: 10
  subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}
  ingress:
    - action: Deny
      from:
        - namespaces: {matchLabels: {kubernetes.io/metadata.name: test}}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let (index, snapshot) = (cx.policy_index(), cx.snapshot());
    for policy in snapshot.policies.iter().filter(|policy| matches!(policy.tier, Tier::Baseline(_))) {
        let group = "policy.networking.k8s.io";
        let Some(object) = cx.find_any(group, &policy.origin.kind, None, &policy.origin.name) else {
            continue;
        };
        let directions: Vec<Direction> = DIRECTIONS
            .into_iter()
            .filter(|d| {
                let rules = if *d == Direction::Ingress { &policy.ingress } else { &policy.egress };
                rules.iter().flatten().next().is_some()
            })
            .collect();
        let mut by = None;
        let mut all = index
            .select(snapshot, &policy.subject)
            .filter(|g| !index.groups[*g].stand_in && !index.groups[*g].host_network);
        let covered = all.all(|group| {
            directions.iter().all(|direction| {
                let found = index.views_on(group).find(|view| view.side(*direction).is_some());
                by = by.or(found);
                found.is_some()
            })
        });
        let Some(by) = by.filter(|_| covered) else { continue };
        let message = format!(
            "{} {} is never asked: every pod that it is about has a NetworkPolicy",
            object.kind, object.name
        );
        out.add(object, "spec.subject", message)
            .related(by.object, "metadata.name", "this one decides before it")
            .help("put what must hold in any case into the admin tier");
    }
}
