//! What AdminNetworkPolicy and ClusterNetworkPolicy have in common: subjects, peers, actions.
use std::sync::Arc;

use ipnet::IpNet;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use netloom_objects::{
    Object,
    policy_api::{EgressPeer, IngressPeer, NamespacedPod, Subject},
};

use super::{at, selector::selector};
use crate::{
    findings::{Findings, title},
    model::{
        Action, NamespaceMatch, Peer, PeerRef, PodPeer, Policy, PortMatch, PortRef, Rule, Selector, Tier,
    },
};

/// The ports of a rule, as far as they can be read, with their paths.
pub type Ports = Vec<(Option<PortMatch>, String)>;

/// What a rule of either kind says, before its ports are read.
pub struct Head<'a> {
    pub object: &'a Object,
    /// `spec.ingress[0]`.
    pub path: String,
    pub name: Option<&'a str>,
    pub action: &'a str,
}

impl Head<'_> {
    /// The rule with its peers and ports, so that nothing opens that should not where they cannot be read in full. A
    /// rule that accepts or passes on is left out if a field of it is faulty (that which is left may match more than
    /// was meant), and leaves out what is well typed and means nothing. A rule that denies keeps denying: peers or
    /// ports that are not known in full are all of them.
    pub fn rule(
        &self,
        side: &str,
        peers: Vec<PeerRef>,
        (list, ports): (&str, Option<Ports>),
    ) -> Option<Rule> {
        let action = match self.action {
            "Allow" | "Accept" => Action::Accept,
            "Pass" => Action::Pass,
            _ => Action::Deny,
        };
        let ports = ports.filter(|p| !p.is_empty());
        let (denies, faulty) = (action == Action::Deny, self.object.holds_fault(&self.path));
        if faulty && !denies {
            return None;
        }
        let strange = self.object.has_strange_key(&self.path);
        let lost = |field: &str| {
            let path = format!("{}.{field}", self.path);
            faulty && (self.object.holds_fault(&path) || (strange && !self.object.is_written(&path)))
        };
        let any_peer = denies && (lost(side) || peers.iter().any(|p| p.peer == Peer::Unknown));
        let unreadable = lost(list) || ports.iter().flatten().any(|(port, _)| port.is_none());
        let ports = ports.filter(|_| !unreadable || action == Action::Accept).map(|ports| {
            let port = |(port, path): (Option<PortMatch>, String)| {
                Some(PortRef { port: port?, origin: at(self.object, &path) })
            };
            ports.into_iter().filter_map(port).collect()
        });
        Some(Rule {
            action,
            name: self.name.filter(|n| !n.is_empty()).map(Arc::from),
            peers: (!any_peer).then_some(peers),
            ports,
            origin: at(self.object, &self.path),
        })
    }

    /// The rule's sources.
    pub fn sources(&self, from: &[IngressPeer]) -> Vec<PeerRef> {
        let peer = |(i, peer): (usize, &IngressPeer)| PeerRef {
            peer: pods(peer.namespaces.as_ref(), peer.pods.as_ref()).unwrap_or(Peer::Unknown),
            origin: at(self.object, &format!("{}.from[{i}]", self.path)),
        };
        from.iter().enumerate().map(peer).collect()
    }

    /// The rule's destinations; a list of networks is one peer each.
    pub fn destinations(&self, to: &[EgressPeer]) -> Vec<PeerRef> {
        let mut out = Vec::with_capacity(to.len());
        for (i, peer) in to.iter().enumerate() {
            let path = format!("{}.to[{i}]", self.path);
            let mut add = |peer, path: &str| out.push(PeerRef { peer, origin: at(self.object, path) });
            match (&peer.nodes, &peer.networks, &peer.domain_names) {
                (Some(nodes), None, None) if peer.namespaces.is_none() && peer.pods.is_none() => {
                    add(selector(nodes).map_or(Peer::Unknown, Peer::Nodes), &path);
                }
                (None, Some(networks), None) if peer.namespaces.is_none() && peer.pods.is_none() => {
                    for (n, network) in networks.iter().enumerate() {
                        let net = network.parse::<IpNet>();
                        let block = net.map_or(Peer::Unknown, |net| Peer::Block(net.trunc(), Vec::new()));
                        add(block, &format!("{path}.networks[{n}]"));
                    }
                }
                (None, None, None) => {
                    let pods = pods(peer.namespaces.as_ref(), peer.pods.as_ref());
                    add(pods.unwrap_or(Peer::Unknown), &path);
                }
                _ => add(Peer::Unknown, &path),
            }
        }
        out
    }
}

