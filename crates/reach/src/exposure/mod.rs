//! Exposure: what each endpoint is open to beyond the set, and what no policy protects.
mod peers;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use netloom_cluster::{ContainerPort, PortMatch, Protocol, Snapshot};
use netloom_policy::Direction;

use crate::{
    endpoints::{Endpoint, EndpointId, EndpointKind},
    names,
    outside::AddressRange,
    pool::PortSetId,
    reach::{Party, Reach, Scope},
    rows::Side,
    stand_in::StandIn,
};
use peers::{Asked, asked};

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
    /// On which ports beside these, by the name that the other one gives them.
    pub named: BTreeSet<NamedPort>,
}

/// A port that only a pod knows the number of.
pub type NamedPort = (Protocol, Arc<str>);

/// The stand-ins that exposure is asked about.
#[derive(Clone, Debug, Default)]
pub struct Exposure {
    /// The first of them in [`Scope::stand_ins`]: a pod of which nothing is known.
    first: usize,
    /// What each is asked about for.
    asked: Vec<Asked>,
    /// Names of ports that rules go by, with the numbers that the second half of the stand-ins gives them.
    ports: Vec<ContainerPort>,
}

/// What policies of an endpoint make of a stand-in.
#[derive(Clone, Debug, PartialEq)]
struct Opened {
    ports: PortSetId,
    named: BTreeSet<NamedPort>,
}

impl Exposure {
    /// Adds to a scope a pod of which nothing is known, and pods that the selectors of policies' peers select or just
    /// leave out, where the set's own pods are not all there is of them.
    pub fn prepare(snapshot: &Snapshot, scope: &mut Scope) -> Self {
        let asked = asked(snapshot);
        let first = scope.stand_ins.len();
        let all: Vec<StandIn> = asked.iter().map(|asked| asked.stand_in.clone()).collect();
        scope.stand_ins.extend(all.iter().cloned());
        let ports = named_ports(snapshot);
        if !ports.is_empty() {
            // The same ones once more, with ports that have these names.
            for stand_in in all {
                scope.named_ports.insert(scope.stand_ins.len(), ports.clone());
                scope.stand_ins.push(stand_in);
            }
        }
        Self { first, asked, ports }
    }
}

/// A port for each name that egress rules go by, with numbers that no rule has.
fn named_ports(snapshot: &Snapshot) -> Vec<ContainerPort> {
    let rules = snapshot.policies.iter().flat_map(|policy| policy.egress.iter().flatten());
    let ports: Vec<&PortMatch> =
        rules.flat_map(|rule| rule.ports.iter().flatten()).map(|named| &named.port).collect();
    let is_free = |number: &u16| {
        !ports
            .iter()
            .any(|port| matches!(port, PortMatch::Range(_, low, high) if (low..=high).contains(&number)))
    };
    let mut free = (1..=u16::MAX).rev().filter(is_free);
    let mut names: BTreeSet<NamedPort> = BTreeSet::new();
    for port in &ports {
        match port {
            PortMatch::Named(Some(protocol), name) => _ = names.insert((*protocol, name.clone())),
            PortMatch::Named(None, name) => {
                names.extend(crate::PROTOCOLS.map(|protocol| (protocol, name.clone())));
            }
            _ => {}
        }
    }
    let port =
        |(protocol, name): NamedPort| Some(ContainerPort { name: Some(name), port: free.next()?, protocol });
    names.into_iter().filter_map(port).collect()
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
        let mut add = |to, opened: Opened| {
            let Opened { ports: open, named } = opened;
            found.push(Exposed { endpoint: id, direction, to, open, named });
        };
        for (range, ports) in self.stretches(endpoint.class, side) {
            add(Beyond::External(range), Opened { ports, named: BTreeSet::new() });
        }
        let own: Vec<Opened> =
            (0..of.asked.len()).map(|nth| self.opened(endpoint, direction, of, nth)).collect();
        // Of which nothing is known, and whatever else anybody may be.
        let Some(plain) = own.first() else { return };
        let left_out = of.asked.iter().zip(&own).filter(|(asked, _)| asked.bounds);
        let anyone = left_out.fold(plain.clone(), |all, (_, opened)| self.shared(&all, opened));
        if !anyone.is_none() {
            add(Beyond::EntireCluster, anyone.clone());
        }
        // What all have in common that are called by one name.
        let mut by_name: BTreeMap<&Arc<str>, (Opened, bool)> = BTreeMap::new();
        for (asked, opened) in of.asked.iter().zip(&own) {
            let Some(name) = &asked.name else { continue };
            let like_plain = asked.stand_in == of.asked[0].stand_in;
            let entry = by_name.entry(name).or_insert_with(|| (opened.clone(), like_plain));
            *entry = (self.shared(&entry.0, opened), entry.1 || like_plain);
        }
        for (name, (opened, like_plain)) in by_name {
            // What everybody has is said; what a pod has of which nothing is known, by those of whom it is one.
            if opened != anyone && (like_plain || opened != *plain) {
                add(Beyond::Pods(name.clone()), opened);
            }
        }
    }

    /// What the endpoint's own policies open to or from one of the stand-ins.
    fn opened(&self, endpoint: &Endpoint, direction: Direction, of: &Exposure, nth: usize) -> Opened {
        let own = |nth: usize| {
            let stand_in = self.class_of(Party::StandIn(of.first + nth));
            self.classes.own_side(&self.pool, endpoint.class, direction, stand_in)
        };
        let ports = own(nth);
        if direction == Direction::Ingress || of.ports.is_empty() {
            return Opened { ports, named: BTreeSet::new() };
        }
        let more = self.ports(own(of.asked.len() + nth)).minus(&self.ports(ports));
        let is_open = |port: &&ContainerPort| {
            more.ranges(port.protocol).iter().any(|(low, high)| (*low..=*high).contains(&port.port))
        };
        let open = of.ports.iter().filter(is_open);
        let named = open.filter_map(|port| Some((port.protocol, port.name.clone()?))).collect();
        Opened { ports, named }
    }

    fn shared(&self, a: &Opened, b: &Opened) -> Opened {
        let named = a.named.intersection(&b.named).cloned().collect();
        Opened { ports: self.pool.and(a.ports, b.ports), named }
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

impl Opened {
    fn is_none(&self) -> bool {
        self.ports == PortSetId::NONE && self.named.is_empty()
    }
}
