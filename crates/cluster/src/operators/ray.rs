//! KubeRay: the Service in front of a cluster's head (kuberay: ray-operator/controllers/ray/common/service.go,
//! `GenerateHeadServiceName` in utils/util.go).
use std::sync::Arc;

use netloom_objects::Object;

use super::parts::{Port, labels, service};

/// The ports of a head that declares none.
const DEFAULT: [Port<'_>; 4] = [
    ("client", 10001, "TCP"),
    ("gcs-server", 6379, "TCP"),
    ("dashboard", 8265, "TCP"),
    ("serve", 8000, "TCP"),
];
const METRICS: Port<'_> = ("metrics", 8080, "TCP");

/// It has the ports of the head's first container, and one for metrics in any case.
pub fn head_service(of: &Object, _: &[Arc<Object>]) -> Vec<Arc<Object>> {
    let head = "spec.headGroupSpec";
    if !of.is_written(head) {
        return Vec::new();
    }
    let path = format!("{head}.template.spec.containers[0].ports");
    let declared: Vec<(String, u16)> = (0..of.count(&path))
        .filter_map(|nth| {
            let number: u16 = of.text(&format!("{path}[{nth}].containerPort"))?.parse().ok()?;
            let name = of.text(&format!("{path}[{nth}].name"));
            Some((name.map_or_else(|| format!("{number}-port"), str::to_owned), number))
        })
        .collect();
    let mut ports: Vec<Port<'_>> = declared.iter().map(|(name, number)| (&**name, *number, "TCP")).collect();
    if ports.is_empty() {
        ports.extend(DEFAULT);
    }
    if !ports.iter().any(|(name, ..)| *name == METRICS.0) {
        ports.push(METRICS);
    }
    ports.sort_unstable();
    let selector = labels([
        ("ray.io/cluster", &*of.name),
        ("ray.io/node-type", "head"),
        ("ray.io/identifier", &*format!("{}-head", of.name)),
        ("app.kubernetes.io/name", "kuberay"),
        ("app.kubernetes.io/created-by", "kuberay-operator"),
    ]);
    let made = format!("{}-head-svc", of.name);
    let name = of.text(&format!("{head}.headService.metadata.name")).unwrap_or(&made);
    let is_headless = matches!(of.text(&format!("{head}.serviceType")), None | Some("ClusterIP"))
        && !of.is_written(&format!("{head}.headService"));
    service(of, name, is_headless, &selector, &ports).into_iter().collect()
}
