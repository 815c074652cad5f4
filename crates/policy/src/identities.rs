//! Identities: addresses that no peer of any rule can tell apart share one.
use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
};

use fixedbitset::FixedBitSet;
use ipnet::IpNet;
use netloom_cluster::{Action, NodeId, Snapshot};

use crate::{
    blocks::{self, AddressRange},
    evaluate::Party,
    groups::GroupId,
    matrix::{Matrix, Predicate, PredicateId},
    program::SetDefinition,
};

/// Numbers identities by the predicates that hold for them; the identity of "none holds" is 0.
#[derive(Clone, Debug)]
pub(crate) struct IdentityNumbers {
    numbers: HashMap<Vec<PredicateId>, u32>,
}

impl Default for IdentityNumbers {
    fn default() -> Self {
        Self { numbers: HashMap::from([(Vec::new(), 0)]) }
    }
}

/// Which identity each address has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identities {
    /// Addresses of pods and nodes, sorted.
    pub known: Vec<(IpAddr, u32)>,
    /// Pods and nodes without a known address.
    pub unaddressed: Vec<(Party, u32)>,
    /// Disjoint ranges of other addresses that some block tells apart, sorted.
    pub ranges: Vec<(AddressRange, u32)>,
    /// For each predicate in use the identities that it holds for.
    members: HashMap<PredicateId, FixedBitSet>,
    /// All identities in use.
    all: FixedBitSet,
}

impl IdentityNumbers {
    /// How many numbers were given out.
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Assigns identities by the predicates in use: to these addresses, which are sorted, and to who has none.
    pub fn assign(
        &mut self,
        snapshot: &Snapshot,
        (addresses, unaddressed): (&[(IpAddr, Party)], &[Party]),
        peers: &Matrix,
        used: &HashSet<PredicateId>,
    ) -> Identities {
        let mut identities = Identities::default();
        identities.all.grow(1);
        identities.all.insert(0);
        let mut blocks: Vec<PredicateId> =
            used.iter().copied().filter(|p| matches!(peers.get(*p), Predicate::Block(..))).collect();
        blocks.sort_unstable();
        let by_range = ranges(peers, &blocks);
        for (range, holds) in &by_range {
            let identity = self.number(&mut identities, holds.clone());
            match identities.ranges.last_mut() {
                Some((last, id))
                    if *id == identity && last.family == range.family && last.high + 1 == range.low =>
                {
                    last.high = range.high;
                }
                _ => identities.ranges.push((*range, identity)),
            }
        }
        identities.ranges.retain(|(_, identity)| *identity != 0);
        // Addresses in one range that belong to pods of one group, or to one node, have the same identity.
        let mut of_alike: HashMap<(Alike, Option<usize>), u32> = HashMap::new();
        let everyone = addresses.iter().map(|(ip, party)| (Some(*ip), *party));
        for (ip, party) in everyone.chain(unaddressed.iter().map(|party| (None, *party))) {
            let alike = match party {
                Party::Pod(_, group) => Alike::Group(group),
                Party::Node(node) => Alike::Node(node),
                Party::Other => continue,
            };
            let range = ip.and_then(|ip| holding(&by_range, ip));
            let identity = match of_alike.get(&(alike, range)) {
                Some(identity) => *identity,
                None => {
                    let mut holds = alike.holds(snapshot, peers, used);
                    holds.extend(range.iter().flat_map(|i| &by_range[*i].1));
                    holds.sort_unstable();
                    let identity = self.number(&mut identities, holds);
                    of_alike.insert((alike, range), identity);
                    identity
                }
            };
            match ip {
                Some(ip) => identities.known.push((ip, identity)),
                None => identities.unaddressed.push((party, identity)),
            }
        }
        identities
    }

    fn number(&mut self, identities: &mut Identities, holds: Vec<PredicateId>) -> u32 {
        let fresh = self.numbers.len() as u32;
        let identity = *self.numbers.entry(holds.clone()).or_insert(fresh);
        let index = identity as usize;
        if identities.all.len() <= index || !identities.all.contains(index) {
            identities.all.grow(index + 1);
            identities.all.insert(index);
            for predicate in holds {
                let members = identities.members.entry(predicate).or_default();
                members.grow(index + 1);
                members.insert(index);
            }
        }
        identity
    }
}

