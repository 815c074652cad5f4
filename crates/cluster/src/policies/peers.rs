//! What AdminNetworkPolicy and ClusterNetworkPolicy have in common: subjects, peers, actions.
use std::sync::Arc;

use ipnet::IpNet;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use netloom_objects::{
    Object,
    policy_api::{EgressPeer, IngressPeer, NamespacedPod, Subject},
};

use super::{
    at,
    selector::{nothing, selector},
};
use crate::model::{Action, NamespaceMatch, Peer, PeerRef, PodPeer, PortMatch, PortRef, Rule, Selector};

/// What a rule of either kind says, before its ports are read.
pub struct Head<'a> {
    pub object: &'a Object,
    /// `spec.ingress[0]`.
    pub path: String,
    pub name: Option<&'a str>,
    pub action: &'a str,
}

impl Head<'_> {
    /// The rule with its peers and ports. A port that cannot be read drops out of a rule that accepts, and
    /// stands for every port in one that does not: either way nothing opens that should not.
    pub fn rule(&self, peers: Vec<PeerRef>, ports: Option<Vec<(Option<PortMatch>, String)>>) -> Rule {
        let action = match self.action {
            "Allow" | "Accept" => Action::Accept,
            "Pass" => Action::Pass,
            _ => Action::Deny,
        };
        let ports = ports.filter(|p| !p.is_empty());
        let unreadable = ports.iter().flatten().any(|(port, _)| port.is_none());
        let ports = ports.filter(|_| !unreadable || action == Action::Accept).map(|ports| {
            let port = |(port, path): (Option<PortMatch>, String)| {
                Some(PortRef { port: port?, origin: at(self.object, &path) })
            };
            ports.into_iter().filter_map(port).collect()
        });
        Rule {
            action,
            name: self.name.filter(|n| !n.is_empty()).map(Arc::from),
            peers: Some(peers),
            ports,
            origin: at(self.object, &self.path),
        }
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

/// Whom the policy is about; nobody, where that cannot be read.
pub fn subject(from: &Subject) -> PodPeer {
    pod_peer(from.namespaces.as_ref(), from.pods.as_ref())
        .unwrap_or_else(|| PodPeer { namespaces: NamespaceMatch::Labels(nothing()), pods: nothing() })
}
