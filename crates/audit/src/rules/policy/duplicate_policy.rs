//! NP019: two policies that say the same.
use std::collections::{HashMap, hash_map::Entry};

use netloom_cluster::Rule as PolicyRule;
use netloom_objects::Severity;

use super::support::View;
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP019",
    name: "duplicate-policy",
    group: Group::Style,
    severity: Severity::Info,
    finds: "Two policies of one namespace that say the same: the same pods, the same directions, the same rules.",
    why: "Policies add up, so the second changes nothing; but whoever tightens one of them finds the traffic \
          still allowed by the other.",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, image: \"api:1\", ports: [{containerPort: 8080}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: web}}
      ports:
        - port: 8080
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api-from-web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: web}}
      ports:
        - port: 8080
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, image: \"api:1\", ports: [{containerPort: 8080}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: web}}
      ports:
        - port: 8080
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut seen: HashMap<String, &View<'_>> = HashMap::new();
    for view in &cx.policy_index().policies {
        let policy = &view.policy;
        let side = |rules: &Option<Vec<PolicyRule>>| {
            rules.as_ref().map(|rules| {
                let mut rules: Vec<String> = rules.iter().map(said).collect();
                rules.sort();
                rules
            })
        };
        let key = format!("{:?}|{:?}|{:?}", policy.subject, side(&policy.ingress), side(&policy.egress));
        match seen.entry(key) {
            Entry::Vacant(free) => _ = free.insert(view),
            Entry::Occupied(first) => {
                let first = first.get();
                let message = format!("{} says the same as {}", view.title(), first.title());
                out.add(view.object, "metadata.name", message)
                    .related(first.object, "metadata.name", "the other one")
                    .help("remove one of them");
            }
        }
    }
}

fn said(rule: &PolicyRule) -> String {
    let mut peers: Option<Vec<String>> =
        rule.peers.as_ref().map(|peers| peers.iter().map(|p| format!("{:?}", p.peer)).collect());
    let mut ports: Option<Vec<String>> =
        rule.ports.as_ref().map(|ports| ports.iter().map(|p| format!("{:?}", p.port)).collect());
    peers.iter_mut().chain(ports.iter_mut()).for_each(|list| list.sort());
    format!("{peers:?}{ports:?}")
}
