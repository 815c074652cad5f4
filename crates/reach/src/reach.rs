//! Who can reach whom in one Snapshot.
use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::Arc,
};

use ipnet::IpNet;
use netloom_cluster::{Addrs, ContainerPort, Family, NodeId, PodId, Snapshot};
use netloom_objects::unread::Unread;
use netloom_policy::{Direction, PolicySet};

use crate::{
    carriers::Carriers,
    classes::{ClassId, Classes, of_unaddressed_node, of_unaddressed_pod},
    endpoints::{Endpoint, EndpointId, EndpointKind, endpoints},
    outside::{AddressRange, ranges},
    pool::{Pool, PortSetId},
    ports::PortSet,
    stand_in::{self, StandIn},
};

/// What belongs to the picture beyond what the Snapshot says.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Whether addresses outside of the cluster have IPv6 too. Where it is not said, they have if any policy, pod or
    /// node has.
    pub ipv6: Option<bool>,
    /// Networks of the cluster itself: no address in them is outside.
    pub inside: Vec<IpNet>,
    /// Pods that might be, to ask about.
    pub stand_ins: Vec<StandIn>,
    /// Ports that some of them declare, by their index.
    pub named_ports: BTreeMap<usize, Vec<ContainerPort>>,
}

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    /// A workload, a pod or a node of [`Reach::endpoints`].
    Endpoint(EndpointId),
    /// One pod.
    Pod(PodId),
    /// A node.
    Node(NodeId),
    /// An address: whoever is known to have it, else the outside.
    Address(IpAddr),
    /// One of [`Scope::stand_ins`], by its index.
    StandIn(usize),
}

/// A range of addresses outside of the cluster that no policy tells apart within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outside {
    /// The addresses.
    pub range: AddressRange,
    /// Their class.
    pub class: ClassId,
}

/// Who can reach whom.
#[derive(Debug)]
pub struct Reach {
    pub(crate) snapshot: Snapshot,
    pub(crate) policies: Arc<PolicySet>,
    pub(crate) pool: Pool,
    pub(crate) classes: Classes,
    of_pod: Vec<ClassId>,
    of_node: Vec<ClassId>,
    endpoints: Vec<Endpoint>,
    outside: Vec<Outside>,
    /// By family and identity, for addresses.
    addresses: HashMap<(Family, u32), ClassId>,
    pub(crate) endpoint_of_pod: Vec<EndpointId>,
    pub(crate) stand_ins: Vec<StandIn>,
    pub(crate) carriers: Carriers,
    pub(crate) unread: Unread,
}

impl Reach {
    /// Compiles the policies of a Snapshot, and finds the classes.
    #[must_use]
    pub fn new(snapshot: &Snapshot, scope: &Scope) -> Self {
        let everyone = stand_in::with(snapshot, &scope.stand_ins, &scope.named_ports);
        let policies = Arc::new(PolicySet::compile(&everyone));
        let tables = policies.tables().clone();
        let pool = Pool::new();
        let mut classes = Classes::of(&tables, &pool);
        let of_pod: Vec<_> = everyone.pods.iter().map(|p| classes.of_pod(snapshot, p, &tables)).collect();
        let of_node: Vec<_> =
            snapshot.nodes.iter().map(|n| classes.of_node(snapshot, n.id, &tables)).collect();
        let ipv6 = scope.ipv6.unwrap_or_else(|| {
            let known = tables.known.iter().map(|(ip, _)| *ip);
            known.chain(tables.ranges.iter().map(|(low, ..)| *low)).any(|ip| ip.is_ipv6())
        });
        let families = [Family::V4, Family::V6];
        let mut addresses = HashMap::new();
        let identities = tables.ranges.iter().map(|(low, _, id)| (Family::of(*low), *id));
        for (family, identity) in identities.chain(families.map(|family| (family, 0))) {
            addresses.insert((family, identity), classes.of_addresses(family, identity));
        }
        let shown = families.into_iter().filter(|f| *f == Family::V4 || ipv6);
        let outside = ranges(&tables, shown, &scope.inside)
            .into_iter()
            .map(|(range, identity)| Outside { range, class: addresses[&(Family::of(range.low), identity)] })
            .collect();
        let endpoints = endpoints(snapshot, &of_pod, &of_node);
        let mut endpoint_of_pod = vec![EndpointId(0); snapshot.pods.len()];
        for (nth, endpoint) in endpoints.iter().enumerate() {
            endpoint.pods.iter().for_each(|pod| endpoint_of_pod[pod.0 as usize] = EndpointId(nth as u32));
        }
        Self {
            snapshot: snapshot.clone(),
            endpoints,
            endpoint_of_pod,
            stand_ins: scope.stand_ins.clone(),
            carriers: Carriers::default(),
            unread: Unread::default(),
            policies,
            pool,
            classes,
            of_pod,
            of_node,
            outside,
            addresses,
        }
    }

