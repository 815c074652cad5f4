//! Whether the policies let a pod and any address outside of the cluster meet.
use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
};

use ipnet::IpNet;
use netloom_cluster::{Action, Peer, PodId, PortMatch, Protocol, Rule};
use netloom_policy::Direction;

use crate::Context;

/// Kinds of policies that are not judged here and may open ways that NetworkPolicies close.
const FOREIGN: [(&str, &str); 6] = [
    ("cilium.io", "CiliumNetworkPolicy"),
    ("cilium.io", "CiliumClusterwideNetworkPolicy"),
    ("projectcalico.org", "NetworkPolicy"),
    ("projectcalico.org", "GlobalNetworkPolicy"),
    ("crd.projectcalico.org", "NetworkPolicy"),
    ("crd.projectcalico.org", "GlobalNetworkPolicy"),
];

/// Whether the set has policies of kinds that nothing here can judge.
pub(super) fn has_foreign_policies(cx: &Context<'_>) -> bool {
    FOREIGN.iter().any(|(group, kind)| !cx.all_of(group, kind).is_empty())
}

/// What the policies of one direction speak of: addresses outside to try, and ports.
pub(super) struct Reach<'c, 'a> {
    cx: &'c Context<'a>,
    direction: Direction,
    samples: BTreeSet<IpAddr>,
    ports: BTreeSet<(Protocol, u16)>,
    /// Policies with a peer that cannot be judged (domain names), by kind, namespace and name.
    undecided: HashMap<(&'a str, Option<&'a str>, &'a str), ()>,
}

impl<'c, 'a> Reach<'c, 'a> {
    pub fn new(cx: &'c Context<'a>, direction: Direction) -> Self {
        let snapshot = cx.snapshot();
        let outside = snapshot.plan.outside;
        let mut reach = Self {
            cx,
            direction,
            samples: outside.iter().collect(),
            ports: [80, 443, 5432, 8080].map(|port| (Protocol::Tcp, port)).into(),
            undecided: HashMap::new(),
        };
        for policy in snapshot.policies.iter() {
            let rules = match direction {
                Direction::Ingress => &policy.ingress,
                Direction::Egress => &policy.egress,
            };
            for rule in rules.iter().flatten().filter(|rule| rule.action == Action::Accept) {
                if reach.read(rule) {
                    let origin = &policy.origin;
                    reach.undecided.insert((&origin.kind, origin.namespace.as_deref(), &origin.name), ());
                }
            }
        }
        let plan = &snapshot.plan;
        let inside = [plan.pod_cidrs, plan.service_cidrs, plan.node_cidrs];
        reach.samples.retain(|ip| !inside.iter().any(|nets| nets.contains(*ip)));
        reach
    }

    /// Whether a rule has a peer that cannot be judged.
    fn read(&mut self, rule: &Rule) -> bool {
        for port in rule.ports.iter().flatten() {
            if let PortMatch::Range(protocol, first, _) = port.port {
                self.ports.insert((protocol, first));
            }
        }
        let mut unknown = false;
        for peer in rule.peers.iter().flatten() {
            match &peer.peer {
                Peer::Block(net, except) => self.samples.extend(sample(*net, except)),
                Peer::Unknown => unknown = true,
                Peer::Pods(_) | Peer::Nodes(_) => {}
            }
        }
        unknown
    }

    /// Whether some address outside and the pod may meet on a port (the destination's).
    pub fn is_open(&self, pod: PodId, protocol: Protocol, port: u16) -> bool {
        let policies = self.cx.policies();
        let undecided = |origin: &netloom_objects::ObjectRef| {
            self.undecided.contains_key(&(&*origin.kind, origin.namespace.as_deref(), &*origin.name))
        };
        policies.selecting(pod, self.direction).any(|origin| undecided(origin))
            || self.samples.iter().any(|ip| match self.direction {
                Direction::Ingress => policies.ingress(pod, *ip, protocol, port).allowed,
                Direction::Egress => policies.egress(pod, *ip, protocol, port).allowed,
            })
    }

    /// Whether some address outside and the pod may meet on any port.
    pub fn is_open_anywhere(&self, pod: PodId) -> bool {
        self.ports.iter().any(|(protocol, port)| self.is_open(pod, *protocol, *port))
    }
}

/// An address of a range that is in none of its exceptions.
fn sample(net: IpNet, except: &[IpNet]) -> Option<IpAddr> {
    let left = |ip: &IpAddr| !except.iter().any(|hole| hole.contains(ip));
    let behind = except.iter().filter_map(|hole| next(hole.broadcast()));
    let first = net.hosts().take(4);
    first.chain([net.network(), net.broadcast()]).chain(behind).find(|ip| net.contains(ip) && left(ip))
}

fn next(ip: IpAddr) -> Option<IpAddr> {
    match ip {
        IpAddr::V4(ip) => u32::from(ip).checked_add(1).map(|n| IpAddr::V4(n.into())),
        IpAddr::V6(ip) => u128::from(ip).checked_add(1).map(|n| IpAddr::V6(n.into())),
    }
}
