//! IS073: a Sidecar where there are no sidecars.
use k8s_openapi::api::core::v1::Namespace;
use netloom_objects::{Severity, istio::Sidecar};

use super::support::{DATAPLANE, Mesh, ROOT, label_path, mesh_of, mesh_of_workload};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS073",
    name: "sidecar-in-ambient",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A Sidecar for pods that are all in the ambient mesh.",
    why: "It configures the proxy beside a pod, and in ambient there is none: what it was to shut off is reachable \
            (Istio: Ambient mode and sidecars; a Sidecar is not read by ztunnel and waypoints).",
    wrong: "\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop}
spec:
  egress: [{hosts: [\"./*\"]}]
",
    right: "\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop}
spec:
  egress: [{hosts: [\"./*\"]}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, sidecar) in cx.all::<Sidecar>().filter(|(object, _)| namespace_of(object) != ROOT) {
        let namespace = namespace_of(object);
        let selector = sidecar.spec.workload_selector.as_ref().map(|selector| &selector.labels);
        let selected = cx.workloads_in(namespace).filter(|workload| {
            let mut labels = selector.into_iter().flatten();
            !workload.is_job() && labels.all(|(key, value)| workload.labels().get(key) == Some(value))
        });
        let ways: Vec<Option<Mesh>> = selected.map(|workload| mesh_of_workload(cx, workload)).collect();
        let whole = cx.find::<Namespace>(None, namespace);
        let of_namespace = whole.and_then(|(object, _)| mesh_of(object.labels())).map(|(mesh, _)| mesh);
        let is_ambient = match ways.is_empty() {
            true => of_namespace == Some(Mesh::Ambient),
            false => ways.iter().all(|way| *way == Some(Mesh::Ambient)),
        };
        if !is_ambient {
            continue;
        }
        let message = format!(
            "{} has no effect: its pods are in the ambient mesh, and have no sidecars",
            title(object)
        );
        let finding = out.add(object, "metadata.name", message);
        finding.help("say by an AuthorizationPolicy of the destination who may call it, and by a NetworkPolicy what may be reached");
        if let Some((declaration, _)) = whole.filter(|(object, _)| object.labels().contains_key(DATAPLANE)) {
            finding.related(declaration, &label_path(DATAPLANE), "ambient is asked for here");
        }
    }
}
