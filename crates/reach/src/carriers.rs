//! Who carries Ingresses and routes out, and whether policies let them reach the pods.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use netloom_cluster::{NodeId, PodId, Snapshot};
use netloom_objects::{
    Object, ObjectSet, Typed,
    unread::{Reader, Unread},
};

use crate::{
    controllers::Carrier,
    endpoints::EndpointId,
    ports::PortSet,
    published::{Entry, Published, namespace_of, published, targets},
    reach::{Party, Reach, Scope, is_known},
    rows::Side,
    stand_in::StandIn,
};

/// What is published, and who carries it out.
#[derive(Debug, Default)]
pub(crate) struct Carriers {
    pub published: Vec<Published>,
    parties: HashMap<Carrier, Vec<Party>>,
}

impl Carriers {
    /// Finds the controllers among the pods, and adds a stand-in for each that is missing.
    pub fn of(objects: &ObjectSet, snapshot: &Snapshot, stand_ins: &mut Vec<StandIn>) -> Self {
        let published = published(objects, snapshot);
        let mut parties: HashMap<Carrier, Vec<Party>> = HashMap::new();
        for published in &published {
            let Entry::Controller(carrier) = &published.entry else { continue };
            if parties.contains_key(carrier) {
                continue;
            }
            let own = snapshot.pods.iter().filter(|pod| carrier.is(pod)).map(|pod| Party::Pod(pod.id));
            let mut of_carrier: Vec<Party> = own.collect();
            if of_carrier.is_empty() {
                of_carrier = proxies(objects, snapshot, carrier);
            }
            if of_carrier.is_empty() {
                for stand_in in carrier.stand_ins() {
                    let place = stand_ins.iter().position(|known| *known == stand_in);
                    of_carrier.push(Party::StandIn(place.unwrap_or_else(|| {
                        stand_ins.push(stand_in);
                        stand_ins.len() - 1
                    })));
                }
            }
            parties.insert(carrier.clone(), of_carrier);
        }
        Self { published, parties }
    }

    pub fn parties(&self, carrier: &Carrier) -> &[Party] {
        self.parties.get(carrier).map_or(&[], Vec::as_slice)
    }
}

/// The pods of a Gateway whose controller is not known: those that are published beside it on one of its ports.
fn proxies(objects: &ObjectSet, snapshot: &Snapshot, carrier: &Carrier) -> Vec<Party> {
    let (Some((namespace, name)), None) = (&carrier.gateway, &carrier.selector) else { return Vec::new() };
    let is_meant = |object: &Object| *object.name == **name && namespace_of(object) == namespace;
    let gateway = objects.objects().find_map(|object| match &object.typed {
        Typed::Gateway(gateway) if is_meant(object) => Some(gateway),
        _ => None,
    });
    let Some(gateway) = gateway else { return Vec::new() };
    let listens = |port: u16| gateway.spec.listeners.iter().any(|l| l.port == i32::from(port));
    let beside = snapshot.services.iter().filter(|s| *s.namespace == **namespace);
    let mut pods = BTreeSet::new();
    for service in beside.filter(|s| !s.lb_ips.is_empty() || s.ports.iter().any(|p| p.node_port.is_some())) {
        for (nth, port) in service.ports.iter().enumerate().filter(|(_, port)| listens(port.port)) {
            pods.extend(targets(service, nth, port.protocol).map(|(pod, ..)| pod));
        }
    }
    pods.into_iter().map(Party::Pod).collect()
}

/// What policies make of one way from outside to an endpoint.
#[derive(Clone, Debug)]
pub struct Way<'r> {
    /// The way.
    pub published: &'r Published,
    /// Where it leads.
    pub to: EndpointId,
    /// The ports there that it leads to.
    pub aims: PortSet,
    /// Those of them that whoever connects to the pods may open: the controller, or some address outside.
    pub open: PortSet,
    /// Who connects: the controller's pods or stand-ins for it. Empty where clients themselves do.
    pub by: Vec<Party>,
    /// Where clients themselves connect: the nodes under whose addresses some of them come.
    pub nodes: Vec<Party>,
}

impl Reach {
    /// Makes the classes of a set of objects, with the controllers that carry its Ingresses and routes out.
    #[must_use]
    pub fn of(objects: &ObjectSet, snapshot: &Snapshot, mut scope: Scope) -> Self {
        let carriers = Carriers::of(objects, snapshot, &mut scope.stand_ins);
        let mut reach = Self::new(snapshot, &scope);
        reach.carriers = carriers;
        reach.unread = Unread::of(objects, Reader::Connections);
        reach
    }

