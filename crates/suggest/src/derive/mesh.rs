//! Istio's mesh: proxies get their configuration and certificates from istiod, and the ambient mesh carries connections
//! on a port of its own.
use std::collections::BTreeMap;

use netloom_audit::{
    Context, Workload,
    mesh::{Mesh, ROOT, mesh_of_workload},
};
use netloom_cluster::Protocol;
use netloom_reach::{Home, StandIn};

use super::Owners;
use crate::{
    ground::Ground,
    need::{End, Need, Needs, Reason, port},
};

/// Of istiod: configuration (xDS) and certificates over TLS.
const XDS: u16 = 15012;
/// Of pods in the ambient mesh: HBONE.
const HBONE: u16 = 15008;
/// What probes of the kubelet come from in the ambient mesh.
const PROBES: &str = "169.254.7.127/32";

/// Called last: it adds to what was found.
pub(super) fn add(ground: &Ground<'_>, cx: &Context<'_>, owners: &Owners<'_>, out: &mut Needs) {
    let of_mesh = |mesh: Mesh| -> Vec<Workload<'_>> {
        cx.workloads().iter().filter(|w| mesh_of_workload(cx, w) == Some(mesh)).copied().collect()
    };
    let (mut sidecars, ambient) = (of_mesh(Mesh::Sidecar), of_mesh(Mesh::Ambient));
    sidecars.retain(|workload| !is_istiod(workload));
    if !sidecars.is_empty() {
        let istiod = istiod(ground, cx, owners, out);
        for workload in sidecars {
            let reason = Reason::derived(
                "the sidecar gets its configuration and certificate from istiod",
                workload.object.locate("metadata"),
            );
            for from in owners.ends(ground, workload.object, out) {
                for to in istiod.iter().cloned() {
                    let (from, reason) = (from.clone(), reason.clone());
                    out.add(Need { from, to, ports: port(Protocol::Tcp, XDS), reason });
                }
            }
        }
    }
    for workload in ambient {
        for end in owners.ends(ground, workload.object, out) {
            carried(&end, &workload, out);
        }
        let namespace = workload.namespace();
        let text = format!(
            "namespace {namespace} is in the ambient mesh, where the kubelet's probes come from {PROBES}; if your network \
             plugin asks policies about them, declare `{PROBES} -> {namespace}/*`"
        );
        out.doubt(text, None);
    }
}

/// Whoever connects to a pod of the ambient mesh may come by HBONE.
fn carried(to: &End, workload: &Workload<'_>, out: &mut Needs) {
    let text = "the ambient mesh carries what others open here on a port of its own";
    let reason = Reason::derived(text, workload.object.locate("metadata"));
    let pods = |need: &&Need| need.to == *to && !matches!(need.from, End::Blocks(_));
    let from: Vec<End> = out.needs.iter().filter(pods).map(|need| need.from.clone()).collect();
    for from in from {
        out.add(Need { from, to: to.clone(), ports: port(Protocol::Tcp, HBONE), reason: reason.clone() });
    }
}

fn is_istiod(workload: &Workload<'_>) -> bool {
    workload.labels().get("app").is_some_and(|app| app == "istiod")
}

/// The set's istiod, or the one that Istio's own manifests install.
fn istiod(ground: &Ground<'_>, cx: &Context<'_>, owners: &Owners<'_>, out: &mut Needs) -> Vec<End> {
    let own: Vec<End> = cx
        .workloads()
        .iter()
        .filter(|w| is_istiod(w))
        .flat_map(|w| owners.ends(ground, w.object, out))
        .collect();
    if !own.is_empty() {
        return own;
    }
    let labels = BTreeMap::from([("app".to_owned(), "istiod".to_owned())]);
    vec![End::Elsewhere(StandIn { home: Home::Named(ROOT.into()), labels })]
}
