//! OB021: a cluster that nothing measures.
use netloom_objects::Severity;

use super::support::{monitors, pod_monitors};
use crate::{Context, Findings, Group, Rule, rules::services::support::services, words::title};

pub static RULE: Rule = Rule {
    code: "OB021",
    name: "nothing-measured",
    group: Group::Reliability,
    severity: Severity::Info,
    finds: "A set with Services for pods in which there is neither a monitor, nor an annotation that asks to be scraped, \
            nor a Prometheus or a collector of OpenTelemetry.",
    why: "How many requests fail and how long they take is then known to the users first.",
    wrong: "\
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop, labels: {app: api}}
spec:
  selector: {app: api}
  ports:
    - {name: http, port: 80, targetPort: 8080}
    - {name: metrics, port: 9090}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
spec:
  containers: [{name: api, image: \"registry.example/api:1.0\"}]
",
    right: "\
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop, labels: {app: api}}
spec:
  selector: {app: api}
  ports:
    - {name: http, port: 80, targetPort: 8080}
    - {name: metrics, port: 9090}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
spec:
  containers: [{name: api, image: \"registry.example/api:1.0\"}]
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: api, namespace: shop}
spec:
  selector:
    matchLabels: {app: api}
  endpoints:
    - {port: metrics, interval: 30s}
",
    closed: true,
    check,
};

/// Parts of the names of images that collect.
const COLLECTORS: [&str; 8] = [
    "prometheus",
    "opentelemetry-collector",
    "otel",
    "victoriametrics",
    "grafana/alloy",
    "grafana/agent",
    "datadog/agent",
    "telegraf",
];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let Some(first) = services(cx).find(|service| !service.workloads(cx).is_empty()) else { return };
    let kinds = [
        ("monitoring.coreos.com", "Prometheus"),
        ("monitoring.coreos.com", "PrometheusAgent"),
        ("monitoring.coreos.com", "ScrapeConfig"),
        ("opentelemetry.io", "OpenTelemetryCollector"),
        ("operator.victoriametrics.com", "VMServiceScrape"),
    ];
    if !cx.is_closed("ServiceMonitor", Some(first.namespace))
        || monitors(cx).next().is_some()
        || pod_monitors(cx).next().is_some()
        || kinds.iter().any(|(group, kind)| !cx.all_of(group, kind).is_empty())
    {
        return;
    }
    let asks = |key: &String| key.contains("/scrape");
    let scraped = cx.set.objects().any(|object| object.annotations().keys().any(asks))
        || cx.workloads().iter().any(|workload| workload.annotations().keys().any(asks));
    let collected = cx.workloads().iter().any(|workload| {
        let containers = workload.containers();
        let mut images = containers.filter_map(|(_, container)| container.image.as_deref());
        images.any(|image| COLLECTORS.iter().any(|part| image.contains(part)))
    });
    if scraped || collected {
        return;
    }
    out.add(
        first.object,
        "metadata.name",
        format!("nothing measures {} or anything else here", title(first.object)),
    )
    .help("have Prometheus scrape the pods: a ServiceMonitor for each Service that has metrics");
}
