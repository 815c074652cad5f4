//! The rules that apply to one kind of subject, flattened: what a row of the tables is made from.
use std::{
    cell::OnceCell,
    collections::{BTreeSet, HashMap},
};

use netloom_cluster::{Action, PortMatch, Protocol, Tier};

use crate::{
    evaluate::Direction,
    groups::Group,
    matrix::{Matrix, Predicate, PredicateId},
    ports::PortRange,
    rules::{CompiledPolicy, CompiledRule, Peers},
};

/// The ports of a flat rule, with names resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ports {
    Everything,
    Protocol(Protocol),
    Range(PortRange),
}

/// One rule with at most one peer and one port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Flat {
    pub action: Action,
    /// `None`: anyone.
    pub peer: Option<PredicateId>,
    pub ports: Ports,
}

/// All rules of one direction that apply to a subject. Two subjects with equal programs are one to the kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Program {
    pub admin: Vec<Flat>,
    /// `None` where no NetworkPolicy selects the subject.
    pub isolated: Option<Vec<Flat>>,
    pub baseline: Vec<Flat>,
}

impl Program {
    /// Flattens the policies that select a group, in the order of judgement.
    pub fn of<'a>(
        policies: impl Iterator<Item = &'a CompiledPolicy>,
        direction: Direction,
        group: &Group,
        names: &NamedPorts<'_>,
        peers: &mut Matrix,
    ) -> Self {
        let mut program = Self::default();
        for policy in policies {
            let Some(rules) = policy.rules(direction) else { continue };
            let flat = match policy.tier {
                Tier::Admin(_) => &mut program.admin,
                Tier::NetworkPolicy => program.isolated.get_or_insert_default(),
                Tier::Baseline(_) => &mut program.baseline,
            };
            for rule in rules {
                flatten(rule, direction, group, (names, peers), flat);
            }
        }
        program
    }

    /// The port ranges that the program names.
    pub fn ranges(&self) -> impl Iterator<Item = PortRange> {
        let all = self.admin.iter().chain(self.isolated.iter().flatten()).chain(&self.baseline);
        all.filter_map(|f| match f.ports {
            Ports::Range(range) => Some(range),
            Ports::Everything | Ports::Protocol(_) => None,
        })
    }

    /// Whether it says nothing at all, so that its subject needs no entry.
    pub fn is_empty(&self) -> bool {
        self.admin.is_empty() && self.isolated.is_none() && self.baseline.is_empty()
    }
}

/// The numbers that each port name stands for on the groups of the cluster.
pub(crate) type Numbers<'a> = HashMap<(&'a str, Protocol), BTreeSet<u16>>;

/// What a port name can stand for on the groups of the cluster.
pub(crate) struct NamedPorts<'a> {
    groups: Vec<&'a Group>,
    /// Found when the first name is asked for.
    numbers: OnceCell<Numbers<'a>>,
}

impl<'a> NamedPorts<'a> {
    pub fn of(groups: Vec<&'a Group>) -> Self {
        Self { groups, numbers: OnceCell::new() }
    }

    fn numbers(&self, name: &str, protocol: Protocol) -> Vec<u16> {
        let numbers = self.numbers.get_or_init(|| {
            let mut numbers = Numbers::new();
            for group in &self.groups {
                for (name, protocol, _) in &group.ports {
                    let number = group.named_port(name, *protocol);
                    numbers.entry((name, *protocol)).or_default().extend(number);
                }
            }
            numbers
        });
        numbers.get(&(name, protocol)).into_iter().flatten().copied().collect()
    }
}

