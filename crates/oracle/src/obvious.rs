//! The slow, obvious evaluator: one side, straight from the text of the specification.
use std::{net::IpAddr, sync::Arc};

use netloom_cluster::*;

/// Which side of a connection is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The target's: ingress.
    Target,
    /// The source's: egress.
    Source,
}

/// The other end of a connection, as it is known.
#[derive(Clone, Copy, Debug)]
pub enum Who<'a> {
    /// A pod; with the address that it is seen by, where that is known.
    Pod(&'a Pod, Option<IpAddr>),
    /// A node, likewise.
    Node(&'a Node, Option<IpAddr>),
    /// An address of nobody in the cluster.
    Outside(IpAddr),
}

impl<'a> Who<'a> {
    /// Whoever has an address.
    #[must_use]
    pub fn at(s: &'a Snapshot, ip: IpAddr) -> Self {
        if let Some(node) = s.nodes.iter().find(|n| n.ips.contains(ip)) {
            return Self::Node(node, Some(ip));
        }
        match s.pods.iter().find(|p| !p.host_network && p.ips.contains(ip)) {
            Some(pod) => Self::Pod(pod, Some(ip)),
            None => Self::Outside(ip),
        }
    }

    fn ip(self) -> Option<IpAddr> {
        match self {
            Self::Pod(_, ip) | Self::Node(_, ip) => ip,
            Self::Outside(ip) => Some(ip),
        }
    }
}

/// Whether the policies about `subject` allow a connection with `other` to a port of the target. That a node reaches
/// its own pods, and a pod itself, is not for policies to say.
#[must_use]
pub fn obvious(
    s: &Snapshot,
    side: Side,
    subject: &Pod,
    other: Who<'_>,
    protocol: Protocol,
    port: u16,
) -> bool {
    if subject.host_network {
        return true;
    }
    let (peer, node) = match other {
        Who::Pod(pod, _) if pod.host_network => (None, Some(s.node(pod.node))),
        Who::Pod(pod, _) => (Some(pod), None),
        Who::Node(node, _) => (None, Some(node)),
        Who::Outside(_) => (None, None),
    };
    let destination = if side == Side::Target { Some(subject) } else { peer };
    let selects = |selection: &PodPeer, pod: &Pod| {
        let namespace = s.namespace(pod.namespace_id);
        (match &selection.namespaces {
            NamespaceMatch::Named(name) => **name == *namespace.name,
            NamespaceMatch::Labels(selector) => selector.matches(&namespace.labels),
        }) && selection.pods.matches(&pod.labels)
    };
    let rule_matches = |rule: &Rule| {
        let peer_matches = |p: &Peer| match p {
            Peer::Pods(selection) => peer.is_some_and(|p| selects(selection, p)),
            Peer::Block(net, except) => {
                other.ip().is_some_and(|ip| net.contains(&ip) && !except.iter().any(|e| e.contains(&ip)))
            }
            Peer::Nodes(selector) => node.is_some_and(|n| selector.matches(&n.labels)),
            Peer::Unknown => rule.action != Action::Accept,
        };
        let port_matches = |p: &PortMatch, to: Option<&Peer>| match p {
            PortMatch::All(p) => *p == protocol,
            PortMatch::Range(p, a, b) => *p == protocol && *a <= port && port <= *b,
            PortMatch::Named(p, name) => {
                let towards_pods = side == Side::Target
                    || match to {
                        None | Some(Peer::Pods(_) | Peer::Unknown) => true,
                        Some(Peer::Block(..) | Peer::Nodes(_)) => false,
                    };
                towards_pods
                    && p.is_none_or(|p| p == protocol)
                    && destination.is_some_and(|d| d.named_port(name, protocol) == Some(port))
            }
        };
        let some_port = |to: Option<&Peer>| {
            rule.ports.as_ref().is_none_or(|ports| ports.iter().any(|p| port_matches(&p.port, to)))
        };
        match &rule.peers {
            None => some_port(None),
            Some(peers) => peers.iter().any(|p| peer_matches(&p.peer) && some_port(Some(&p.peer))),
        }
    };
    let action = |rule: &Rule| {
        let unknown = rule.peers.iter().flatten().any(|p| p.peer == Peer::Unknown);
        if unknown && rule.action == Action::Pass { Action::Deny } else { rule.action }
    };
    let mut about: Vec<(&Arc<Policy>, &Vec<Rule>)> = s
        .policies
        .iter()
        .filter(|p| selects(&p.subject, subject))
        .filter_map(|p| {
            Some((p, if side == Side::Target { p.ingress.as_ref()? } else { p.egress.as_ref()? }))
        })
        .collect();
    about.sort_by_key(|(p, _)| (p.tier, p.origin.name.clone()));
    let tier = |wanted: fn(Tier) -> bool| {
        about
            .iter()
            .filter(|(p, _)| wanted(p.tier))
            .flat_map(|(_, rules)| rules.iter())
            .find(|r| rule_matches(r))
            .map(action)
    };
    match tier(|t| matches!(t, Tier::Admin(_))) {
        Some(Action::Accept) => return true,
        Some(Action::Deny) => return false,
        Some(Action::Pass) | None => {}
    }
    if about.iter().any(|(p, _)| p.tier == Tier::NetworkPolicy) {
        return tier(|t| t == Tier::NetworkPolicy).is_some();
    }
    tier(|t| matches!(t, Tier::Baseline(_))) != Some(Action::Deny)
}
