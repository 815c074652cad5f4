//! WL026: replicas that a drain may all take at once.
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::{
        services::support::services,
        workloads::support::{Scalers, replicas_of, selector_of, served},
    },
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "WL026",
    name: "no-disruption-budget",
    group: Group::Reliability,
    severity: Severity::Info,
    finds: "A Deployment or StatefulSet behind a Service with several replicas that no PodDisruptionBudget selects.",
    why: "While nodes are drained, for an upgrade of the cluster or by an autoscaler of nodes, all its pods may be evicted \
          at once, and the Service then has no endpoint. A budget lets them go one by one.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: orders
spec:
  selector: {app: orders}
  ports:
    - {name: http, port: 80, targetPort: 8080}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders
spec:
  replicas: 3
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec:
      containers: [{name: orders, image: \"registry.example/orders:3.1\"}]
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: orders
spec:
  selector: {app: orders}
  ports:
    - {name: http, port: 80, targetPort: 8080}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders
spec:
  replicas: 3
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec:
      containers: [{name: orders, image: \"registry.example/orders:3.1\"}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: orders
spec:
  maxUnavailable: 1
  selector:
    matchLabels: {app: orders}
",
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let scalers = Scalers::new(cx);
    let by = served(cx, services(cx));
    let budgets: Vec<_> = cx
        .all::<PodDisruptionBudget>()
        .filter_map(|(object, budget)| {
            let selector = budget.spec.as_ref()?.selector.as_ref()?;
            Some((namespace_of(object), selector_of(selector)?))
        })
        .collect();
    for workload in cx.workloads() {
        let namespace = workload.namespace();
        if !matches!(&*workload.object.kind, "Deployment" | "StatefulSet")
            || !cx.is_closed("PodDisruptionBudget", Some(namespace))
        {
            continue;
        }
        let (replicas, at, path) = replicas_of(workload, &scalers);
        let Some(service) = by.get(&workload.key()).filter(|_| replicas > 1) else { continue };
        if budgets.iter().any(|(of, selector)| *of == namespace && selector.matches(workload.labels())) {
            continue;
        }
        let message = format!(
            "{} has {replicas} replicas, and no PodDisruptionBudget keeps a drain from taking all of them",
            title(workload.object)
        );
        out.add(workload.object, "metadata.name", message)
            .help("add a PodDisruptionBudget with `maxUnavailable: 1` that selects its pods")
            .related(at, path, "this many")
            .related(service.object, "spec.selector", "sends connections to them");
    }
}
