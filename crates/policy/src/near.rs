//! Near misses: the rules that would almost have allowed a connection, and the line of each that stands in the way.
use std::{collections::BTreeMap, sync::Arc};

use ipnet::IpNet;
use netloom_cluster::{
    Action, Labels, NamespaceMatch, PodId, PodPeer, PortMatch, PortRef, Protocol, Selector, Tier,
};
use netloom_objects::ObjectRef;

use crate::{
    compiler::PolicySet,
    evaluate::{Connection, Direction, Party, Remote},
    matrix::{Predicate, PredicateId},
    rules::{CompiledRule, Peers},
};

/// A rule that accepts one half of a connection (who, or on which port) and not the other.
#[derive(Clone, Debug, PartialEq)]
pub struct NearMiss {
    /// The policy, at the line that would have to change.
    pub object: Arc<ObjectRef>,
    /// What stands in the way.
    pub miss: Miss,
}

/// What keeps a rule from matching.
#[derive(Clone, Debug, PartialEq)]
pub enum Miss {
    /// The peer matches, the port does not.
    Port {
        /// What the rule opens instead, each with its line.
        open: Vec<PortRef>,
        /// Whether the rule names its peers; one that is for everyone is about nobody in particular.
        named_peer: bool,
        /// Whether the number is open for another protocol.
        other_protocol: bool,
    },
    /// The port matches; the peer's namespace is not among those selected.
    Namespace {
        /// The namespaceSelector.
        selector: Selector,
        /// Whether it selects any namespace of the cluster.
        selects_any: bool,
        /// The labels that the peer's namespace has.
        has: Labels,
        /// Whether the podSelector beside it (where there is one) selects the peer.
        pods_match: bool,
    },
    /// The port matches; a podSelector without namespaceSelector is about the policy's own namespace only.
    OtherNamespace {
        /// The policy's namespace.
        only: Arc<str>,
        /// The peer's.
        peer: Arc<str>,
        /// The podSelector.
        selector: Selector,
    },
    /// Port and namespace match, the peer's labels do not.
    Pods {
        /// The podSelector.
        selector: Selector,
        /// Whether it selects any pod of the namespaces meant.
        selects_any: bool,
        /// The labels that the peer has.
        has: Labels,
    },
    /// The port matches; the address is not in the block, or in one of its exceptions.
    Block {
        /// The block.
        net: IpNet,
        /// The exception.
        except: Option<IpNet>,
    },
    /// The port matches; pods are selected, and the peer is none (or is on the host's network).
    NoPod {
        /// Whether it is a node's address.
        node: bool,
    },
}

/// Two peers of one list, of which one selects namespaces and the other pods: the list reads as "both", and means
/// "either".
#[derive(Clone, Debug, PartialEq)]
pub struct EitherPeer {
    /// The line that matches.
    pub matched: Arc<ObjectRef>,
    /// The line that does not.
    pub other: Arc<ObjectRef>,
    /// Whether the matching line is the one about namespaces.
    pub by_namespace: bool,
}

impl PolicySet {
    /// The NetworkPolicy rules that would almost let a connection of a pod pass, the nearest first. `peer` is the
    /// other side, `port` the destination's own.
    #[must_use]
    pub fn near_misses(
        &self,
        pod: PodId,
        direction: Direction,
        peer: impl Into<Remote>,
        protocol: Protocol,
        port: u16,
    ) -> Vec<NearMiss> {
        let connection = self.connection(pod, direction, peer.into(), protocol, port);
        let mut misses: Vec<NearMiss> = Vec::new();
        for rule in self.accepting(pod, direction) {
            let peers_match = self.peer_matches(rule, &connection);
            let port_matches = rule
                .ports
                .as_ref()
                .is_none_or(|ports| ports.iter().any(|(p, _)| self.port_matches(p, &connection)));
            match (peers_match, port_matches) {
                (true, false) => misses.extend(port_miss(rule, &connection)),
                (false, true) => misses.extend(self.peer_misses(rule, &connection)),
                // Both match: a named port, which reaches pods only, and never this peer.
                (true, true) | (false, false) => {}
            }
        }
        misses.sort_by_key(|m| distance(&m.miss));
        misses
    }

