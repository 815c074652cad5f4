//! Exposure: what each endpoint is open to beyond the set, and what no policy protects.
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::Arc,
};

use netloom_cluster::{NamespaceMatch, Operator, Peer, Pod, PodPeer, Requirement, Selector, Snapshot};
use netloom_objects::Location;
use netloom_policy::Direction;

use crate::{
    endpoints::{Endpoint, EndpointId, EndpointKind},
    names,
    outside::AddressRange,
    pool::PortSetId,
    reach::{Party, Reach, Scope},
    rows::Side,
    stand_in::{Home, NAME_LABEL, StandIn},
};

/// Any pod of any namespace.
pub const ENTIRE_CLUSTER: &str = "entire-cluster";

/// Someone beyond the set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// Any pod of any namespace, whatever its labels.
    EntireCluster,
    /// Pods that a rule selects and the set does not have.
    Pods(Arc<str>),
    /// Addresses outside of the cluster.
    External(AddressRange),
}

impl Beyond {
    /// As it is written: `entire-cluster`, `backend/[all pods]`, `[namespace with {team=a}]/[pod with {app=b}]`.
    #[must_use]
    pub fn name(&self) -> Arc<str> {
        match self {
            Self::EntireCluster => ENTIRE_CLUSTER.into(),
            Self::Pods(name) => name.clone(),
            Self::External(range) => names::external(range.low, range.high).into(),
        }
    }
}

/// What an endpoint is open to beyond the set.
#[derive(Clone, Debug)]
pub struct Exposed {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// As a target (ingress) or as a source (egress).
    pub direction: Direction,
    /// To whom.
    pub to: Beyond,
    /// On which ports, by the endpoint's own policies.
    pub open: PortSetId,
}

/// The stand-ins that exposure is asked about, with their names.
#[derive(Clone, Debug, Default)]
pub struct Exposure {
    /// The first of them in [`Scope::stand_ins`].
    first: usize,
    names: Vec<Arc<str>>,
}

impl Exposure {
    /// Adds to a scope a pod of which nothing is known, and one for each selector of a policy's peers that the set's
    /// own pods are not all there is of.
    pub fn prepare(snapshot: &Snapshot, scope: &mut Scope) -> Self {
        let mut exposure = Self { first: scope.stand_ins.len(), names: Vec::new() };
        let nobody = StandIn { home: Home::Labelled(BTreeMap::new()), labels: BTreeMap::new() };
        exposure.names.push(ENTIRE_CLUSTER.into());
        scope.stand_ins.push(nobody);
        for peer in peers(snapshot).into_iter().filter(|peer| !is_met(snapshot, peer)) {
            for (stand_in, name) in stand_ins(snapshot, peer) {
                scope.stand_ins.push(stand_in);
                exposure.names.push(name);
            }
        }
        exposure
    }
}

impl Reach {
    /// What each endpoint is open to beyond the set, sorted by its name; for each first the outside.
    #[must_use]
    pub fn exposure(&self, of: &Exposure) -> Vec<Exposed> {
        let mut found = Vec::new();
        for direction in [Direction::Egress, Direction::Ingress] {
            for (nth, endpoint) in self.policed() {
                self.exposed(EndpointId(nth as u32), endpoint, direction, of, &mut found);
            }
        }
        found
    }

