//! Services and their endpoints.
use std::{net::IpAddr, sync::Arc, time::Duration};

use ipnet::IpNet;
use netloom_objects::ObjectRef;

use super::{Addrs, Labels, NodeId, PodId, Protocol, ServiceId};

/// What kind of Service it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceKind {
    /// It has virtual addresses (types ClusterIP, NodePort and LoadBalancer).
    Virtual(Addrs),
    /// `clusterIP: None`: its name resolves to its endpoints.
    Headless,
    /// A CNAME to a name outside.
    ExternalName(Arc<str>),
}

/// `Cluster` or `Local`, for internalTrafficPolicy and externalTrafficPolicy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TrafficPolicy {
    /// Every endpoint.
    #[default]
    Cluster,
    /// Only endpoints on the node where the packet arrives.
    Local,
}

/// `spec.trafficDistribution`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Distribution {
    /// Every endpoint alike.
    #[default]
    Any,
    /// `PreferSameZone`, and `PreferClose`, its older name.
    SameZone,
    /// `PreferSameNode`.
    SameNode,
}

/// One port of a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePort {
    /// Its name; a single port may have none.
    pub name: Option<Arc<str>>,
    /// Its protocol.
    pub protocol: Protocol,
    /// The port on the Service's addresses.
    pub port: u16,
    /// `targetPort` as written, or the port itself.
    pub target: TargetPort,
    /// The port on every node, for NodePort and LoadBalancer.
    pub node_port: Option<u16>,
    /// `appProtocol`.
    pub app_protocol: Option<Arc<str>>,
    /// The line of this port.
    pub origin: Arc<ObjectRef>,
}

/// `targetPort`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetPort {
    /// A number.
    Number(u16),
    /// A container port's name, resolved on each pod.
    Name(Arc<str>),
}

/// One backend of a Service.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// Its addresses.
    pub ips: Addrs,
    /// For each of the Service's ports (by index) the port number here; none where this endpoint lacks it.
    pub ports: Vec<Option<u16>>,
    /// The pod behind it, if it is one of the Snapshot.
    pub pod: Option<PodId>,
    /// The node that it is on, where known.
    pub node: Option<NodeId>,
    /// Whether it takes new connections (ready, or the Service publishes unready ones).
    pub ready: bool,
    /// Whether it still serves while it terminates.
    pub serving: bool,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// A DNS name of its own under a headless Service.
    pub hostname: Option<Arc<str>>,
    /// Its zone.
    pub zone: Option<Arc<str>>,
    /// Zones that the EndpointSlice's hints give it to.
    pub hint_zones: Vec<Arc<str>>,
    /// Nodes that they give it to, by name.
    pub hint_nodes: Vec<Arc<str>>,
}

/// A Service with its endpoints.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Its index in the Snapshot.
    pub id: ServiceId,
    /// `metadata.name`.
    pub name: Arc<str>,
    /// `metadata.namespace`.
    pub namespace: Arc<str>,
    /// Its labels.
    pub labels: Labels,
    /// Virtual, headless or an external name.
    pub kind: ServiceKind,
    /// Its ports.
    pub ports: Vec<ServicePort>,
    /// Whether it has a selector.
    pub has_selector: bool,
    /// Its backends, ready and unready, sorted by address.
    pub endpoints: Arc<Vec<Endpoint>>,
    /// `sessionAffinity: ClientIP` and its timeout.
    pub affinity: Option<Duration>,
    /// `internalTrafficPolicy`.
    pub internal_policy: TrafficPolicy,
    /// `externalTrafficPolicy`.
    pub external_policy: TrafficPolicy,
    /// `trafficDistribution`.
    pub distribution: Distribution,
    /// The load balancer's addresses (given in status, asked for in spec, or from the plan's range).
    pub lb_ips: Vec<IpAddr>,
    /// `spec.externalIPs`.
    pub external_ips: Vec<IpAddr>,
    /// `loadBalancerSourceRanges`; empty means everyone.
    pub source_ranges: Vec<IpNet>,
    /// `healthCheckNodePort`, where external traffic is Local.
    pub health_check_node_port: Option<u16>,
    /// `publishNotReadyAddresses`.
    pub publish_not_ready: bool,
    /// The Service object.
    pub origin: Arc<ObjectRef>,
}

impl Service {
    /// Its virtual addresses; none for headless and ExternalName.
    #[must_use]
    pub fn cluster_ips(&self) -> Addrs {
        match self.kind {
            ServiceKind::Virtual(addrs) => addrs,
            ServiceKind::Headless | ServiceKind::ExternalName(_) => Addrs::default(),
        }
    }

    /// `namespace/name`.
    #[must_use]
    pub fn qualified_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}
