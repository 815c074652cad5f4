//! Predicates (who is meant) and, for each group of pods, which of them hold.
use std::{collections::HashMap, net::IpAddr, sync::Arc};

use ipnet::IpNet;
use netloom_cluster::{Labels, NamespaceMatch, Operator, Peer, PodPeer, Protocol, Selector};

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

/// Predicates interned by content, and for every group those that hold for it. A copy shares everything until one of
/// them takes in something new.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matrix {
    shared: Arc<Shared>,
}

#[derive(Clone, Debug, Default)]
struct Shared {
    ids: HashMap<Predicate, PredicateId>,
    predicates: Vec<Predicate>,
    /// By group, ascending. Of many predicates only a few hold for one group.
    rows: Vec<Vec<PredicateId>>,
    groups: Vec<Arc<Group>>,
    index: GroupIndex,
}

/// Groups by what selectors mostly ask for, so that a new predicate is held against few of them.
#[derive(Clone, Debug, Default)]
struct GroupIndex {
    namespaces: HashMap<Arc<str>, Vec<u32>>,
    /// By the labels of the namespace.
    homes: HashMap<Labels, Vec<u32>>,
    labels: HashMap<String, HashMap<String, Vec<u32>>>,
}

impl GroupIndex {
    fn add(&mut self, number: u32, group: &Group) {
        self.namespaces.entry(group.namespace.clone()).or_default().push(number);
        self.homes.entry(group.namespace_labels.clone()).or_default().push(number);
        for (key, value) in group.labels.iter() {
            let values = match self.labels.get_mut(key) {
                Some(values) => values,
                None => self.labels.entry(key.clone()).or_default(),
            };
            match values.get_mut(value) {
                Some(groups) => groups.push(number),
                None => _ = values.insert(value.clone(), vec![number]),
            }
        }
    }

    /// Groups outside of which a predicate holds for none, ascending; none where that is not known.
    fn candidates(&self, predicate: &Predicate) -> Option<Vec<u32>> {
        let peer = match predicate {
            Predicate::Pods(peer) | Predicate::PodsWithPort { peer: Some(peer), .. } => peer,
            Predicate::PodsWithPort { peer: None, .. } => return None,
            Predicate::Block(..) | Predicate::Nodes(_) => return Some(Vec::new()),
        };
        let of_namespace = match &peer.namespaces {
            NamespaceMatch::Named(name) => Some(self.namespaces.get(name).cloned().unwrap_or_default()),
            NamespaceMatch::Labels(selector) if selector.requirements.is_empty() => None,
            NamespaceMatch::Labels(selector) => {
                let selected = self.homes.iter().filter(|(labels, _)| selector.matches(labels));
                let mut groups: Vec<u32> = selected.flat_map(|(_, groups)| groups).copied().collect();
                groups.sort_unstable();
                Some(groups)
            }
        };
        let of_label = peer.pods.requirements.iter().filter_map(|requirement| match &requirement.operator {
            Operator::In(values) => {
                let known = self.labels.get(&requirement.key);
                let mut groups: Vec<u32> =
                    values.iter().filter_map(|value| known?.get(value)).flatten().copied().collect();
                groups.sort_unstable();
                Some(groups)
            }
            _ => None,
        });
        of_namespace.into_iter().chain(of_label).min_by_key(Vec::len)
    }
}

impl Matrix {
    /// Takes in groups that are new.
    pub fn extend_groups(&mut self, groups: &[Arc<Group>]) {
        let known = self.shared.groups.len();
        if groups.len() == known {
            return;
        }
        let Shared { predicates, rows, groups: taken, index, .. } = Arc::make_mut(&mut self.shared);
        for group in &groups[known..] {
            let holding = predicates.iter().enumerate().filter(|(_, predicate)| predicate.holds_for(group));
            rows.push(holding.map(|(i, _)| PredicateId(i as u32)).collect());
            index.add(taken.len() as u32, group);
            taken.push(group.clone());
        }
    }

    /// The id of a predicate, matched against all groups when it is new.
    pub fn intern(&mut self, predicate: Predicate) -> PredicateId {
        if let Some(id) = self.shared.ids.get(&predicate) {
            return *id;
        }
        let Shared { ids, predicates, rows, groups, index } = Arc::make_mut(&mut self.shared);
        let id = PredicateId(predicates.len() as u32);
        let mut hold = |group: usize| {
            if predicate.holds_for(&groups[group]) {
                rows[group].push(id);
            }
        };
        match index.candidates(&predicate) {
            Some(candidates) => candidates.into_iter().for_each(|group| hold(group as usize)),
            None => (0..groups.len()).for_each(hold),
        }
        ids.insert(predicate.clone(), id);
        predicates.push(predicate);
        id
    }

    /// Whether a predicate about pods holds for a group.
    pub fn holds(&self, predicate: PredicateId, group: GroupId) -> bool {
        self.shared.rows[group.0 as usize].binary_search(&predicate).is_ok()
    }

    /// The predicates about pods that hold for a group, ascending.
    pub fn row(&self, group: GroupId) -> impl Iterator<Item = PredicateId> {
        self.shared.rows[group.0 as usize].iter().copied()
    }

    pub fn get(&self, id: PredicateId) -> &Predicate {
        &self.shared.predicates[id.0 as usize]
    }
}