    fn exposed(
        &self,
        id: EndpointId,
        endpoint: &Endpoint,
        direction: Direction,
        of: &Exposure,
        found: &mut Vec<Exposed>,
    ) {
        let side = if direction == Direction::Ingress { Side::In } else { Side::Out };
        let mut add = |to, open| found.push(Exposed { endpoint: id, direction, to, open });
        for (range, open) in self.stretches(endpoint.class, side) {
            add(Beyond::External(range), open);
        }
        let own = |nth: usize| {
            let stand_in = self.class_of(Party::StandIn(of.first + nth));
            self.classes.own_side(&self.pool, endpoint.class, direction, stand_in)
        };
        let to_anyone = own(0);
        if to_anyone != PortSetId::NONE {
            add(Beyond::EntireCluster, to_anyone);
        }
        let anyone = self.ports(to_anyone);
        // Several selectors may be written the same way.
        let mut more: BTreeMap<&Arc<str>, PortSetId> = BTreeMap::new();
        for (nth, name) in of.names.iter().enumerate().skip(1) {
            let open = own(nth);
            if !self.ports(open).minus(&anyone).is_none() {
                more.entry(name).and_modify(|known| *known = self.pool.or(*known, open)).or_insert(open);
            }
        }
        for (name, open) in more {
            add(Beyond::Pods(name.clone()), open);
        }
    }

    /// The endpoints that no policy selects for a direction, by name.
    pub fn unprotected(&self, direction: Direction) -> impl Iterator<Item = EndpointId> {
        let unprotected = move |endpoint: &Endpoint| {
            endpoint.pods.iter().any(|pod| self.policies.selecting(*pod, direction).next().is_none())
        };
        self.policed().filter(move |(_, e)| unprotected(e)).map(|(nth, _)| EndpointId(nth as u32))
    }

    /// Endpoints of the set that policies are about.
    fn policed(&self) -> impl Iterator<Item = (usize, &Endpoint)> {
        let policed = |endpoint: &Endpoint| {
            let is_node = matches!(endpoint.kind, EndpointKind::Node(_));
            !is_node && !endpoint.builtin && !self.is_on_host_network(endpoint)
        };
        self.endpoints().iter().enumerate().filter(move |(_, e)| policed(e))
    }

    /// Whether its pods are on their nodes' network, where no policy is about them.
    #[must_use]
    pub fn is_on_host_network(&self, endpoint: &Endpoint) -> bool {
        endpoint.pods.first().is_some_and(|pod| self.snapshot.pod(*pod).host_network)
    }
}

/// The pods that policies speak of, each selection once.
fn peers(snapshot: &Snapshot) -> BTreeSet<&PodPeer> {
    let rules = snapshot.policies.iter().flat_map(|p| p.ingress.iter().chain(&p.egress).flatten());
    let peers = rules.flat_map(|rule| rule.peers.iter().flatten());
    let pods = peers.filter_map(|peer| match &peer.peer {
        Peer::Pods(pods) => Some(pods),
        _ => None,
    });
    pods.collect()
}

/// Whether the pods that a peer asks for by their labels are there: then they, and not others, are meant.
fn is_met(snapshot: &Snapshot, peer: &PodPeer) -> bool {
    if peer.pods.requirements.is_empty() {
        // Any pod of any namespace is asked about anyway.
        return matches!(&peer.namespaces, NamespaceMatch::Labels(labels) if labels.requirements.is_empty());
    }
    let met = |pod: &Arc<Pod>| {
        !pod.host_network && pod.origin.at != Location::builtin() && peer.pods.matches(&pod.labels)
    };
    let any_of = |namespace: &str| pods_of(snapshot, namespace).iter().any(met);
    match &peer.namespaces {
        NamespaceMatch::Named(name) => any_of(name),
        NamespaceMatch::Labels(labels) => {
            let mut selected = snapshot.namespaces.iter().filter(|n| labels.matches(&n.labels));
            selected.any(|namespace| any_of(&namespace.name))
        }
    }
}

/// The pods of a namespace: they stand together.
fn pods_of<'s>(snapshot: &'s Snapshot, namespace: &str) -> &'s [Arc<Pod>] {
    let first = snapshot.pods.partition_point(|pod| *pod.namespace < *namespace);
    let behind = snapshot.pods.partition_point(|pod| *pod.namespace <= *namespace);
    &snapshot.pods[first..behind]
}