    /// Where a connection is allowed by one line alone, and that line is half of a pair that reads as if both had to
    /// hold: the pair.
    #[must_use]
    pub fn either_peer(
        &self,
        pod: PodId,
        direction: Direction,
        peer: impl Into<Remote>,
        protocol: Protocol,
        port: u16,
    ) -> Option<EitherPeer> {
        let connection = self.connection(pod, direction, peer.into(), protocol, port);
        let mut found = None;
        for rule in self.accepting(pod, direction) {
            if !rule
                .ports
                .as_ref()
                .is_none_or(|ports| ports.iter().any(|(p, _)| self.port_matches(p, &connection)))
            {
                continue;
            }
            let Peers::These(peers) = &rule.peers else { return None };
            for (i, (id, _)) in peers.iter().enumerate() {
                if self.predicate_holds(*id, connection.party, connection.peer)
                    && found.replace((peers, i)).is_some()
                {
                    return None;
                }
            }
        }
        let (peers, matched) = found?;
        let half = |i: usize| self.half(peers.get(i)?.0);
        let by_namespace = half(matched)?;
        // The half about namespaces is most often written first, so its neighbour is looked for behind it first.
        let neighbours = [matched.checked_add(1), matched.checked_sub(1)];
        let other = neighbours.into_iter().flatten().find(|&i| half(i) == Some(!by_namespace))?;
        // Both would hold too, were they one item: this peer was meant.
        if let (Predicate::Pods(other), Party::Pod(_, group)) =
            (self.peers.get(peers[other].0), connection.party)
            && by_namespace
            && other.pods.matches(&self.groups[group.0 as usize].labels)
        {
            return None;
        }
        Some(EitherPeer { matched: peers[matched].1.clone(), other: peers[other].1.clone(), by_namespace })
    }

    /// Whether a peer is about namespaces alone (true), about pods alone (false), or neither.
    fn half(&self, id: PredicateId) -> Option<bool> {
        let Predicate::Pods(PodPeer { namespaces, pods }) = self.peers.get(id) else { return None };
        match namespaces {
            NamespaceMatch::Labels(_) if pods.requirements.is_empty() => Some(true),
            NamespaceMatch::Named(_) if !pods.requirements.is_empty() => Some(false),
            _ => None,
        }
    }

    fn accepting(&self, pod: PodId, direction: Direction) -> impl Iterator<Item = &CompiledRule> {
        let policies =
            self.group_of(pod).map(|group| self.subjects_of(group, direction)).into_iter().flatten();
        policies
            .filter(|p| p.tier == Tier::NetworkPolicy)
            .flat_map(move |p| p.rules(direction).unwrap_or_default())
            .filter(|r| r.action == Action::Accept)
    }

    fn peer_matches(&self, rule: &CompiledRule, connection: &Connection) -> bool {
        match &rule.peers {
            Peers::Anyone => true,
            Peers::These(peers) => {
                peers.iter().any(|(p, _)| self.predicate_holds(*p, connection.party, connection.peer))
            }
        }
    }

    fn peer_misses(&self, rule: &CompiledRule, connection: &Connection) -> Vec<NearMiss> {
        let Peers::These(peers) = &rule.peers else { return Vec::new() };
        let exact = rule.ports.as_ref().is_some_and(|ports| {
            let one = |p: &PortMatch| matches!(p, PortMatch::Range(..) | PortMatch::Named(..));
            ports.iter().any(|(p, _)| one(p) && self.port_matches(p, connection))
        });
        let miss = |(id, origin): &(PredicateId, Arc<ObjectRef>)| {
            let miss = match self.peers.get(*id) {
                Predicate::Pods(peer) => self.pods_miss(peer, connection),
                Predicate::Block(net, except) => Some(Miss::Block {
                    net: *net,
                    except: connection.peer.and_then(|ip| except.iter().find(|e| e.contains(&ip)).copied()),
                }),
                Predicate::Nodes(_) | Predicate::PodsWithPort { .. } => None,
            }?;
            (exact || is_telling(&miss)).then(|| NearMiss { object: origin.clone(), miss })
        };
        peers.iter().filter_map(miss).collect()
    }

