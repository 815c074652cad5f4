//! CN008: the metrics of kube-proxy are out of reach for what scrapes them.
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use netloom_objects::{
    Severity,
    prometheus::{PodMonitor, ServiceMonitor},
};

use super::support::proxies;
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "CN008",
    name: "proxy-metrics-on-loopback",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "A `metricsBindAddress` of kube-proxy on the loopback interface, or none, while a monitor of the set \
            is for kube-proxy.",
    why: "kube-proxy serves its metrics on 127.0.0.1:10249 where nothing else is said, which nobody but its \
            own node reaches: every target is down (KubeProxyConfiguration, `metricsBindAddress`).",
    wrong: "\
apiVersion: v1
kind: ConfigMap
metadata: {name: kube-proxy, namespace: kube-system}
data:
  config.conf: |
    apiVersion: kubeproxy.config.k8s.io/v1alpha1
    kind: KubeProxyConfiguration
    metricsBindAddress: 127.0.0.1:10249
---
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: {name: kube-proxy, namespace: kube-system}
spec:
  selector: {matchLabels: {k8s-app: kube-proxy}}
  podMetricsEndpoints:
    - {portNumber: 10249}
",
    right: "\
apiVersion: v1
kind: ConfigMap
metadata: {name: kube-proxy, namespace: kube-system}
data:
  config.conf: |
    apiVersion: kubeproxy.config.k8s.io/v1alpha1
    kind: KubeProxyConfiguration
    metricsBindAddress: 0.0.0.0:10249
---
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: {name: kube-proxy, namespace: kube-system}
spec:
  selector: {matchLabels: {k8s-app: kube-proxy}}
  podMetricsEndpoints:
    - {portNumber: 10249}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let services = cx.all::<ServiceMonitor>().map(|(object, monitor)| (object, &monitor.spec.selector));
    let pods = cx.all::<PodMonitor>().map(|(object, monitor)| (object, &monitor.spec.selector));
    let Some((monitor, _)) = services.chain(pods).find(|(_, selector)| is_for_proxy(selector)) else {
        return;
    };
    for proxy in proxies(cx) {
        let address = proxy.yaml.text("metricsBindAddress").unwrap_or_default();
        let loopback = address.is_empty() || address.starts_with("127.") || address.starts_with("[::1]");
        if !loopback {
            continue;
        }
        let path = if proxy.yaml.is_written("metricsBindAddress") { "metricsBindAddress" } else { "kind" };
        let (at, end) = proxy.place(path);
        let message =
            "kube-proxy serves its metrics on the loopback interface, where Prometheus does not reach them";
        out.add_at(at, end, Some(&proxy.object.reference), message)
            .help("set `metricsBindAddress: 0.0.0.0:10249`, and let nobody but Prometheus reach the port")
            .related(monitor, "spec.selector", "is to scrape it");
    }
}

fn is_for_proxy(selector: &LabelSelector) -> bool {
    selector.match_labels.iter().flatten().any(|(_, value)| value == "kube-proxy")
}