    /// Everything that the objects publish, in their order.
    #[must_use]
    pub fn published(&self) -> &[Published] {
        &self.carriers.published
    }

    /// Who carries something out: pods of the set, or stand-ins for those that it lacks.
    #[must_use]
    pub fn carried_by(&self, carrier: &Carrier) -> &[Party] {
        self.carriers.parties(carrier)
    }

    /// Every way from outside to an endpoint that the objects publish, in their order, and what policies make of it.
    pub fn ways(&self) -> impl Iterator<Item = Way<'_>> {
        self.carriers.published.iter().flat_map(move |published| {
            let mut aims: BTreeMap<EndpointId, PortSet> = BTreeMap::new();
            for &(pod, protocol, port) in &published.targets {
                let Some(endpoint) = self.endpoint_of(pod) else { continue };
                let aim = aims.entry(endpoint).or_default();
                *aim = aim.or(&PortSet::of(protocol, port, port));
            }
            aims.into_iter().map(move |(to, aims)| self.way(published, to, aims))
        })
    }

    fn way<'r>(&'r self, published: &'r Published, to: EndpointId, aims: PortSet) -> Way<'r> {
        let by = match &published.entry {
            Entry::Controller(carrier) => self.carriers.parties(carrier).to_vec(),
            _ => Vec::new(),
        };
        let target = Party::Endpoint(to);
        let nodes = if published.masquerades { self.nodes_before(to) } else { Vec::new() };
        let mut open = PortSet::none();
        if by.is_empty() {
            let ranges = self.stretches(self.class_of(target), Side::In);
            for (_, ports) in ranges.iter().filter(|(range, _)| published.is_for(range)) {
                open = open.or(&self.ports(*ports));
            }
            nodes.iter().for_each(|node| open = open.or(&self.open_to_node(*node, to)));
        } else {
            by.iter().for_each(|party| open = open.or(&self.allowed(*party, target)));
        }
        Way { published, to, open: open.and(&aims), aims, by, nodes }
    }

    /// The nodes that hand traffic on to pods of an endpoint on other nodes; nodes that policies see alike once.
    fn nodes_before(&self, to: EndpointId) -> Vec<Party> {
        let pods = &self.endpoint(to).pods;
        let is_before = |node: &NodeId| {
            !is_known(&self.snapshot, *node) || pods.iter().any(|pod| self.snapshot.pod(*pod).node != *node)
        };
        let mut classes = HashSet::new();
        let nodes = self.snapshot.nodes.iter().map(|node| node.id).filter(is_before);
        nodes.map(Party::Node).filter(|node| classes.insert(self.class_of(*node))).collect()
    }

    /// What a node may open on an endpoint's pods of other nodes: those on its own let it in in any case.
    pub(crate) fn open_to_node(&self, node: Party, to: EndpointId) -> Arc<PortSet> {
        self.ports(self.between(self.class_of(node), self.class_of(Party::Endpoint(to))))
    }

    /// The ingress controllers and gateways of the set, and stand-ins for those that it lacks.
    pub(crate) fn controllers(&self) -> Vec<Party> {
        let mut parties: Vec<Party> = self.carriers.parties.values().flatten().copied().collect();
        parties.sort_by_key(|party| match party {
            Party::Pod(pod) => (0, pod.0 as usize),
            Party::StandIn(nth) => (1, *nth),
            _ => (2, 0),
        });
        parties.dedup();
        parties
    }

    /// What ingress controllers and gateways may open on each endpoint that Ingresses and routes lead to.
    pub(crate) fn controller_lines(&self) -> BTreeMap<EndpointId, PortSet> {
        let mut open: BTreeMap<EndpointId, PortSet> = BTreeMap::new();
        for way in self.ways().filter(|way| matches!(way.published.entry, Entry::Controller(_))) {
            let of_endpoint = open.entry(way.to).or_default();
            *of_endpoint = of_endpoint.or(&way.open);
        }
        open.retain(|_, ports| !ports.is_none());
        open
    }

    /// The endpoint that a pod belongs to.
    #[must_use]
    pub fn endpoint_of(&self, pod: PodId) -> Option<EndpointId> {
        self.endpoint_of_pod.get(pod.0 as usize).copied()
    }
}
