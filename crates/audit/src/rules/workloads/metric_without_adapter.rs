//! WL030: an autoscaler by a metric that nobody serves.
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "WL030",
    name: "metric-without-adapter",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A HorizontalPodAutoscaler with a metric of pods, of an object or from outside, in a set in which no APIService serves \
            such metrics.",
    why: "Kubernetes itself knows CPU and memory only. The others come from an adapter behind `custom.metrics.k8s.io` or \
          `external.metrics.k8s.io`, such as prometheus-adapter or KEDA; without one the autoscaler reports \
          \"unable to get metric\" and does not go by it.",
    wrong: "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: orders}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: orders}
  minReplicas: 2
  maxReplicas: 8
  metrics:
    - type: Pods
      pods:
        metric: {name: http_requests_per_second}
        target: {type: AverageValue, averageValue: \"100\"}
",
    right: "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: orders}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: orders}
  minReplicas: 2
  maxReplicas: 8
  metrics:
    - type: Pods
      pods:
        metric: {name: http_requests_per_second}
        target: {type: AverageValue, averageValue: \"100\"}
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.custom.metrics.k8s.io}
spec:
  group: custom.metrics.k8s.io
  version: v1beta1
  groupPriorityMinimum: 100
  versionPriority: 100
  service: {name: prometheus-adapter, namespace: monitoring}
",
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    if !cx.is_closed("APIService", None) {
        return;
    }
    let served: Vec<&str> = cx
        .all_of("apiregistration.k8s.io", "APIService")
        .into_iter()
        .filter_map(|object| object.text("spec.group"))
        .collect();
    for (object, scaler) in cx.all::<HorizontalPodAutoscaler>() {
        for (index, metric) in scaler.spec.metrics.iter().flatten().enumerate() {
            let (group, name, field) = match (&metric.pods, &metric.object, &metric.external) {
                (Some(pods), ..) => ("custom.metrics.k8s.io", &pods.metric.name, "pods"),
                (_, Some(object), _) => ("custom.metrics.k8s.io", &object.metric.name, "object"),
                (.., Some(external)) => ("external.metrics.k8s.io", &external.metric.name, "external"),
                _ => continue,
            };
            if served.contains(&group) {
                continue;
            }
            let message = format!(
                "{}: nothing serves the metric {name}: there is no APIService for {group}",
                title(object)
            );
            out.add(object, &format!("spec.metrics[{index}].{field}.metric.name"), message)
                .help("install an adapter that serves it, such as prometheus-adapter or KEDA");
        }
    }
}
