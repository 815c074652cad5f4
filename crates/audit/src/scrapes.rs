//! Who is scraped: the ports that monitors and annotations name, and the pods that scrape.
use std::collections::BTreeMap;

use k8s_openapi::{api::core::v1::Service, apimachinery::pkg::util::intstr::IntOrString};
use netloom_objects::Object;

use crate::{
    Context, Workload,
    rules::{
        monitoring::support::{monitors, pod_monitors},
        services::support::declared,
    },
};

/// A port of a workload's pods that something asks to have scraped.
#[derive(Clone, Debug)]
pub struct Scrape<'a> {
    /// The monitor, or what has the annotation.
    pub object: &'a Object,
    /// The field that says so.
    pub path: String,
    /// The workload.
    pub workload: Workload<'a>,
    /// The port of its pods.
    pub port: u16,
}

/// What ServiceMonitors and PodMonitors have scraped, in the order of the input.
#[must_use]
pub fn by_monitors<'a>(cx: &Context<'a>) -> Vec<Scrape<'a>> {
    let mut found = Vec::new();
    for monitor in monitors(cx) {
        for (at, endpoint) in monitor.spec.endpoints.iter().enumerate() {
            let Some(wanted) = endpoint.port.as_deref() else { continue };
            for service in monitor.services() {
                let ports = service.spec.ports.iter().flatten();
                for port in ports.filter(|port| port.name.as_deref() == Some(wanted)) {
                    for workload in service.workloads(cx) {
                        let number = match &port.target_port {
                            Some(IntOrString::String(name)) => number_of(workload, name),
                            Some(IntOrString::Int(number)) => u16::try_from(*number).ok(),
                            None => u16::try_from(port.port).ok(),
                        };
                        found.extend(number.map(|port| Scrape {
                            object: monitor.object,
                            path: format!("spec.endpoints[{at}].port"),
                            workload: *workload,
                            port,
                        }));
                    }
                }
            }
        }
    }
    for monitor in pod_monitors(cx) {
        for (at, endpoint) in monitor.spec.pod_metrics_endpoints.iter().enumerate() {
            let Some(wanted) = endpoint.port.as_deref() else { continue };
            for workload in monitor.workloads(cx) {
                found.extend(number_of(workload, wanted).map(|port| Scrape {
                    object: monitor.object,
                    path: format!("spec.podMetricsEndpoints[{at}].port"),
                    workload: *workload,
                    port,
                }));
            }
        }
    }
    found
}

/// The annotation, as paths write it.
pub(crate) const SCRAPE: &str = "metadata.annotations.prometheus\\.io/scrape";

/// What annotations on pods and on Services have scraped.
#[must_use]
pub fn by_annotations<'a>(cx: &Context<'a>) -> Vec<Scrape<'a>> {
    let mut found = Vec::new();
    for workload in cx.workloads() {
        let Some(port) = asked(workload.annotations()) else { continue };
        let first = || declared(workload).first().and_then(|port| u16::try_from(port.number).ok());
        let path = workload.path(SCRAPE);
        found.extend(port.or_else(first).map(|port| Scrape {
            object: workload.object,
            path,
            workload: *workload,
            port,
        }));
    }
    for (object, service) in cx.all::<Service>() {
        let (Some(port), Some(spec)) = (asked(object.annotations()), &service.spec) else { continue };
        let (Some(selector), Some(namespace)) = (&spec.selector, object.reference.namespace.as_deref())
        else {
            continue;
        };
        for workload in cx.workloads_with(namespace, selector) {
            let target = spec.ports.iter().flatten().next().and_then(|p| match &p.target_port {
                Some(IntOrString::Int(number)) => u16::try_from(*number).ok(),
                Some(IntOrString::String(name)) => number_of(workload, name),
                None => u16::try_from(p.port).ok(),
            });
            found.extend(port.or(target).map(|port| Scrape {
                object,
                path: SCRAPE.to_owned(),
                workload: *workload,
                port,
            }));
        }
    }
    found
}

/// Whether annotations ask to be scraped, and on which port.
pub(crate) fn asked(annotations: &BTreeMap<String, String>) -> Option<Option<u16>> {
    let wanted = annotations.get("prometheus.io/scrape").is_some_and(|value| value == "true");
    wanted.then(|| annotations.get("prometheus.io/port").and_then(|port| port.parse().ok()))
}

/// Whether the pods of a workload are Prometheus, by their usual labels and images.
#[must_use]
pub fn is_prometheus(workload: &Workload<'_>) -> bool {
    let labels = workload.labels();
    let named = ["app", "app.kubernetes.io/name"]
        .iter()
        .any(|key| labels.get(*key).is_some_and(|v| v == "prometheus"));
    named
        || workload.containers().any(|(_, c)| {
            c.image
                .as_deref()
                .is_some_and(|i| i.contains("prometheus/prometheus") || i.contains("prom/prometheus"))
        })
}

fn number_of(workload: &Workload<'_>, name: &str) -> Option<u16> {
    let port = declared(workload).into_iter().find(|port| port.name == Some(name))?;
    u16::try_from(port.number).ok()
}
