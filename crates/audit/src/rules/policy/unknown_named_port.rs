//! NP009: a port name that no destination has.
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use netloom_cluster::{Peer, Protocol};
use netloom_objects::Severity;
use netloom_policy::Direction;

use super::support::{RuleView, View, group_words, targets};
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP009",
    name: "unknown-named-port",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A rule that opens a port by a name which none of the destination's containers declares, or declares \
          for another protocol only; and a name towards an `ipBlock`.",
    why: "A name is looked up in each destination pod. Where no container has it the rule opens nothing there, \
          and says nothing about it.",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: \"web:1\", ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: api}}
      ports:
        - port: web
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: \"web:1\", ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: api}}
      ports:
        - port: http
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for view in &cx.policy_index().policies {
        for rule in view.rules() {
            for (number, port) in rule.ports.unwrap_or_default().iter().enumerate() {
                let Some(IntOrString::String(name)) = &port.port else { continue };
                let Some(protocol) = Protocol::parse(port.protocol.as_deref().unwrap_or("TCP")) else {
                    continue;
                };
                let Some(message) = judge(cx, view, &rule, name, protocol) else { continue };
                let path = format!("{}.ports[{number}].port", rule.path());
                out.add(view.object, &path, message)
                    .help("use a name of the container's `ports`, or the number");
            }
        }
    }
}

fn judge(
    cx: &Context<'_>,
    view: &View<'_>,
    rule: &RuleView<'_>,
    name: &str,
    protocol: Protocol,
) -> Option<String> {
    let title = view.title();
    let peers = rule.rule.peers.iter().flatten();
    if rule.direction == Direction::Egress
        && rule.rule.peers.is_some()
        && peers.clone().all(|peer| matches!(peer.peer, Peer::Block(..)))
    {
        return Some(format!(
            "{title} opens the port named {name} towards addresses: only pods have port names"
        ));
    }
    let groups = targets(cx, view, rule);
    if groups.is_empty() {
        return None;
    }
    let mut same_name = groups.iter().flat_map(|g| &g.ports).filter(|p| p.0.as_deref() == Some(name));
    if same_name.clone().any(|port| port.1 == protocol) {
        return None;
    }
    let whose = group_words(cx, groups[0]);
    Some(match same_name.next() {
        Some((_, other, number)) => {
            format!("{title} opens {protocol} port {name}, which is {other} {number} in {whose}")
        }
        None => {
            let names: Vec<&str> =
                groups.iter().flat_map(|g| &g.ports).filter_map(|p| p.0.as_deref()).collect();
            let has = if names.is_empty() {
                "it names no port".to_owned()
            } else {
                format!("it has {}", names.join(", "))
            };
            format!("{title} opens a port named {name}, which {whose} does not have: {has}")
        }
    })
}
