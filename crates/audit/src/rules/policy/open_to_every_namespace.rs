//! NP038: an ingress rule admits the pods of every namespace.
use netloom_cluster::{NamespaceMatch, Peer, PodPeer, PortMatch, Protocol};
use netloom_objects::Severity;
use netloom_policy::Direction;

use super::support::covers;
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP038",
    name: "open-to-every-namespace",
    group: Group::Security,
    severity: Severity::Info,
    finds: "An ingress rule with an empty `namespaceSelector` that names no pods. Silent for rules that open nothing but \
            DNS, and in kube-system.",
    why: "Every pod of every namespace may connect, those of other teams and of other environments too: the \
          namespaces are not isolated from each other here, and a pod that is taken over anywhere gets in.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector: {}
      ports:
        - port: 8080
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector:
            matchLabels: {kubernetes.io/metadata.name: storefront}
      ports:
        - port: 8080
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for view in cx.policy_index().policies.iter().filter(|view| view.namespace != "kube-system") {
        for rule in view.rules().iter().filter(|rule| rule.direction == Direction::Ingress) {
            let Some(all) = rule.rule.peers.iter().flatten().position(|peer| is_everyone(&peer.peer)) else {
                continue;
            };
            if rule.rule.ports.as_ref().is_some_and(|ports| ports.iter().all(|port| is_dns(&port.port))) {
                continue;
            }
            let message = format!("{} admits every pod of every namespace", view.title());
            out.add(view.object, &format!("{}[{all}]", rule.peers_path()), message).help(
                "name the namespaces by their labels, `kubernetes.io/metadata.name` among them, and the pods beside it",
            );
        }
    }
}

fn is_everyone(peer: &Peer) -> bool {
    match peer {
        Peer::Pods(PodPeer { namespaces: NamespaceMatch::Labels(namespaces), pods }) => {
            namespaces.requirements.is_empty() && pods.requirements.is_empty()
        }
        _ => false,
    }
}

/// Whether a port is that of a DNS server, which everyone has to reach.
fn is_dns(port: &PortMatch) -> bool {
    [Protocol::Udp, Protocol::Tcp].iter().any(|protocol| covers(port, *protocol, 53))
        && !covers(port, Protocol::Tcp, 80)
}