/// Pods that a peer selects, each with the name of those that it stands for.
fn stand_ins(snapshot: &Snapshot, peer: &PodPeer) -> Vec<(StandIn, Arc<str>)> {
    let pods = match peer.pods.requirements.as_slice() {
        [] => "[all pods]".to_owned(),
        _ => format!("[pod with {{{}}}]", words(&peer.pods.requirements)),
    };
    let (homes, namespaces) = match &peer.namespaces {
        NamespaceMatch::Named(name) => (vec![Home::Named(name.clone())], name.to_string()),
        NamespaceMatch::Labels(selector) => homes(snapshot, selector),
    };
    let name: Arc<str> = format!("{namespaces}/{pods}").into();
    let labels = examples(&peer.pods);
    let pairs =
        homes.into_iter().flat_map(|home| labels.iter().map(move |labels| (home.clone(), labels.clone())));
    pairs.map(|(home, labels)| (StandIn { home, labels }, name.clone())).collect()
}

fn homes(snapshot: &Snapshot, selector: &Selector) -> (Vec<Home>, String) {
    let named = |r: &Requirement| match &r.operator {
        Operator::In(names) if r.key == NAME_LABEL => Some(names.clone()),
        _ => None,
    };
    match selector.requirements.as_slice() {
        [] => (vec![Home::Labelled(BTreeMap::new())], "[all namespaces]".to_owned()),
        [only] if named(only).is_some() => {
            let names = named(only).unwrap_or_default();
            let homes = names.iter().map(|name| Home::Named(name.as_str().into())).collect();
            (homes, names.join("|"))
        }
        requirements => {
            let named = requirements.iter().find_map(named).unwrap_or_default();
            let known = |name: &&String| snapshot.find_namespace(name).is_some();
            let homes = match named.iter().any(|name| known(&name)) {
                // A namespace of the set has the labels that it has.
                true => named.iter().filter(known).map(|name| Home::Named(name.as_str().into())).collect(),
                false => examples(selector).into_iter().map(Home::Labelled).collect(),
            };
            (homes, format!("[namespace with {{{}}}]", words(requirements)))
        }
    }
}

/// Values that are tried of a list, at most.
const TRIED: usize = 8;

/// Labels that a selector selects, the fewest there can be: one for each value that it lists. None where nothing can
/// have them.
fn examples(selector: &Selector) -> Vec<BTreeMap<String, String>> {
    let mut examples = vec![BTreeMap::new()];
    for requirement in &selector.requirements {
        let values: Vec<String> = match &requirement.operator {
            Operator::In(values) => values.iter().take(TRIED).cloned().collect(),
            Operator::Exists => vec!["any".to_owned()],
            Operator::NotIn(_) | Operator::DoesNotExist => continue,
        };
        let with = |labels: &BTreeMap<String, String>| {
            let known = labels.contains_key(&requirement.key);
            let values = if known { Vec::new() } else { values.clone() };
            let added = values.into_iter().map(|value| {
                let mut labels = labels.clone();
                labels.insert(requirement.key.clone(), value);
                labels
            });
            added.chain(known.then(|| labels.clone())).collect::<Vec<_>>()
        };
        examples = examples.iter().flat_map(with).take(TRIED * TRIED).collect();
    }
    examples.retain(|labels| selector.matches(labels));
    examples
}

/// `app=web,env Exists,role NotIn (a,b)`.
fn words(requirements: &[Requirement]) -> String {
    let mut text = String::new();
    for (nth, Requirement { key, operator }) in requirements.iter().enumerate() {
        let comma = if nth > 0 { "," } else { "" };
        // Writing to a String cannot fail.
        _ = match operator {
            Operator::In(values) if values.len() == 1 => write!(text, "{comma}{key}={}", values[0]),
            Operator::In(values) => write!(text, "{comma}{key} In ({})", values.join(",")),
            Operator::NotIn(values) => write!(text, "{comma}{key} NotIn ({})", values.join(",")),
            Operator::Exists => write!(text, "{comma}{key} Exists"),
            Operator::DoesNotExist => write!(text, "{comma}{key} DoesNotExist"),
        };
    }
    text
}