impl Identities {
    /// The identities that a definition lets through.
    pub fn resolve(&self, definition: &SetDefinition) -> FixedBitSet {
        let empty = FixedBitSet::new();
        let members = |peer: &Option<PredicateId>| match peer {
            None => &self.all,
            Some(predicate) => self.members.get(predicate).unwrap_or(&empty),
        };
        let mut allowed = FixedBitSet::with_capacity(self.all.len());
        let mut undecided = self.all.clone();
        let mut passed = FixedBitSet::with_capacity(self.all.len());
        for (action, peer) in &definition.admin {
            let mut matched = undecided.clone();
            matched.intersect_with(members(peer));
            undecided.difference_with(&matched);
            match action {
                Action::Accept => allowed.union_with(&matched),
                Action::Pass => passed.union_with(&matched),
                Action::Deny => {}
            }
        }
        undecided.union_with(&passed);
        if let Some(accepted) = &definition.isolated {
            for peer in accepted {
                let mut matched = undecided.clone();
                matched.intersect_with(members(peer));
                allowed.union_with(&matched);
            }
            return allowed;
        }
        for (action, peer) in &definition.baseline {
            let mut matched = undecided.clone();
            matched.intersect_with(members(peer));
            undecided.difference_with(&matched);
            if *action != Action::Deny {
                allowed.union_with(&matched);
            }
        }
        allowed.union_with(&undecided);
        allowed
    }

    /// Whether a set holds every identity in use.
    pub fn is_all(&self, set: &FixedBitSet) -> bool {
        self.all.is_subset(set)
    }
}

/// The disjoint ranges that the blocks make, each with the blocks that hold for it.
fn ranges(peers: &Matrix, used: &[PredicateId]) -> Vec<(AddressRange, Vec<PredicateId>)> {
    let nets = used.iter().flat_map(|p| match peers.get(*p) {
        Predicate::Block(net, except) => std::slice::from_ref(net).iter().chain(except),
        _ => [].iter().chain(&[]),
    });
    let mut ranges: Vec<(AddressRange, Vec<PredicateId>)> =
        blocks::atoms(nets).into_iter().map(|atom| (atom, Vec::new())).collect();
    for id in used {
        let Predicate::Block(net, except) = peers.get(*id) else { continue };
        let except: Vec<_> = except.iter().map(|net| within(&ranges, net)).collect();
        for at in within(&ranges, net) {
            if !except.iter().any(|except| except.contains(&at)) {
                ranges[at].1.push(*id);
            }
        }
    }
    ranges
}

/// Which of the ranges that networks were cut into make up one of these networks.
fn within<T>(ranges: &[(AddressRange, T)], net: &IpNet) -> std::ops::Range<usize> {
    let net = AddressRange::of(net);
    let first = ranges.partition_point(|(r, _)| (r.family, r.low) < (net.family, net.low));
    let behind = ranges.partition_point(|(r, _)| (r.family, r.low) <= (net.family, net.high));
    first..behind
}

/// The range that an address is in.
fn holding<T>(ranges: &[(AddressRange, T)], ip: IpAddr) -> Option<usize> {
    let family = netloom_cluster::Family::of(ip);
    let number = blocks::number(ip);
    let after = ranges.partition_point(|(r, _)| (r.family, r.low) <= (family, number));
    let index = after.checked_sub(1)?;
    let (range, _) = &ranges[index];
    (range.family == family && number <= range.high).then_some(index)
}

/// Whose addresses no predicate about their owners can tell apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Alike {
    Group(GroupId),
    Node(NodeId),
}

impl Alike {
    /// The predicates in use that hold for the owner, whatever the address.
    fn holds(self, snapshot: &Snapshot, peers: &Matrix, used: &HashSet<PredicateId>) -> Vec<PredicateId> {
        match self {
            Self::Group(group) => peers.row(group).filter(|p| used.contains(p)).collect(),
            Self::Node(node) => {
                let labels = &snapshot.node(node).labels;
                let selected = |p: &&PredicateId| match peers.get(**p) {
                    Predicate::Nodes(selector) => selector.matches(labels),
                    _ => false,
                };
                used.iter().filter(selected).copied().collect()
            }
        }
    }
}
