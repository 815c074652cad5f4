//! Pods that stand in the input themselves: bare ones, and those of a running cluster.
use std::{net::IpAddr, sync::Arc};

use k8s_openapi::api::core::v1::{Pod, PodStatus};
use netloom_objects::Object;

use super::{Draft, Expansion, template::Template};
use crate::{
    findings::Findings,
    input::namespace_of,
    model::{Addrs, Workload},
};

/// Whether the pod has come to its end, evicted ones among them: it has no network any more.
pub fn terminated(pod: &Pod) -> bool {
    matches!(pod.status.as_ref().and_then(|s| s.phase.as_deref()), Some("Succeeded" | "Failed"))
}

/// The pod of a Pod object; none if it has ended.
pub fn pod(object: &Arc<Object>, pod: &Pod, workload: &Workload) -> Expansion {
    if terminated(pod) {
        return Expansion::default();
    }
    let Some(spec) = &pod.spec else { return Expansion::default() };
    let template = Arc::new(Template::new(&pod.metadata.labels, &pod.metadata.annotations, spec));
    let status = pod.status.as_ref();
    let draft = Draft {
        namespace: namespace_of(object),
        name: object.name.clone(),
        labels: template.labels.clone(),
        workload: workload.clone(),
        daemon_node: None,
        hostname: template.hostname.clone(),
        subdomain: template.subdomain.clone(),
        given: status.map(given).unwrap_or_default(),
        host_ips: status.map(host_ips).unwrap_or_default(),
        ready: template.ready && status.is_none_or(ready),
        terminating: pod.metadata.deletion_timestamp.is_some(),
        origin: object.reference.clone(),
        template,
    };
    Expansion { drafts: vec![draft], findings: Findings::default() }
}

/// A pod without a status is taken to be ready; one with a status must say so, once it is past its manifest.
fn ready(status: &PodStatus) -> bool {
    match status.conditions.iter().flatten().find(|c| c.type_ == "Ready") {
        Some(condition) => condition.status == "True",
        None => status.phase.as_deref().is_none_or(|phase| phase == "Running"),
    }
}

/// The pod's addresses. What is no address is reported where the object is read.
fn given(status: &PodStatus) -> Addrs {
    let mut ips = Addrs::default();
    let many = status.pod_ips.iter().flatten().map(|p| &p.ip);
    many.chain(&status.pod_ip).filter_map(|t| t.parse::<IpAddr>().ok()).for_each(|ip| ips.fill(ip));
    ips
}

fn host_ips(status: &PodStatus) -> Addrs {
    let mut ips = Addrs::default();
    let many = status.host_ips.iter().flatten().map(|p| &p.ip);
    many.chain(&status.host_ip).filter_map(|t| t.parse::<IpAddr>().ok()).for_each(|ip| ips.fill(ip));
    ips
}
