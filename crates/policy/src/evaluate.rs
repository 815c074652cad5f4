//! The evaluator: is this connection allowed, and which line decides.
use std::{net::IpAddr, sync::Arc};

use netloom_cluster::{Action, NodeId, PodId, PortMatch, Protocol, Tier};
use netloom_objects::ObjectRef;

use crate::{
    compiler::PolicySet,
    groups::GroupId,
    matrix::{Predicate, PredicateId},
    rules::{CompiledRule, Peers},
};

/// Which side of a connection a policy is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// At the destination.
    Ingress,
    /// At the source.
    Egress,
}

impl Direction {
    /// `ingress` or `egress`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }
}

/// Why one side allows or denies.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// Not a pod, or a pod on the host's network: no policy is about it.
    NotSubject,
    /// A node always reaches its own pods.
    OwnNode,
    /// A pod always reaches itself.
    Itself,
    /// No policy of this direction selects the pod.
    NoPolicy,
    /// Policies of the admin or baseline tier select the pod, but no rule of theirs matches, and no NetworkPolicy does.
    NoRuleMatches,
    /// A rule matches.
    Rule {
        /// What it does.
        action: Action,
        /// The tier of its policy.
        tier: Tier,
        /// The policy, at the line of the matching peer (or of the rule, where it names no peer).
        rule: Arc<ObjectRef>,
    },
    /// NetworkPolicies select the pod and none of their rules matches.
    Isolated(Vec<Arc<ObjectRef>>),
}

/// The answer of one side.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// Whether this side lets the connection pass.
    pub allowed: bool,
    /// Why.
    pub reason: Reason,
}

impl Side {
    const fn allow(reason: Reason) -> Self {
        Self { allowed: true, reason }
    }
}

/// The answer of both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The source's side.
    pub egress: Side,
    /// The destination's side.
    pub ingress: Side,
}

impl Decision {
    /// Both sides must allow.
    #[must_use]
    pub const fn allowed(&self) -> bool {
        self.egress.allowed && self.ingress.allowed
    }
}

/// The other side of a connection: an address, or a pod or node whose address is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remote {
    /// Whoever has this address.
    Address(IpAddr),
    /// A pod, apart from its addresses: no `ipBlock` is about it. One on the host's network is its node.
    Pod(PodId),
    /// A node, apart from its addresses.
    Node(NodeId),
}

impl From<IpAddr> for Remote {
    fn from(ip: IpAddr) -> Self {
        Self::Address(ip)
    }
}

/// Who the other side is, as policies see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Party {
    Pod(PodId, GroupId),
    Node(NodeId),
    Other,
}

/// What a rule is held against: the other side's address and the destination's port.
pub(crate) struct Connection {
    /// None where it is not known.
    pub peer: Option<IpAddr>,
    pub party: Party,
    pub protocol: Protocol,
    pub port: u16,
    /// The pod whose port names count: the destination.
    pub destination: Option<GroupId>,
}

impl PolicySet {
    /// Whether a new connection between two addresses is allowed on both sides. Addresses of no pod are judged as
    /// what they are: nodes, or the outside. `port` is the destination's own port, never a Service's.
    #[must_use]
    pub fn evaluate(&self, from: IpAddr, to: IpAddr, protocol: Protocol, port: u16) -> Decision {
        let (source, target) = (self.pod_at(from), self.pod_at(to));
        if source.is_some() && source == target {
            return Decision { egress: Side::allow(Reason::Itself), ingress: Side::allow(Reason::Itself) };
        }
        let not_subject = || Side::allow(Reason::NotSubject);
        Decision {
            egress: source.map_or_else(not_subject, |pod| self.egress(pod, to, protocol, port)),
            ingress: target.map_or_else(not_subject, |pod| self.ingress(pod, from, protocol, port)),
        }
    }

    /// Whether a pod may open a connection to the other side's port.
    #[must_use]
    pub fn egress(&self, pod: PodId, to: impl Into<Remote>, protocol: Protocol, port: u16) -> Side {
        let connection = self.connection(pod, Direction::Egress, to.into(), protocol, port);
        self.judge(pod, Direction::Egress, &connection)
    }

    /// Whether a pod takes a connection from the other side on a port of its own.
    #[must_use]
    pub fn ingress(&self, pod: PodId, from: impl Into<Remote>, protocol: Protocol, port: u16) -> Side {
        let connection = self.connection(pod, Direction::Ingress, from.into(), protocol, port);
        if let Party::Node(node) = connection.party
            && node == self.pods[pod.0 as usize].node
            && self.group_of(pod).is_some()
        {
            return Side::allow(Reason::OwnNode);
        }
        self.judge(pod, Direction::Ingress, &connection)
    }

    /// As [`Self::ingress`], by the rules alone: as if no node were the pod's own.
    #[must_use]
    pub fn ingress_by_rules(
        &self,
        pod: PodId,
        from: impl Into<Remote>,
        protocol: Protocol,
        port: u16,
    ) -> Side {
        let connection = self.connection(pod, Direction::Ingress, from.into(), protocol, port);
        self.judge(pod, Direction::Ingress, &connection)
    }

