//! What rules of ports open, and whose ports they are.
use k8s_openapi::api::networking::v1::NetworkPolicyPort;
use netloom_cluster::{Peer, PortMatch, Protocol, Rule, Service};
use netloom_policy::Direction;

use super::{Group, RuleView, View};
use crate::Context;

/// Whether a list of ports opens one, by its number.
pub fn opens(rule: &Rule, protocol: Protocol, port: u16) -> bool {
    rule.ports.as_ref().is_none_or(|ports| ports.iter().any(|p| covers(&p.port, protocol, port)))
}

/// Whether a port, as rules write it, is this one.
pub fn covers(open: &PortMatch, protocol: Protocol, port: u16) -> bool {
    match open {
        PortMatch::All(p) => *p == protocol,
        PortMatch::Range(p, low, high) => *p == protocol && (*low..=*high).contains(&port),
        PortMatch::Named(..) => false,
    }
}

/// The Services with a selector that send to a group, each with what is behind its ports there:
/// (Service, port, protocol, number on the pod).
pub fn mapped_ports<'s>(service: &'s Service, group: &Group) -> Vec<(u16, Protocol, u16)> {
    let target = |port: &'s netloom_cluster::ServicePort| match &port.target {
        netloom_cluster::TargetPort::Number(number) => Some(*number),
        netloom_cluster::TargetPort::Name(name) => {
            let named = group.ports.iter().find(|p| p.1 == port.protocol && p.0.as_ref() == Some(name));
            named.map(|p| p.2)
        }
    };
    service.ports.iter().filter_map(|port| Some((port.port, port.protocol, target(port)?))).collect()
}

/// The groups of the set's own that a rule's ports are the ports of.
pub fn targets<'c>(cx: &'c Context<'_>, view: &'c View<'_>, rule: &'c RuleView<'_>) -> Vec<&'c Group> {
    let (index, snapshot) = (cx.policy_index(), cx.snapshot());
    match rule.direction {
        Direction::Ingress => {
            let subjects = view.subjects.iter().map(|group| &index.groups[*group]);
            subjects.filter(|group| !group.stand_in && !group.host_network).collect()
        }
        Direction::Egress => {
            let peers = rule.rule.peers.iter().flatten().filter_map(|peer| match &peer.peer {
                Peer::Pods(pods) => Some(pods),
                _ => None,
            });
            peers.flat_map(|peer| index.select_real(snapshot, peer).take(64)).collect()
        }
    }
}

/// A port that is one number.
pub fn plain_port(port: &NetworkPolicyPort) -> Option<(Protocol, u16)> {
    use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
    let protocol = Protocol::parse(port.protocol.as_deref().unwrap_or("TCP"))?;
    match (&port.port, port.end_port) {
        (Some(IntOrString::Int(number)), None) => Some((protocol, u16::try_from(*number).ok()?)),
        _ => None,
    }
}

/// Whether a port is the usual one of a database, cache or queue.
pub const fn is_store(port: u16) -> bool {
    matches!(
        port,
        1433 | 1521
            | 2379
            | 3306
            | 5432
            | 5672
            | 6379
            | 7000
            | 7687
            | 8123
            | 9042
            | 9092
            | 9200
            | 9300
            | 11211
            | 26257
            | 27017
    )
}