    fn pods_miss(&self, peer: &PodPeer, connection: &Connection) -> Option<Miss> {
        let group = match connection.party {
            Party::Pod(_, group) => &self.groups[group.0 as usize],
            Party::Node(_) => return Some(Miss::NoPod { node: true }),
            Party::Other => return Some(Miss::NoPod { node: false }),
        };
        match &peer.namespaces {
            NamespaceMatch::Named(only) if *only != group.namespace => {
                let (only, selector) = (only.clone(), peer.pods.clone());
                Some(Miss::OtherNamespace { only, peer: group.namespace.clone(), selector })
            }
            NamespaceMatch::Labels(selector) if !selector.matches(&group.namespace_labels) => {
                Some(Miss::Namespace {
                    selector: selector.clone(),
                    selects_any: self.namespaces.iter().any(|n| selector.matches(&n.labels)),
                    has: group.namespace_labels.clone(),
                    pods_match: peer.pods.matches(&group.labels),
                })
            }
            _ => Some(Miss::Pods {
                selector: peer.pods.clone(),
                selects_any: self.selects_any(peer),
                has: group.labels.clone(),
            }),
        }
    }

    fn selects_any(&self, peer: &PodPeer) -> bool {
        let in_namespace = |pod: &netloom_cluster::Pod| match &peer.namespaces {
            NamespaceMatch::Named(name) => *name == pod.namespace,
            NamespaceMatch::Labels(selector) => {
                let namespace = self.namespaces.get(pod.namespace_id.0 as usize);
                namespace.is_some_and(|n| selector.matches(&n.labels))
            }
        };
        self.pods.iter().any(|p| !p.host_network && in_namespace(p) && peer.pods.matches(&p.labels))
    }
}

fn port_miss(rule: &CompiledRule, connection: &Connection) -> Option<NearMiss> {
    let ports = rule.ports.as_ref()?;
    let other_protocol = |p: &PortMatch| match p {
        PortMatch::Range(protocol, low, high) => {
            *protocol != connection.protocol && (*low..=*high).contains(&connection.port)
        }
        PortMatch::All(protocol) => *protocol != connection.protocol,
        PortMatch::Named(..) => false,
    };
    let nearest = ports.iter().find(|(p, _)| other_protocol(p));
    let (_, origin) = nearest.or_else(|| ports.first())?;
    let open = ports.iter().map(|(port, origin)| PortRef { port: port.clone(), origin: origin.clone() });
    let miss = Miss::Port {
        open: open.collect(),
        named_peer: matches!(rule.peers, Peers::These(_)),
        other_protocol: nearest.is_some(),
    };
    Some(NearMiss { object: origin.clone(), miss })
}

/// Whether a peer that does not match tells something by itself, and not only because its port is the right one.
fn is_telling(miss: &Miss) -> bool {
    match miss {
        Miss::Port { .. } | Miss::Pods { .. } => true,
        Miss::Namespace { selects_any, pods_match, .. } => !selects_any && *pods_match,
        Miss::Block { except, .. } => except.is_some(),
        Miss::OtherNamespace { .. } | Miss::NoPod { .. } => false,
    }
}

/// How far a rule is from matching: what was surely meant for this connection first, and of two alike the one of
/// whose labels fewer differ.
fn distance(miss: &Miss) -> (u8, usize) {
    match miss {
        Miss::Port { named_peer: true, other_protocol: true, .. } => (0, 0),
        Miss::Port { named_peer: true, .. } => (1, 0),
        Miss::Namespace { selects_any: false, pods_match: true, selector, has } => {
            (2, differing(selector, has))
        }
        Miss::Pods { selects_any: false, selector, has } => (2, differing(selector, has)),
        Miss::Block { except: Some(_), .. } => (2, 0),
        Miss::Port { other_protocol: true, .. } => (3, 0),
        Miss::Pods { selector, has, .. } => (4, differing(selector, has)),
        Miss::Namespace { selector, has, pods_match: true, .. } => (5, differing(selector, has)),
        Miss::Port { .. } => (6, 0),
        Miss::OtherNamespace { .. } => (7, 0),
        Miss::Namespace { selector, has, .. } => (8, differing(selector, has)),
        Miss::Block { .. } | Miss::NoPod { .. } => (9, 0),
    }
}

fn differing(selector: &Selector, labels: &BTreeMap<String, String>) -> usize {
    let holds = |r: &netloom_cluster::Requirement| Selector { requirements: vec![r.clone()] }.matches(labels);
    selector.requirements.iter().filter(|r| !holds(r)).count()
}