/// `namespaces` or `pods`; none where neither or both are set, or a selector cannot be read.
fn pods(namespaces: Option<&LabelSelector>, pods: Option<&NamespacedPod>) -> Option<Peer> {
    pod_peer(namespaces, pods).map(Peer::Pods)
}

fn pod_peer(namespaces: Option<&LabelSelector>, pods: Option<&NamespacedPod>) -> Option<PodPeer> {
    let (namespaces, pods) = match (namespaces, pods) {
        (Some(namespaces), None) => (selector(namespaces).ok()?, Selector::default()),
        (None, Some(pods)) => (selector(&pods.namespace_selector).ok()?, selector(&pods.pod_selector).ok()?),
        _ => return None,
    };
    Some(PodPeer { namespaces: NamespaceMatch::Labels(namespaces), pods })
}

/// A policy's rules by direction, of those that it has.
pub struct Rules {
    pub ingress: Option<Vec<Rule>>,
    pub egress: Option<Vec<Rule>>,
}

/// The policy of a cluster-wide kind. Where its subject, or its place among the others, cannot be read, it is about all
/// pods with those of its rules that deny: what it would accept or pass on may not be its to decide. A direction whose
/// rules cannot all be read denies what they could have: everything.
pub fn policy(object: &Object, tier: Tier, from: &Subject, rules: Rules, findings: &mut Findings) -> Policy {
    let subject = if lost(object, "spec.subject") { None } else { subject(from) };
    if subject.is_none() {
        findings
            .warning(
                object.locate("spec.subject"),
                format!(
                    "it cannot be read which pods {} is about: what it denies is denied to all pods, and it allows nothing",
                    title(object)
                ),
            )
            .help("repair its subject");
    }
    let certain =
        subject.is_some() && !["spec.tier", "spec.priority"].iter().any(|path| object.holds_fault(path));
    let settle = |rules: Option<Vec<Rule>>, field: &str| {
        let given = rules.is_some();
        let deny_all = list_is_lost(object, field).then(|| Rule {
            action: Action::Deny,
            name: None,
            peers: None,
            ports: None,
            origin: at(object, field),
        });
        let rules = rules.unwrap_or_default().into_iter().filter(|r| certain || r.action == Action::Deny);
        let rules: Vec<Rule> = deny_all.into_iter().chain(rules).collect();
        (given || !rules.is_empty()).then_some(rules)
    };
    Policy {
        tier,
        ingress: settle(rules.ingress, "spec.ingress"),
        egress: settle(rules.egress, "spec.egress"),
        subject: subject.unwrap_or_else(everyone),
        origin: object.reference.clone(),
    }
}

fn everyone() -> PodPeer {
    PodPeer { namespaces: NamespaceMatch::Labels(Selector::default()), pods: Selector::default() }
}

/// Whether a field of `spec` holds a fault, or is not there and may stand under another name.
fn lost(object: &Object, field: &str) -> bool {
    let renamed =
        object.has_strange_key("spec") || (!object.is_written("spec") && object.has_strange_key(""));
    object.holds_fault(field) || (renamed && !object.is_written(field))
}

/// Whether a list of rules is not there in full: not one of its rules, but the list itself or an item holds the fault.
fn list_is_lost(object: &Object, field: &str) -> bool {
    lost(object, field) && (!object.is_written(field) || object.lacks_items(field))
}

/// Whom the policy is about, where that can be read.
fn subject(from: &Subject) -> Option<PodPeer> {
    pod_peer(from.namespaces.as_ref(), from.pods.as_ref())
}
