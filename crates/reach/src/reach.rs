//! Who can reach whom in one Snapshot.
use std::{collections::HashMap, net::IpAddr, sync::Arc};

use ipnet::IpNet;
use netloom_cluster::{Family, NodeId, PodId, Snapshot};
use netloom_policy::PolicySet;

use crate::{
    classes::{ClassId, Classes},
    endpoints::{Endpoint, EndpointId, endpoints},
    outside::{AddressRange, ranges},
    pool::{Pool, PortSetId},
    ports::PortSet,
};

/// What belongs to the picture beyond what the Snapshot says.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Whether addresses outside of the cluster have IPv6 too. Where it is not said, they have if any policy, pod or
    /// node has.
    pub ipv6: Option<bool>,
    /// Networks of the cluster itself: no address in them is outside.
    pub inside: Vec<IpNet>,
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
    /// By class and family, for addresses.
    addresses: HashMap<(Family, u32), ClassId>,
}

impl Reach {
    /// Finds the classes of a Snapshot whose policies are compiled.
    #[must_use]
    pub fn new(snapshot: &Snapshot, policies: Arc<PolicySet>, scope: &Scope) -> Self {
        let tables = policies.tables().clone();
        let pool = Pool::new();
        let mut classes = Classes::of(&tables, &pool);
        let of_pod: Vec<_> = snapshot.pods.iter().map(|p| classes.of_pod(snapshot, p, &tables)).collect();
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
        Self {
            snapshot: snapshot.clone(),
            endpoints: endpoints(snapshot, &of_pod, &of_node),
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
            Party::Address(ip) => match self.known(ip) {
                Some(party) => self.class_of(party),
                None => self.addresses[&(Family::of(ip), self.policies.tables().identity(ip))],
            },
        }
    }

    /// Who is known to have an address.
    fn known(&self, ip: IpAddr) -> Option<Party> {
        if let Some(pod) = self.policies.pod_at(ip) {
            return Some(Party::Pod(pod));
        }
        self.snapshot.nodes.iter().find(|n| n.ips.contains(ip)).map(|n| Party::Node(n.id))
    }

    /// What policies allow members of one class towards another member of a class.
    #[must_use]
    pub fn between(&self, from: ClassId, to: ClassId) -> PortSetId {
        self.classes.allowed(&self.pool, from, to)
    }

    /// The set of ports that a number stands for.
    #[must_use]
    pub fn ports(&self, id: PortSetId) -> Arc<PortSet> {
        self.pool.get(id)
    }

    /// Which connections are allowed. A pod always reaches itself, and a node the pods on it; a workload is asked
    /// about its other pods, if it has several.
    #[must_use]
    pub fn allowed(&self, from: Party, to: Party) -> Arc<PortSet> {
        let id = if self.is_exempt(from, to) {
            PortSetId::ALL
        } else {
            self.between(self.class_of(from), self.class_of(to))
        };
        self.ports(id)
    }

    /// Whether no policy is asked about a connection.
    fn is_exempt(&self, from: Party, to: Party) -> bool {
        let [from, to] = [from, to].map(|party| self.only(party));
        match (from, to) {
            (Some(Party::Pod(from)), Some(Party::Pod(to))) => {
                let (from, to) = (self.snapshot.pod(from), self.snapshot.pod(to));
                from.id == to.id || (from.host_network && from.node == to.node)
            }
            (Some(Party::Node(node)), Some(Party::Pod(pod))) => self.snapshot.pod(pod).node == node,
            (Some(from), to) => Some(from) == to && matches!(from, Party::Node(_)),
            (None, _) => false,
        }
    }

    /// The one pod or node that a party is.
    fn only(&self, party: Party) -> Option<Party> {
        match party {
            Party::Endpoint(id) => match (&self.endpoint(id).kind, self.endpoint(id).pods.as_slice()) {
                (crate::EndpointKind::Node(node), _) => Some(Party::Node(*node)),
                (_, [pod]) => Some(Party::Pod(*pod)),
                _ => None,
            },
            Party::Address(ip) => self.known(ip),
            Party::Pod(_) | Party::Node(_) => Some(party),
        }
    }
}
