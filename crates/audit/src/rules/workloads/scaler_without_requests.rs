//! WL009: an autoscaler that measures a share of a request which is not there.
use k8s_openapi::api::{
    autoscaling::v2::{HorizontalPodAutoscaler, MetricTarget},
    core::v1::Container,
};
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::workloads::support::target_of,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "WL009",
    name: "scaler-without-requests",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A HorizontalPodAutoscaler with a utilization target for a resource that a container of its target does \
            not request. Silent where the namespace has a LimitRange, which may supply it.",
    why: "Utilization is usage divided by the request. With one container that has none the autoscaler reports \
          \"missing request for cpu\" and does not scale at all.",
    wrong: "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: orders
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: orders}
  minReplicas: 2
  maxReplicas: 8
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: 70
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders
spec:
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec:
      containers:
        - name: orders
          image: registry.example/orders:3.1
",
    right: "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: orders
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: orders}
  minReplicas: 2
  maxReplicas: 8
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: 70
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders
spec:
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec:
      containers:
        - name: orders
          image: registry.example/orders:3.1
          resources:
            requests: {cpu: 250m}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let limited: Vec<&str> = cx.all_of("", "LimitRange").into_iter().map(namespace_of).collect();
    for (object, scaler) in cx.all::<HorizontalPodAutoscaler>() {
        let spec = &scaler.spec;
        if limited.contains(&namespace_of(object)) {
            continue;
        }
        let Some(workload) = target_of(cx, object, spec) else { continue };
        // A request of the whole pod serves for each container.
        let of_pod = workload.spec.resources.as_ref().and_then(|r| r.requests.as_ref());
        for (index, metric) in spec.metrics.iter().flatten().enumerate() {
            let path = format!("spec.metrics[{index}]");
            let (name, only, target, path) = match (&metric.resource, &metric.container_resource) {
                (Some(of), _) => (&of.name, None, &of.target, format!("{path}.resource.target")),
                (_, Some(of)) => {
                    (&of.name, Some(&of.container), &of.target, format!("{path}.containerResource.target"))
                }
                _ => continue,
            };
            if !is_share(target) || of_pod.is_some_and(|requests| requests.contains_key(name)) {
                continue;
            }
            let mut lacking = workload
                .containers()
                .filter(|(_, container)| only.is_none_or(|only| *only == container.name))
                .filter(|(_, container)| !requests(container, name));
            let Some((place, container)) = lacking.next() else { continue };
            let message = format!(
                "{} never scales by {name}: container {} of {} requests none, and a share of nothing cannot be told",
                title(object),
                container.name,
                title(workload.object)
            );
            out.add(object, &format!("{path}.averageUtilization"), message)
                .help(format!("set `resources.requests.{name}` on each container of the pods"))
                .related(workload.object, &place, format!("requests no {name}"));
        }
    }
}

fn is_share(target: &MetricTarget) -> bool {
    target.type_ == "Utilization" || target.average_utilization.is_some()
}

/// Whether a container requests a resource. A limit without a request is taken for both.
fn requests(container: &Container, name: &str) -> bool {
    container.resources.as_ref().is_some_and(|resources| {
        [&resources.requests, &resources.limits].into_iter().flatten().any(|list| list.contains_key(name))
    })
}
