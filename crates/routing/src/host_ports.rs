//! `hostPort`: ports of a node that lead to a pod on it.
use std::sync::Arc;

use netloom_cluster::{Family, Node, Pod};

use crate::{Backend, Empty, Frontend, FrontendKind, Scope, ServiceRoutes, View};

/// Stands before the pod's name where Services have theirs. It sorts behind every name of the API, so that a node port
/// has precedence over a `hostPort` of the same number, as kube-proxy's rules stand before a CNI's.
const MARK: char = '~';

/// The name under which a pod's `hostPort`s stand among the Services.
pub(crate) fn key(pod: &Pod) -> Arc<str> {
    format!("{MARK}{}", pod.qualified_name()).into()
}

/// The `namespace/name` of the pod whose `hostPort` something is of; none where it is of a Service.
#[must_use]
pub fn host_port_owner(name: &str) -> Option<&str> {
    name.strip_prefix(MARK)
}

/// The `hostPort`s of a pod at the addresses of its node. The client's address stays: the pod is on this node, so that
/// replies come by anyway.
pub(crate) fn host_ports(pod: &Pod, node: &Node) -> ServiceRoutes {
    let name = key(pod);
    let mut frontends = Vec::new();
    for port in pod.host_ports.iter() {
        for ip in node.ips.iter().filter(|ip| port.is_at(*ip)) {
            let family = Family::of(ip);
            let Some(target) = pod.ips.of(family) else { continue };
            let view = View {
                service: name.clone(),
                port: port.target,
                protocol: port.protocol,
                scope: Scope::External,
                family,
                backends: vec![Backend { ip: target, port: port.target }],
                affinity: None,
                empty: Empty::Reject,
            };
            frontends.push(Frontend {
                ip,
                port: port.port,
                protocol: port.protocol,
                kind: FrontendKind::HostPort,
                view: Arc::new(view),
                inside: None,
                masquerade: false,
                source_ranges: None,
                origin: pod.origin.clone(),
            });
        }
    }
    ServiceRoutes { name, frontends }
}
