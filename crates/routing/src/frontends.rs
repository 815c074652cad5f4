//! The addresses and ports under which a node serves a Service, and the endpoints behind each.
use std::{net::IpAddr, sync::Arc, time::Duration};

use ipnet::IpNet;
use netloom_cluster::{Family, Node, Protocol, Service, TrafficPolicy};
use netloom_objects::ObjectRef;

use crate::select;

/// Which traffic policy a view follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// `internalTrafficPolicy`.
    Internal,
    /// `externalTrafficPolicy`.
    External,
}

/// One backend of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Backend {
    /// The endpoint's address.
    pub ip: IpAddr,
    /// Its own port.
    pub port: u16,
}

/// What happens to a connection when a view has no backend (kube-proxy's answers).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Empty {
    /// The Service has no endpoint anywhere: ICMP port unreachable.
    Reject,
    /// It has some, but none that this node may use: silence.
    Drop,
}

/// The endpoints of one Service port, as one node sees them.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// `namespace/name` of the Service; of a `hostPort` what [`host_port_owner`] reads.
    pub service: Arc<str>,
    /// The Service port; of a `hostPort` the pod's own.
    pub port: u16,
    /// Its protocol.
    pub protocol: Protocol,
    /// Which policy it follows.
    pub scope: Scope,
    /// Its family.
    pub family: Family,
    /// The backends, sorted: the slots of the kernel's map.
    pub backends: Vec<Backend>,
    /// Clients stay with their backend for this long after their last connection.
    pub affinity: Option<Duration>,
    /// What happens without backends.
    pub empty: Empty,
}

/// What kind of address a frontend is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrontendKind {
    /// A ClusterIP.
    ClusterIp,
    /// A port of the node.
    NodePort,
    /// A load balancer's address.
    LoadBalancer,
    /// One of `spec.externalIPs`.
    ExternalIp,
    /// A port of a node that leads to one of the node's pods.
    HostPort,
}

impl FrontendKind {
    /// Whether ports of the address that the Service does not have are refused: kube-proxy does so for ClusterIPs only,
    /// since the others may be somebody's own.
    #[must_use]
    pub const fn refuses_other_ports(self) -> bool {
        matches!(self, Self::ClusterIp)
    }
}

/// One address and port that leads to a Service.
#[derive(Clone, Debug, PartialEq)]
pub struct Frontend {
    /// The address.
    pub ip: IpAddr,
    /// The port.
    pub port: u16,
    /// The protocol.
    pub protocol: Protocol,
    /// The kind.
    pub kind: FrontendKind,
    /// Where connections go.
    pub view: Arc<View>,
    /// Where connections from inside the cluster go, if elsewhere: `externalTrafficPolicy: Local` binds outside
    /// clients only.
    pub inside: Option<Arc<View>>,
    /// Whether the node puts its own address in place of the client's, so that replies come back through it.
    pub masquerade: bool,
    /// Who may use it: `loadBalancerSourceRanges` of its family. `None`: everyone.
    pub source_ranges: Option<Arc<[IpNet]>>,
    /// The line of the Service's port; the pod of a `hostPort`.
    pub origin: Arc<ObjectRef>,
}

/// All frontends of a Service on a node.
pub(crate) fn frontends(service: &Service, node: &Node) -> Vec<Frontend> {
    let mut all = Vec::new();
    let name: Arc<str> = Arc::from(service.qualified_name());
    for (index, port) in service.ports.iter().enumerate() {
        let view = |scope, family| Arc::new(view(service, &name, index, scope, family, node));
        let source_ranges = |family| {
            let of_family =
                service.source_ranges.iter().copied().filter(|net| Family::of(net.network()) == family);
            (!service.source_ranges.is_empty()).then(|| of_family.collect::<Arc<[IpNet]>>())
        };
        for family in [Family::V4, Family::V6] {
            let cluster_ip = service.cluster_ips().of(family);
            let of_family = |ips: &[IpAddr]| {
                ips.iter().copied().filter(|ip| Family::of(*ip) == family).collect::<Vec<_>>()
            };
            let lb_ips = of_family(&service.lb_ips);
            let external_ips = of_family(&service.external_ips);
            let node_ip = cluster_ip.and(port.node_port).and(node.ips.of(family));
            if cluster_ip.is_none() && lb_ips.is_empty() && external_ips.is_empty() {
                continue;
            }
            let internal = view(Scope::Internal, family);
            let frontend = |ip, number, kind, view: &Arc<View>, inside, masquerade, source_ranges| Frontend {
                ip,
                port: number,
                protocol: port.protocol,
                kind,
                view: view.clone(),
                inside,
                masquerade,
                source_ranges,
                origin: port.origin.clone(),
            };
            if let Some(ip) = cluster_ip {
                all.push(frontend(ip, port.port, FrontendKind::ClusterIp, &internal, None, false, None));
            }
            if node_ip.is_none() && lb_ips.is_empty() && external_ips.is_empty() {
                continue;
            }
            let external = view(Scope::External, family);
            let local = service.external_policy == TrafficPolicy::Local;
            // Clients inside the cluster are not bound by Local: they get every endpoint (kube-proxy's short-circuit).
            let inside = || {
                local.then(|| {
                    Arc::new(self::view(&unbound(service), &name, index, Scope::Internal, family, node))
                })
            };
            for ip in lb_ips {
                let ranges = source_ranges(family);
                all.push(frontend(
                    ip,
                    port.port,
                    FrontendKind::LoadBalancer,
                    &external,
                    inside(),
                    !local,
                    ranges,
                ));
            }
            for ip in external_ips {
                all.push(frontend(
                    ip,
                    port.port,
                    FrontendKind::ExternalIp,
                    &external,
                    inside(),
                    !local,
                    None,
                ));
            }
            if let (Some(ip), Some(number)) = (node_ip, port.node_port) {
                all.push(frontend(ip, number, FrontendKind::NodePort, &external, inside(), !local, None));
            }
        }
    }
    all
}

/// The same Service without `internalTrafficPolicy`, which is about its ClusterIP only.
fn unbound(service: &Service) -> Service {
    Service { internal_policy: TrafficPolicy::Cluster, ..service.clone() }
}

fn view(service: &Service, name: &Arc<str>, index: usize, scope: Scope, family: Family, node: &Node) -> View {
    let port = &service.ports[index];
    let chosen = select(service, index, scope, family, node);
    let backend =
        |e: &&netloom_cluster::Endpoint| Some(Backend { ip: e.ips.of(family)?, port: e.ports[index]? });
    let mut backends: Vec<Backend> = chosen.iter().filter_map(backend).collect();
    backends.sort_unstable();
    backends.dedup();
    let anywhere = service.endpoints.iter().any(|e| {
        (e.ready || (e.serving && e.terminating))
            && e.ips.of(family).is_some()
            && e.ports.get(index).copied().flatten().is_some()
    });
    View {
        service: name.clone(),
        port: port.port,
        protocol: port.protocol,
        scope,
        family,
        backends,
        affinity: service.affinity,
        empty: if anywhere { Empty::Drop } else { Empty::Reject },
    }
}

/// Whether a Service looks the same from every node.
pub(crate) fn same_everywhere(service: &Service) -> bool {
    service.internal_policy == TrafficPolicy::Cluster
        && service.external_policy == TrafficPolicy::Cluster
        && service.distribution == netloom_cluster::Distribution::Any
        && service.ports.iter().all(|p| p.node_port.is_none())
        && service.endpoints.iter().all(|e| e.hint_zones.is_empty() && e.hint_nodes.is_empty())
}