    /// A connection of a pod, with what rules are held against.
    pub(crate) fn connection(
        &self,
        pod: PodId,
        direction: Direction,
        remote: Remote,
        protocol: Protocol,
        port: u16,
    ) -> Connection {
        let (peer, party) = match remote {
            Remote::Address(ip) => (Some(ip), self.party(ip)),
            Remote::Node(node) => (None, Party::Node(node)),
            Remote::Pod(other) => match self.group_of(other) {
                Some(group) => (None, Party::Pod(other, group)),
                None => (None, Party::Node(self.pods[other.0 as usize].node)),
            },
        };
        let destination = match (direction, party) {
            (Direction::Ingress, _) => self.group_of(pod),
            (Direction::Egress, Party::Pod(_, group)) => Some(group),
            (Direction::Egress, Party::Node(_) | Party::Other) => None,
        };
        Connection { peer, party, protocol, port, destination }
    }

    /// The policies that select a pod for a direction, in the order of judgement.
    pub fn selecting(&self, pod: PodId, direction: Direction) -> impl Iterator<Item = &Arc<ObjectRef>> {
        let group = self.group_of(pod);
        let selecting = group.map(|g| self.subjects_of(g, direction)).into_iter().flatten();
        selecting.map(|p| &p.policy.origin)
    }

    fn judge(&self, pod: PodId, direction: Direction, connection: &Connection) -> Side {
        let Some(group) = self.group_of(pod) else { return Side::allow(Reason::NotSubject) };
        let mut isolating = Vec::new();
        let mut selected = false;
        let mut passed = false;
        for policy in self.subjects_of(group, direction) {
            selected = true;
            let Some(rules) = policy.rules(direction) else { continue };
            match policy.tier {
                Tier::Admin(_) if passed => continue,
                // Any NetworkPolicy that selects the pod is final: the baseline is not reached.
                Tier::Baseline(_) if !isolating.is_empty() => break,
                Tier::NetworkPolicy => isolating.push(policy.policy.origin.clone()),
                Tier::Admin(_) | Tier::Baseline(_) => {}
            }
            let Some((rule, origin)) =
                rules.iter().find_map(|r| Some((r, self.matching(r, direction, connection)?)))
            else {
                continue;
            };
            if rule.action == Action::Pass {
                match policy.tier {
                    Tier::Admin(_) => passed = true,
                    // Nothing comes after the baseline.
                    Tier::NetworkPolicy | Tier::Baseline(_) => break,
                }
                continue;
            }
            let reason = Reason::Rule { action: rule.action, tier: policy.tier, rule: origin };
            return Side { allowed: rule.action == Action::Accept, reason };
        }
        if !isolating.is_empty() {
            return Side { allowed: false, reason: Reason::Isolated(isolating) };
        }
        Side::allow(if selected { Reason::NoRuleMatches } else { Reason::NoPolicy })
    }

    /// The line by which a rule matches.
    fn matching(
        &self,
        rule: &CompiledRule,
        direction: Direction,
        connection: &Connection,
    ) -> Option<Arc<ObjectRef>> {
        let by = |named: bool| match &rule.ports {
            None => !named,
            Some(ports) => ports
                .iter()
                .any(|(p, _)| matches!(p, PortMatch::Named(..)) == named && self.port_matches(p, connection)),
        };
        let by_number = by(false);
        if !by_number && !by(true) {
            return None;
        }
        match &rule.peers {
            Peers::Anyone => Some(rule.origin.clone()),
            Peers::These(peers) => peers
                .iter()
                // A name is resolved on pods, never towards an ipBlock.
                .filter(|(p, _)| {
                    by_number
                        || direction == Direction::Ingress
                        || matches!(self.peers.get(*p), Predicate::Pods(_))
                })
                .find(|(p, _)| self.predicate_holds(*p, connection.party, connection.peer))
                .map(|(_, origin)| origin.clone()),
        }
    }

    pub(crate) fn port_matches(&self, port: &PortMatch, connection: &Connection) -> bool {
        let Connection { protocol, port: number, destination, .. } = *connection;
        match port {
            PortMatch::All(p) => *p == protocol,
            PortMatch::Range(p, low, high) => *p == protocol && (*low..=*high).contains(&number),
            PortMatch::Named(p, name) => {
                p.is_none_or(|p| p == protocol)
                    && destination.is_some_and(|group| {
                        self.groups[group.0 as usize].named_port(name, protocol) == Some(number)
                    })
            }
        }
    }

    pub(crate) fn predicate_holds(&self, id: PredicateId, party: Party, ip: Option<IpAddr>) -> bool {
        match (self.peers.get(id), party) {
            (Predicate::Pods(_) | Predicate::PodsWithPort { .. }, Party::Pod(_, group)) => {
                self.peers.holds(id, group)
            }
            (Predicate::Nodes(selector), Party::Node(node)) => {
                selector.matches(&self.nodes[node.0 as usize].labels)
            }
            (block @ Predicate::Block(..), _) => ip.is_some_and(|ip| block.holds_for_address(ip)),
            _ => false,
        }
    }
}
