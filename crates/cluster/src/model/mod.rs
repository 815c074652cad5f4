//! The Snapshot: what every compiler and every face reads. Nothing here knows YAML or the kernel.
mod dns;
mod pods;
mod policies;
mod services;

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use netloom_objects::ObjectRef;

pub use dns::*;
pub use pods::*;
pub use policies::*;
pub use services::*;

/// Labels of an object. Shared, because pods of one workload have the same.
pub type Labels = Arc<BTreeMap<String, String>>;

/// Index of a pod in [`Snapshot::pods`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PodId(pub u32);

/// Index of a node in [`Snapshot::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

/// Index of a Service in [`Snapshot::services`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceId(pub u32);

/// Index of a namespace in [`Snapshot::namespaces`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NamespaceId(pub u32);

/// A transport protocol, or any other IP protocol by number (`Other(1)` is ICMP).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// TCP, the protocol of a port that names none.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
    /// An IP protocol without ports that policies can name.
    Other(u8),
}

impl Protocol {
    /// The protocols that have ports.
    pub const WITH_PORTS: [Self; 3] = [Self::Tcp, Self::Udp, Self::Sctp];

    /// The IP protocol number (IANA).
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
            Self::Sctp => 132,
            Self::Other(number) => number,
        }
    }

    /// Reads `TCP`, `UDP`, `SCTP` in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Tcp, Self::Udp, Self::Sctp].into_iter().find(|p| text.eq_ignore_ascii_case(p.name()))
    }

    /// `TCP`, `UDP`, `SCTP`; `IP` for the rest.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
            Self::Other(_) => "IP",
        }
    }
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// An IP family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of an address.
    #[must_use]
    pub const fn of(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

/// At most one address of each family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Addrs {
    /// The IPv4 address.
    pub v4: Option<std::net::Ipv4Addr>,
    /// The IPv6 address.
    pub v6: Option<std::net::Ipv6Addr>,
}

impl Addrs {
    /// The addresses, IPv4 first.
    pub fn iter(self) -> impl Iterator<Item = IpAddr> {
        self.v4.map(IpAddr::V4).into_iter().chain(self.v6.map(IpAddr::V6))
    }

    /// The address of one family.
    #[must_use]
    pub fn of(self, family: Family) -> Option<IpAddr> {
        match family {
            Family::V4 => self.v4.map(IpAddr::V4),
            Family::V6 => self.v6.map(IpAddr::V6),
        }
    }

    /// Whether the address is one of these.
    #[must_use]
    pub fn contains(self, ip: IpAddr) -> bool {
        self.iter().any(|own| own == ip)
    }

    /// Sets the address of its family, unless one is set.
    pub fn fill(&mut self, ip: IpAddr) {
        match ip {
            IpAddr::V4(ip) => _ = self.v4.get_or_insert(ip),
            IpAddr::V6(ip) => _ = self.v6.get_or_insert(ip),
        }
    }

    /// Whether there is no address at all.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.v4.is_none() && self.v6.is_none()
    }
}

/// At most one network of each family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Nets {
    /// The IPv4 network.
    pub v4: Option<Ipv4Net>,
    /// The IPv6 network.
    pub v6: Option<Ipv6Net>,
}

impl Nets {
    /// The networks, IPv4 first.
    pub fn iter(self) -> impl Iterator<Item = IpNet> {
        self.v4.map(IpNet::V4).into_iter().chain(self.v6.map(IpNet::V6))
    }

    /// Whether one of the networks holds the address.
    #[must_use]
    pub fn contains(self, ip: IpAddr) -> bool {
        self.iter().any(|net| net.contains(&ip))
    }
}

/// A namespace of the cluster; also one that no Namespace object declares but an object names.
#[derive(Clone, Debug, PartialEq)]
pub struct Namespace {
    /// `metadata.name`.
    pub name: Arc<str>,
    /// Its labels; `kubernetes.io/metadata.name` is always among them, as the API server puts it there.
    pub labels: Labels,
    /// The Namespace object, where there is one.
    pub origin: Option<Arc<ObjectRef>>,
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its index in the Snapshot.
    pub id: NodeId,
    /// `metadata.name`.
    pub name: Arc<str>,
    /// Its labels; `kubernetes.io/hostname` is always among them.
    pub labels: Labels,
    /// The address that it has on the underlay (`InternalIP`).
    pub ips: Addrs,
    /// The ranges that pods of this node get their addresses from.
    pub pod_cidrs: Nets,
    /// The Node object, where there is one.
    pub origin: Option<Arc<ObjectRef>>,
}

