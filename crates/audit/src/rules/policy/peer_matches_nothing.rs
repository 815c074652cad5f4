//! NP004: a peer that matches no pod.
use netloom_cluster::{Namespace, NamespaceMatch, Peer, PodPeer};
use netloom_objects::Severity;
use netloom_policy::Direction;

use super::support::{View, is_elsewhere, is_near, words};
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP004",
    name: "peer-matches-nothing",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A peer of a rule that matches no pod of the set: no namespace of that name, or no pod there with \
          these labels. Where the set may not be complete it speaks only if a pod that is there has nearly \
          these labels.",
    why: "The rule admits nobody, and the connection that it was written for is dropped without a word.",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web-frontend}}
  template:
    metadata: {labels: {app: web-frontend}}
    spec: {containers: [{name: web, image: \"web:1\", ports: [{containerPort: 8080}]}]}
---
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
        - podSelector: {matchLabels: {app: web-fronted}}
      ports:
        - port: 8080
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web-frontend}}
  template:
    metadata: {labels: {app: web-frontend}}
    spec: {containers: [{name: web, image: \"web:1\", ports: [{containerPort: 8080}]}]}
---
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
        - podSelector: {matchLabels: {app: web-frontend}}
      ports:
        - port: 8080
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for view in &cx.policy_index().policies {
        for rule in view.rules() {
            for (number, peer) in rule.rule.peers.iter().flatten().enumerate() {
                let Peer::Pods(pods) = &peer.peer else { continue };
                let path = format!("{}[{number}]", rule.peers_path());
                judge(cx, view, rule.direction, pods, &path, out);
            }
        }
    }
}

fn judge(
    cx: &Context<'_>,
    view: &View<'_>,
    direction: Direction,
    peer: &PodPeer,
    path: &str,
    out: &mut Findings<'_>,
) {
    let (index, snapshot) = (cx.policy_index(), cx.snapshot());
    if index.select(snapshot, peer).any(|group| !index.groups[group].stand_in) {
        return;
    }
    let verb = if direction == Direction::Ingress { "admits" } else { "allows a way to" };
    let title = view.title();
    let homes: Vec<&Namespace> = match &peer.namespaces {
        NamespaceMatch::Named(name) => snapshot.namespaces.iter().filter(|n| n.name == *name).collect(),
        NamespaceMatch::Labels(selector) => {
            snapshot.namespaces.iter().filter(|n| selector.matches(&n.labels)).collect()
        }
    };
    if homes.is_empty() {
        let NamespaceMatch::Labels(selector) = &peer.namespaces else { return };
        // Labels that nobody put there have a rule of their own.
        let by_name = selector.requirements.iter().all(|r| r.key == "kubernetes.io/metadata.name");
        if by_name && cx.is_closed("Namespace", None) {
            let message = format!("{title} {verb} nobody here: no namespace has {}", words(selector));
            out.add(view.object, &format!("{path}.namespaceSelector"), message);
        }
        return;
    }
    if peer.pods.requirements.is_empty() || is_elsewhere(cx, peer, view.namespace) {
        return;
    }
    let closed = homes.iter().all(|home| cx.is_closed("Pod", Some(&home.name)));
    let mut pods = homes.iter().flat_map(|home| index.in_namespace(snapshot, &home.name));
    let near = pods.find(|group| is_near(&peer.pods, group));
    if near.is_none() && !closed {
        return;
    }
    let place = match homes.as_slice() {
        [one] => format!("namespace {}", one.name),
        _ => "the namespaces selected".to_owned(),
    };
    let message = format!("{title} {verb} nobody here: no pod in {place} has {}", words(&peer.pods));
    let finding = out.add(view.object, &format!("{path}.podSelector"), message);
    if let Some(workload) = near.and_then(|group| group.workload).map(|number| &cx.workloads()[number]) {
        finding.related(workload.object, &workload.path("metadata.labels"), "these labels come nearest");
    }
}
