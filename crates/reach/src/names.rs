//! How endpoints are called: `namespace/name[Kind]`, `192.0.2.0-192.0.2.255[External]`.
use std::{net::IpAddr, sync::Arc};

use netloom_cluster::{Node, Pod};

/// `{ingress-controller}`: an ingress controller that is not among the workloads.
pub const INGRESS_CONTROLLER: &str = "{ingress-controller}";

pub(crate) fn workload(pod: &Pod) -> Arc<str> {
    format!("{}/{}[{}]", pod.namespace, pod.workload.name, pod.workload.kind).into()
}

pub(crate) fn pod(pod: &Pod) -> Arc<str> {
    format!("{}/{}[Pod]", pod.namespace, pod.name).into()
}

pub(crate) fn node(node: &Node) -> Arc<str> {
    format!("{}[Node]", node.name).into()
}

/// A range of addresses outside of the cluster.
#[must_use]
pub fn external(low: IpAddr, high: IpAddr) -> String {
    format!("{low}-{high}[External]")
}