impl Node {
    /// `topology.kubernetes.io/zone`.
    #[must_use]
    pub fn zone(&self) -> Option<&str> {
        self.labels.get("topology.kubernetes.io/zone").map(String::as_str)
    }
}

/// The address plan of the cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct AddressPlan {
    /// What pods get addresses from; nodes get slices of it.
    pub pod_cidrs: Nets,
    /// What ClusterIPs come from.
    pub service_cidrs: Nets,
    /// What LoadBalancer addresses come from.
    pub lb_cidrs: Nets,
    /// What nodes get their InternalIP from.
    pub node_cidrs: Nets,
    /// The addresses that the outside client has.
    pub outside: Addrs,
}

/// One immutable state of the whole cluster's network.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The cluster's DNS zone, without a dot at its end: `cluster.local`.
    pub zone: Arc<str>,
    /// The address plan.
    pub plan: Arc<AddressPlan>,
    /// Namespaces, sorted by name.
    pub namespaces: Arc<Vec<Namespace>>,
    /// Nodes, in input order; never empty.
    pub nodes: Arc<Vec<Node>>,
    /// Pods, sorted by namespace and name. `pods[i].id == PodId(i)`.
    pub pods: Arc<Vec<Arc<Pod>>>,
    /// Services with their endpoints, sorted by namespace and name. `services[i].id == ServiceId(i)`.
    pub services: Arc<Vec<Arc<Service>>>,
    /// Policies of every kind, in neutral form.
    pub policies: Arc<Vec<Arc<Policy>>>,
    /// The Service that is the cluster's DNS.
    pub dns_service: Option<ServiceId>,
    /// The DNS servers, with the files that they read.
    pub dns_servers: Arc<DnsServers>,
}

impl Snapshot {
    /// The pod at an index.
    #[must_use]
    pub fn pod(&self, id: PodId) -> &Arc<Pod> {
        &self.pods[id.0 as usize]
    }

    /// The node at an index.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// The Service at an index.
    #[must_use]
    pub fn service(&self, id: ServiceId) -> &Arc<Service> {
        &self.services[id.0 as usize]
    }

    /// The namespace at an index.
    #[must_use]
    pub fn namespace(&self, id: NamespaceId) -> &Namespace {
        &self.namespaces[id.0 as usize]
    }

    /// Whether an address is of the cluster's ranges, whoever has it: of its pods', Services', load balancers' or nodes'.
    #[must_use]
    pub fn is_inside(&self, ip: IpAddr) -> bool {
        let plan = &self.plan;
        self.is_of_pods(ip)
            || [plan.service_cidrs, plan.lb_cidrs, plan.node_cidrs].iter().any(|nets| nets.contains(ip))
    }

    /// Whether an address is of the pods' ranges: the cluster's, and those that nodes have beside it.
    #[must_use]
    pub fn is_of_pods(&self, ip: IpAddr) -> bool {
        self.plan.pod_cidrs.contains(ip) || self.nodes.iter().any(|n| n.pod_cidrs.contains(ip))
    }

    /// The namespace of a name.
    #[must_use]
    pub fn find_namespace(&self, name: &str) -> Option<NamespaceId> {
        self.namespaces.binary_search_by(|n| (*n.name).cmp(name)).ok().map(|i| NamespaceId(i as u32))
    }

    /// The pod of a namespace and name.
    #[must_use]
    pub fn find_pod(&self, namespace: &str, name: &str) -> Option<&Arc<Pod>> {
        self.pods
            .binary_search_by(|p| (&*p.namespace, &*p.name).cmp(&(namespace, name)))
            .ok()
            .map(|i| &self.pods[i])
    }

    /// The Service of a namespace and name.
    #[must_use]
    pub fn find_service(&self, namespace: &str, name: &str) -> Option<&Arc<Service>> {
        self.services
            .binary_search_by(|s| (&*s.namespace, &*s.name).cmp(&(namespace, name)))
            .ok()
            .map(|i| &self.services[i])
    }

    /// The families that the cluster speaks: those that its pod ranges have.
    pub fn families(&self) -> impl Iterator<Item = Family> + use<> {
        let nets = self.plan.pod_cidrs;
        nets.v4.map(|_| Family::V4).into_iter().chain(nets.v6.map(|_| Family::V6))
    }
}
