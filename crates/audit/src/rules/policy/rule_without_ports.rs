//! NP023: an ingress rule opens all ports.
use netloom_cluster::{NamespaceMatch, Peer, PodPeer};
use netloom_objects::Severity;
use netloom_policy::Direction;

use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP023",
    name: "rule-without-ports",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "An ingress rule that names who may connect and not on which ports, in a policy for certain pods.",
    why: "A rule without `ports` opens all ports of all protocols: the metrics and admin ports, the debugger, \
          and those that a sidecar opens later. Rules among all pods of a namespace, which are about isolation \
          and not about ports, are left alone.",
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
    let index = cx.policy_index();
    for view in index.policies.iter().filter(|view| !view.is_for_all()) {
        for rule in view.rules() {
            // An empty list is another mistake.
            if rule.direction != Direction::Ingress || rule.ports.is_some() {
                continue;
            }
            let Some(peers) = &rule.rule.peers else { continue };
            let broad = peers.iter().any(|peer| match &peer.peer {
                Peer::Pods(PodPeer { namespaces: NamespaceMatch::Named(_), pods }) => {
                    pods.requirements.is_empty()
                }
                _ => false,
            });
            let itself = peers
                .iter()
                .all(|peer| matches!(&peer.peer, Peer::Pods(pods) if *pods == view.policy.subject));
            if broad || itself {
                continue;
            }
            let subjects = view.subjects.iter().map(|group| &index.groups[*group]);
            let mut ports: Vec<u16> = subjects.flat_map(|group| group.ports.iter().map(|p| p.2)).collect();
            ports.sort_unstable();
            ports.dedup();
            let message = format!("{} opens all ports of its pods to these peers", view.title());
            let finding = out.add(view.object, &rule.path(), message);
            if ports.is_empty() {
                finding.help("name the ports that they use under `ports`");
            } else {
                let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
                finding.help(format!(
                    "name those that they use under `ports`; the containers have {}",
                    ports.join(", ")
                ));
            }
        }
    }
}
