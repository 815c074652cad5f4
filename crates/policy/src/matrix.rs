//! Predicates (who is meant) and, for each group of pods, which of them hold.
use std::{collections::HashMap, net::IpAddr, sync::Arc};

use fixedbitset::FixedBitSet;
use ipnet::IpNet;
use netloom_cluster::{NamespaceMatch, Peer, PodPeer, Protocol, Selector};

use crate::groups::{Group, GroupId};

/// Index of a predicate; stays the same while the compiler lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PredicateId(pub u32);

/// One condition on the other side of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Predicate {
    Pods(PodPeer),
    /// Pods (of a peer, or any) on which a port name stands for this number: how a named port of an egress rule
    /// becomes a number.
    PodsWithPort {
        peer: Option<PodPeer>,
        name: Arc<str>,
        protocol: Protocol,
        port: u16,
    },
    Block(IpNet, Vec<IpNet>),
    Nodes(Selector),
}

impl Predicate {
    /// The predicate of a peer; none for a peer of unknown type.
    pub fn of(peer: &Peer) -> Option<Self> {
        Some(match peer {
            Peer::Pods(pods) => Self::Pods(pods.clone()),
            Peer::Block(net, except) => Self::Block(net.trunc(), except.iter().map(IpNet::trunc).collect()),
            Peer::Nodes(selector) => Self::Nodes(selector.clone()),
            Peer::Unknown => return None,
        })
    }

    fn holds_for(&self, group: &Group) -> bool {
        match self {
            Self::Pods(peer) => selects(peer, group),
            Self::PodsWithPort { peer, name, protocol, port } => {
                peer.as_ref().is_none_or(|peer| selects(peer, group))
                    && group.named_port(name, *protocol) == Some(*port)
            }
            Self::Block(..) | Self::Nodes(_) => false,
        }
    }

    /// Whether an address lies in the block; false for other predicates.
    pub fn holds_for_address(&self, ip: IpAddr) -> bool {
        match self {
            Self::Block(net, except) => net.contains(&ip) && !except.iter().any(|e| e.contains(&ip)),
            _ => false,
        }
    }
}

fn selects(peer: &PodPeer, group: &Group) -> bool {
    let namespace = match &peer.namespaces {
        NamespaceMatch::Named(name) => *name == group.namespace,
        NamespaceMatch::Labels(selector) => selector.matches(&group.namespace_labels),
    };
    namespace && peer.pods.matches(&group.labels)
}

/// Predicates interned by content, and a row of bits for every group. A copy shares everything until one of them
/// takes in something new.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matrix {
    shared: Arc<Shared>,
}

#[derive(Clone, Debug, Default)]
struct Shared {
    ids: HashMap<Predicate, PredicateId>,
    predicates: Vec<Predicate>,
    rows: Vec<FixedBitSet>,
    groups: Vec<Arc<Group>>,
}

impl Matrix {
    /// Takes in groups that are new.
    pub fn extend_groups(&mut self, groups: &[Arc<Group>]) {
        let known = self.shared.groups.len();
        if groups.len() == known {
            return;
        }
        let Shared { predicates, rows, groups: taken, .. } = Arc::make_mut(&mut self.shared);
        for group in &groups[known..] {
            let mut row = FixedBitSet::with_capacity(predicates.len());
            for (i, predicate) in predicates.iter().enumerate() {
                row.set(i, predicate.holds_for(group));
            }
            rows.push(row);
            taken.push(group.clone());
        }
    }

    /// The id of a predicate, matched against all groups when it is new.
    pub fn intern(&mut self, predicate: Predicate) -> PredicateId {
        if let Some(id) = self.shared.ids.get(&predicate) {
            return *id;
        }
        let Shared { ids, predicates, rows, groups } = Arc::make_mut(&mut self.shared);
        let index = predicates.len();
        for (row, group) in rows.iter_mut().zip(groups) {
            row.grow(index + 1);
            row.set(index, predicate.holds_for(group));
        }
        let id = PredicateId(index as u32);
        ids.insert(predicate.clone(), id);
        predicates.push(predicate);
        id
    }

    /// Whether a predicate about pods holds for a group.
    pub fn holds(&self, predicate: PredicateId, group: GroupId) -> bool {
        self.shared.rows[group.0 as usize].contains(predicate.0 as usize)
    }

    /// The predicates about pods that hold for a group, ascending.
    pub fn row(&self, group: GroupId) -> impl Iterator<Item = PredicateId> {
        self.shared.rows[group.0 as usize].ones().map(|i| PredicateId(i as u32))
    }

    pub fn get(&self, id: PredicateId) -> &Predicate {
        &self.shared.predicates[id.0 as usize]
    }
}
