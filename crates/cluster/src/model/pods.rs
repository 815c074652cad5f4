//! Pods, their containers and their resolver settings.
use std::{net::IpAddr, sync::Arc};

use netloom_objects::ObjectRef;

use super::{Addrs, Labels, NamespaceId, NodeId, PodId, Protocol};

/// The workload that a pod belongs to; a bare pod is its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Workload {
    /// `Deployment`, `StatefulSet`, …; `Pod` for a bare pod.
    pub kind: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

/// One port that a container declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerPort {
    /// The name that `targetPort` and policies may use.
    pub name: Option<Arc<str>>,
    /// The port number.
    pub port: u16,
    /// Its protocol.
    pub protocol: Protocol,
}

/// A port of the pod's node that leads to a port of the pod: `hostPort`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// `hostIP`; none for every address of the node.
    pub ip: Option<IpAddr>,
    /// `hostPort`.
    pub port: u16,
    /// The protocol.
    pub protocol: Protocol,
    /// `containerPort`.
    pub target: u16,
}

impl HostPort {
    /// Whether it is a port at this address of the node: an unspecified `hostIP` stands for all of its family.
    #[must_use]
    pub fn is_at(&self, ip: IpAddr) -> bool {
        self.ip.is_none_or(|own| own == ip || (own.is_unspecified() && own.is_ipv4() == ip.is_ipv4()))
    }
}

/// A container, as far as the network sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its name.
    pub name: Arc<str>,
    /// Its image.
    pub image: Option<Arc<str>>,
    /// The ports that it declares.
    pub ports: Vec<ContainerPort>,
}

/// `spec.dnsPolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DnsPolicy {
    /// The cluster's DNS; a pod on the host's network falls back to `Default`.
    #[default]
    ClusterFirst,
    /// The cluster's DNS for a pod on the host's network too.
    ClusterFirstWithHostNet,
    /// The node's resolver configuration.
    Default,
    /// Nothing but `dnsConfig`.
    None,
}

/// `spec.dnsConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DnsConfig {
    /// Appended nameservers.
    pub nameservers: Vec<IpAddr>,
    /// Appended search domains.
    pub searches: Vec<String>,
    /// Options, merged by name.
    pub options: Vec<(String, Option<String>)>,
}

/// One entry of `spec.hostAliases`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostAlias {
    /// The address.
    pub ip: IpAddr,
    /// The names that it has.
    pub names: Vec<String>,
}

/// A pod.
#[derive(Clone, Debug, PartialEq)]
pub struct Pod {
    /// Its index in the Snapshot.
    pub id: PodId,
    /// Its name, stable from run to run.
    pub name: Arc<str>,
    /// Its namespace's name.
    pub namespace: Arc<str>,
    /// Its namespace.
    pub namespace_id: NamespaceId,
    /// Its labels.
    pub labels: Labels,
    /// What made it.
    pub workload: Workload,
    /// The node that it runs on.
    pub node: NodeId,
    /// Its addresses; the node's own for a hostNetwork pod.
    pub ips: Addrs,
    /// Whether it lives in the node's network namespace.
    pub host_network: bool,
    /// `spec.serviceAccountName`, `default` where unset.
    pub service_account: Arc<str>,
    /// `spec.hostname`, or a StatefulSet pod's name.
    pub hostname: Option<Arc<str>>,
    /// `spec.subdomain`, or the StatefulSet's `serviceName`.
    pub subdomain: Option<Arc<str>>,
    /// Its containers (sidecar init containers too).
    pub containers: Arc<Vec<Container>>,
    /// The ports that something answers on, sorted: what the containers declare, and what probes, scrapes and Services
    /// aim at. A container need not declare a port to listen on it.
    pub listening: Vec<(Protocol, u16)>,
    /// Those of them, sorted, of which only others say so: Services and monitors, where the containers declare other
    /// ports.
    pub aimed: Vec<(Protocol, u16)>,
    /// The ports of its node that lead to it; none for a hostNetwork pod, which has them without any.
    pub host_ports: Arc<Vec<HostPort>>,
    /// Whether it is Ready.
    pub ready: bool,
    /// Whether no node takes it, so that it does not run; its node is any, then.
    pub pending: bool,
    /// `spec.dnsPolicy`.
    pub dns_policy: DnsPolicy,
    /// `spec.dnsConfig`.
    pub dns_config: Arc<DnsConfig>,
    /// `spec.hostAliases`.
    pub host_aliases: Arc<Vec<HostAlias>>,
    /// The command of the annotation `netloom.dev/run`, to start instead of a stand-in.
    pub run: Option<Arc<str>>,
    /// The object that declares it.
    pub origin: Arc<ObjectRef>,
}

impl Pod {
    /// The number that a port name stands for in this pod; the first declaration wins, and the protocol must match.
    #[must_use]
    pub fn named_port(&self, name: &str, protocol: Protocol) -> Option<u16> {
        self.containers
            .iter()
            .flat_map(|c| &c.ports)
            .find(|p| p.protocol == protocol && p.name.as_deref() == Some(name))
            .map(|p| p.port)
    }

    /// The ports that the pod itself says it has.
    pub fn stated(&self) -> impl Iterator<Item = &(Protocol, u16)> {
        self.listening.iter().filter(|port| self.aimed.binary_search(port).is_err())
    }

    /// `namespace/name`.
    #[must_use]
    pub fn qualified_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}
