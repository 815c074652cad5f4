//! Policies of the four kinds in one neutral form: tiers of ordered rules over peers and ports.
use std::{collections::BTreeMap, sync::Arc};

use ipnet::IpNet;
use netloom_objects::ObjectRef;

use super::Protocol;

/// A label selector. An empty one matches everything; a selector that is absent is `None` where it may be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Selector {
    /// `matchLabels` and `matchExpressions`, all of which must hold; sorted.
    pub requirements: Vec<Requirement>,
}

/// One requirement of a selector.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Requirement {
    /// The label's key.
    pub key: String,
    /// What must hold of it.
    pub operator: Operator,
}

/// The operators of `matchExpressions`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operator {
    /// The key is there and has one of the values (sorted).
    In(Vec<String>),
    /// The key is absent, or has none of the values (sorted).
    NotIn(Vec<String>),
    /// The key is there.
    Exists,
    /// The key is absent.
    DoesNotExist,
}

impl Selector {
    /// Whether an object with these labels is selected.
    #[must_use]
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.requirements.iter().all(|r| {
            let value = labels.get(&r.key);
            match &r.operator {
                Operator::In(values) => value.is_some_and(|v| values.iter().any(|w| w == v)),
                Operator::NotIn(values) => value.is_none_or(|v| values.iter().all(|w| w != v)),
                Operator::Exists => value.is_some(),
                Operator::DoesNotExist => value.is_none(),
            }
        })
    }
}

/// Which pods: by namespace and by the pod's labels, both of which must hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PodPeer {
    /// Which namespaces.
    pub namespaces: NamespaceMatch,
    /// Which pods in them.
    pub pods: Selector,
}

/// Which namespaces.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NamespaceMatch {
    /// This one: a NetworkPolicy's own.
    Named(Arc<str>),
    /// Those with matching labels.
    Labels(Selector),
}

/// Who is on the other side of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Peer {
    /// Pods (never hostNetwork ones).
    Pods(PodPeer),
    /// Addresses: inside the first, outside all of the others. A known pod address matches like any other.
    Block(IpNet, Vec<IpNet>),
    /// Nodes by their labels, hostNetwork pods with them (AdminNetworkPolicy and ClusterNetworkPolicy, egress).
    Nodes(Selector),
    /// A peer type that this version does not know, or that it cannot decide (domain names): fails closed.
    Unknown,
}

/// A port that a rule names. `None` ports mean every port of every protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PortMatch {
    /// Every port of one protocol.
    All(Protocol),
    /// A range, both ends included.
    Range(Protocol, u16, u16),
    /// A container port's name, resolved on the destination pod. No protocol: whichever the port has (CNP, ANP).
    Named(Option<Protocol>, Arc<str>),
}

/// What a rule does with what it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Allowed, and final.
    Accept,
    /// Denied, and final.
    Deny,
    /// Leaves the tier.
    Pass,
}

/// A rule's peer with its line.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerRef {
    /// The peer.
    pub peer: Peer,
    /// Its line.
    pub origin: Arc<ObjectRef>,
}

/// A rule's port with its line.
#[derive(Clone, Debug, PartialEq)]
pub struct PortRef {
    /// The port.
    pub port: PortMatch,
    /// Its line.
    pub origin: Arc<ObjectRef>,
}

/// One rule of one direction.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// What it does; NetworkPolicy rules always accept.
    pub action: Action,
    /// Its name, where the kind has names.
    pub name: Option<Arc<str>>,
    /// Who is on the other side; `None` is anyone, outside included.
    pub peers: Option<Vec<PeerRef>>,
    /// On which ports of the destination; `None` is all.
    pub ports: Option<Vec<PortRef>>,
    /// Its line.
    pub origin: Arc<ObjectRef>,
}

/// The tier that a policy's rules are judged in, in the order of judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tier {
    /// ClusterNetworkPolicy `tier: Admin`, AdminNetworkPolicy. The lower priority number goes first.
    Admin(i32),
    /// NetworkPolicy: unordered, accepts only, isolates what it selects.
    NetworkPolicy,
    /// ClusterNetworkPolicy `tier: Baseline`, BaselineAdminNetworkPolicy.
    Baseline(i32),
}

/// One policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Its tier and priority.
    pub tier: Tier,
    /// The pods that it is about.
    pub subject: PodPeer,
    /// Its ingress rules in order; `None`: says nothing of ingress (a NetworkPolicy with `Some(vec![])` isolates).
    pub ingress: Option<Vec<Rule>>,
    /// Its egress rules in order, likewise.
    pub egress: Option<Vec<Rule>>,
    /// The policy object.
    pub origin: Arc<ObjectRef>,
}