    /// Workloads (pod by pod, where the pods of one differ) and declared nodes, sorted by name.
    #[must_use]
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// What of the set is not taken into account.
    #[must_use]
    pub fn unread(&self) -> &Unread {
        &self.unread
    }

    /// An endpoint.
    #[must_use]
    pub fn endpoint(&self, id: EndpointId) -> &Endpoint {
        &self.endpoints[id.index()]
    }

    /// The endpoint of a name as it is written: `namespace/name[Kind]`.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<EndpointId> {
        let place = self.endpoints.binary_search_by(|e| (*e.name).cmp(name)).ok()?;
        Some(EndpointId(place as u32))
    }

    /// The outside: disjoint ranges in order, IPv4 first.
    #[must_use]
    pub fn outside(&self) -> &[Outside] {
        &self.outside
    }

    /// The Snapshot that it is about.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The compiled policies, which name the rule that decides.
    #[must_use]
    pub fn policies(&self) -> &PolicySet {
        &self.policies
    }

    /// The class of one end.
    #[must_use]
    pub fn class_of(&self, party: Party) -> ClassId {
        match party {
            Party::Endpoint(id) => self.endpoint(id).class,
            Party::Pod(pod) => self.of_pod[pod.0 as usize],
            Party::Node(node) => self.of_node[node.0 as usize],
            Party::StandIn(nth) => self.of_pod[self.snapshot.pods.len() + nth],
            Party::Address(ip) => match self.known(ip) {
                Some(party) => self.class_of(party),
                None => self.addresses[&(Family::of(ip), self.policies.tables().identity(ip))],
            },
        }
    }

    /// The stand-ins that it was asked to judge too.
    #[must_use]
    pub fn stand_ins(&self) -> &[StandIn] {
        &self.stand_ins
    }

    /// Where a stand-in is among the pods that policies were compiled for.
    pub(crate) fn stand_in(&self, nth: usize) -> PodId {
        PodId((self.snapshot.pods.len() + nth) as u32)
    }

    /// Who is known to have an address.
    pub(crate) fn known(&self, ip: IpAddr) -> Option<Party> {
        if let Some(pod) = self.policies.pod_at(ip) {
            return Some(Party::Pod(pod));
        }
        self.snapshot.nodes.iter().find(|n| n.ips.contains(ip)).map(|n| Party::Node(n.id))
    }

    /// The identities by which rules see one end: of each of its addresses, or apart from any.
    pub(crate) fn identities(&self, party: Party) -> Vec<u32> {
        let tables = self.policies.tables();
        let of_addresses = |ips: Addrs| ips.iter().map(|ip| tables.identity(ip)).collect::<Vec<_>>();
        match party {
            Party::Address(ip) => vec![tables.identity(ip)],
            Party::Node(node) => match of_unaddressed_node(tables, node) {
                Some(identity) => vec![identity],
                None => of_addresses(self.snapshot.node(node).ips),
            },
            Party::Pod(id) => match (of_unaddressed_pod(tables, id), self.snapshot.pod(id)) {
                (Some(identity), _) => vec![identity],
                (None, pod) if pod.host_network => self.identities(Party::Node(pod.node)),
                (None, pod) => of_addresses(pod.ips),
            },
            Party::StandIn(nth) => of_unaddressed_pod(tables, self.stand_in(nth)).into_iter().collect(),
            Party::Endpoint(id) => match (&self.endpoint(id).kind, self.endpoint(id).pods.first()) {
                (EndpointKind::Node(node), _) => self.identities(Party::Node(*node)),
                (_, Some(pod)) => self.identities(Party::Pod(*pod)),
                (_, None) => Vec::new(),
            },
        }
    }

    /// What policies allow members of one class towards another member of a class.
    #[must_use]
    pub fn between(&self, from: ClassId, to: ClassId) -> PortSetId {
        self.classes.allowed(&self.pool, from, to, None)
    }

    /// What the rules about one end alone allow towards the other: of `Ingress` as a target, of `Egress` as a source.
    #[must_use]
    pub fn own_side(&self, of: Party, direction: Direction, with: Party) -> Arc<PortSet> {
        self.ports(self.classes.own_side(&self.pool, self.class_of(of), direction, self.class_of(with)))
    }

    /// The set of ports that a number stands for.
    #[must_use]
    pub fn ports(&self, id: PortSetId) -> Arc<PortSet> {
        self.pool.get(id)
    }

    /// Which connections are allowed, over either IP family. A pod always reaches itself, and a node the pods on it; a
    /// workload is asked about its other pods, if it has several.
    #[must_use]
    pub fn allowed(&self, from: Party, to: Party) -> Arc<PortSet> {
        self.allowed_over(from, to, None)
    }

    /// As [`Self::allowed`], over one IP family.
    #[must_use]
    pub fn allowed_over(&self, from: Party, to: Party, family: Option<Family>) -> Arc<PortSet> {
        let id = if self.is_exempt(from, to) {
            PortSetId::ALL
        } else {
            self.classes.allowed(&self.pool, self.class_of(from), self.class_of(to), family)
        };
        self.ports(id)
    }

    /// Whether no policy is asked about a connection.
    fn is_exempt(&self, from: Party, to: Party) -> bool {
        let [Some(from), Some(to)] = [from, to].map(|party| self.only(party)) else { return false };
        if from == to {
            return true;
        }
        let Party::Pod(to) = to else { return false };
        let node = match from {
            Party::Node(node) => node,
            Party::Pod(pod) if self.snapshot.pod(pod).host_network => self.snapshot.pod(pod).node,
            _ => return false,
        };
        self.snapshot.pod(to).node == node && is_known(&self.snapshot, node)
    }

    /// Whether a connection is one of a node to a pod that may be on it: on made nodes nobody knows, and what policies say
    /// holds between two nodes only.
    #[must_use]
    pub fn by_chance(&self, from: Party, to: Party) -> bool {
        let pod = |party| match party {
            Party::Endpoint(id) => self.endpoint(id).pods.first().copied(),
            Party::Pod(pod) => Some(pod),
            Party::Node(_) | Party::Address(_) | Party::StandIn(_) => None,
        };
        let [Some(from), Some(to)] = [from, to].map(pod) else { return false };
        let [from, to] = [from, to].map(|pod| self.snapshot.pod(pod));
        from.host_network && !to.host_network && !is_known(&self.snapshot, to.node)
    }

    /// The one pod or node that a party is.
    fn only(&self, party: Party) -> Option<Party> {
        match party {
            Party::Endpoint(id) => match (&self.endpoint(id).kind, self.endpoint(id).pods.as_slice()) {
                (EndpointKind::Node(node), _) => Some(Party::Node(*node)),
                (_, [pod]) => Some(Party::Pod(*pod)),
                _ => None,
            },
            Party::Address(ip) => Some(self.known(ip).unwrap_or(party)),
            Party::Pod(_) | Party::Node(_) | Party::StandIn(_) => Some(party),
        }
    }
}

/// Whether a node is one of the cluster's, with the pods that are said to be on it: of a made one no address is known,
/// and a pod is on it by chance.
pub(crate) fn is_known(snapshot: &Snapshot, node: NodeId) -> bool {
    snapshot.nodes.get(node.0 as usize).is_some_and(|node| !node.ips.is_empty())
}
