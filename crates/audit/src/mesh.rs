//! Which pods are in Istio's mesh, and how.
use std::collections::BTreeMap;

use crate::{Context, Workload};

/// Where Istio's control plane lives, and what it lays down there holds for the whole mesh.
pub const ROOT: &str = "istio-system";

/// The label of a namespace that has sidecars injected.
pub(crate) const INJECTION: &str = "istio-injection";
/// The same, for one revision of the control plane.
pub(crate) const REVISION: &str = "istio.io/rev";
/// The label that puts pods into the ambient mesh.
pub(crate) const DATAPLANE: &str = "istio.io/dataplane-mode";
/// The label or annotation of a pod that decides about its sidecar.
pub(crate) const INJECT: &str = "sidecar.istio.io/inject";

/// How pods take part in the mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mesh {
    /// With a proxy of their own.
    Sidecar,
    /// With the node's.
    Ambient,
}

/// How the pods of a namespace take part, as its labels say it, with the label that says it.
pub(crate) fn mesh_of(labels: &BTreeMap<String, String>) -> Option<(Mesh, &'static str)> {
    let is = |key: &str, value: &str| labels.get(key).is_some_and(|v| v == value);
    if is(DATAPLANE, "ambient") {
        Some((Mesh::Ambient, DATAPLANE))
    } else if is(INJECTION, "enabled") {
        Some((Mesh::Sidecar, INJECTION))
    } else if labels.contains_key(REVISION) && !is(INJECTION, "disabled") {
        Some((Mesh::Sidecar, REVISION))
    } else {
        None
    }
}

/// How a workload takes part. Istio's own gateways count as sidecars: they are proxies.
pub fn mesh_of_workload(cx: &Context<'_>, workload: &Workload<'_>) -> Option<Mesh> {
    let pod = |key: &str| {
        let value = workload.labels().get(key).or_else(|| workload.annotations().get(key));
        value.map(String::as_str)
    };
    let is_proxy = |image: &str| image == "auto" || image.contains("/proxyv2");
    let images = workload.spec.containers.iter().filter_map(|c| c.image.as_deref());
    let namespace = cx.namespace_labels(workload.namespace()).and_then(mesh_of).map(|(mesh, _)| mesh);
    match (pod(INJECT), pod(DATAPLANE)) {
        _ if images.into_iter().any(is_proxy) => Some(Mesh::Sidecar),
        (Some("true"), _) => Some(Mesh::Sidecar),
        (_, Some("ambient")) => Some(Mesh::Ambient),
        (Some("false"), _) if namespace == Some(Mesh::Sidecar) => None,
        (_, Some("none")) if namespace == Some(Mesh::Ambient) => None,
        _ if workload.host_network() => None,
        _ => namespace,
    }
}