fn flatten(
    rule: &CompiledRule,
    direction: Direction,
    group: &Group,
    (names, matrix): (&NamedPorts<'_>, &mut Matrix),
    out: &mut Vec<Flat>,
) {
    let peers: Vec<Option<PredicateId>> = match &rule.peers {
        Peers::Anyone => vec![None],
        Peers::These(peers) => peers.iter().map(|(p, _)| Some(*p)).collect(),
    };
    let Some(matches) = &rule.ports else {
        out.extend(peers.into_iter().map(|peer| Flat {
            action: rule.action,
            peer,
            ports: Ports::Everything,
        }));
        return;
    };
    for (port, _) in matches {
        match port {
            PortMatch::All(protocol) => {
                out.extend(peers.iter().map(|&peer| Flat {
                    action: rule.action,
                    peer,
                    ports: Ports::Protocol(*protocol),
                }));
            }
            &PortMatch::Range(protocol, low, high) => {
                let ports = Ports::Range(PortRange { protocol, low, high });
                out.extend(peers.iter().map(|&peer| Flat { action: rule.action, peer, ports }));
            }
            PortMatch::Named(protocol, name) => {
                for protocol in
                    Protocol::WITH_PORTS.into_iter().filter(|p| protocol.is_none_or(|only| only == *p))
                {
                    named(rule.action, &peers, name, protocol, direction, group, (names, matrix), out);
                }
            }
        }
    }
}

/// A named port is a number of the destination: the subject's own for ingress, each peer's for egress.
#[allow(clippy::too_many_arguments, reason = "one rule's parts, spread for the one caller above")]
fn named(
    action: Action,
    peers: &[Option<PredicateId>],
    name: &std::sync::Arc<str>,
    protocol: Protocol,
    direction: Direction,
    group: &Group,
    (names, matrix): (&NamedPorts<'_>, &mut Matrix),
    out: &mut Vec<Flat>,
) {
    let range = |port| Ports::Range(PortRange { protocol, low: port, high: port });
    if direction == Direction::Ingress {
        if let Some(port) = group.named_port(name, protocol) {
            out.extend(peers.iter().map(|&peer| Flat { action, peer, ports: range(port) }));
        }
        return;
    }
    for port in names.numbers(name, protocol) {
        for peer in peers {
            let peer = match peer.map(|p| matrix.get(p).clone()) {
                None => None,
                Some(Predicate::Pods(pods)) => Some(pods),
                // Names are never resolved towards addresses or nodes.
                Some(_) => continue,
            };
            let predicate = Predicate::PodsWithPort { peer, name: name.clone(), protocol, port };
            out.push(Flat { action, peer: Some(matrix.intern(predicate)), ports: range(port) });
        }
    }
}

/// Whom a program lets through on one class of ports: the definition of a set of identities.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SetDefinition {
    pub admin: Vec<(Action, Option<PredicateId>)>,
    /// `None` where no NetworkPolicy applies; otherwise who it accepts, sorted.
    pub isolated: Option<Vec<Option<PredicateId>>>,
    pub baseline: Vec<(Action, Option<PredicateId>)>,
}

impl SetDefinition {
    /// The program restricted to ports of a protocol that exactly these ranges cover.
    pub fn of(program: &Program, protocol: Protocol, covering: &[PortRange]) -> Self {
        let applies = |f: &&Flat| match f.ports {
            Ports::Everything => true,
            Ports::Protocol(p) => p == protocol,
            Ports::Range(range) => covering.contains(&range),
        };
        let ordered = |flats: &[Flat]| {
            let mut steps = Vec::new();
            for flat in flats.iter().filter(applies) {
                if steps.iter().any(|(_, peer)| *peer == flat.peer) {
                    continue;
                }
                steps.push((flat.action, flat.peer));
                if flat.peer.is_none() {
                    break;
                }
            }
            steps
        };
        let isolated = program.isolated.as_ref().map(|flats| {
            let mut peers: Vec<Option<PredicateId>> = flats.iter().filter(applies).map(|f| f.peer).collect();
            if peers.contains(&None) {
                return vec![None];
            }
            peers.sort_unstable();
            peers.dedup();
            peers
        });
        let baseline = if isolated.is_some() { Vec::new() } else { ordered(&program.baseline) };
        Self { admin: ordered(&program.admin), isolated, baseline }
    }
}
