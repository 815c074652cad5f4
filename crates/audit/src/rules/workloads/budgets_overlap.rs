//! WL008: two PodDisruptionBudgets for the same pods.
use std::collections::HashMap;

use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use netloom_objects::{Object, Severity};

use crate::{
    Context, Findings, Group, Rule,
    rules::workloads::support::selector_of,
    words::{namespace_of, title},
    workload::Key,
};

pub static RULE: Rule = Rule {
    code: "WL008",
    name: "budgets-overlap",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A workload whose pods two PodDisruptionBudgets select.",
    why: "The eviction API does not support it: it answers with an error, \"found more than one \
          PodDisruptionBudget\", whatever the budgets say, and nodes with such a pod cannot be drained.",
    wrong: "\
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: orders
spec:
  maxUnavailable: 1
  selector:
    matchLabels: {app: orders}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: everything
spec:
  maxUnavailable: 50%
  selector: {}
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
    spec: {containers: [{name: orders, image: \"registry.example/orders:3.1\"}]}
",
    right: "\
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: orders
spec:
  maxUnavailable: 1
  selector:
    matchLabels: {app: orders}
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
    spec: {containers: [{name: orders, image: \"registry.example/orders:3.1\"}]}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut first: HashMap<Key<'_>, &Object> = HashMap::new();
    for (object, budget) in cx.all::<PodDisruptionBudget>() {
        let selector = budget.spec.as_ref().and_then(|spec| spec.selector.as_ref()).and_then(selector_of);
        let Some(selector) = selector else { continue };
        let mut told = false;
        for workload in cx.workloads_selected(namespace_of(object), &selector) {
            let Some(other) = first.insert(workload.key(), object).filter(|_| !told) else { continue };
            let message = format!(
                "{} and PodDisruptionBudget {} both select the pods of {}: none of them can be evicted",
                title(object),
                other.name,
                title(workload.object)
            );
            out.add(object, "spec.selector", message)
                .help("keep one budget for each workload")
                .related(other, "spec.selector", "the other one")
                .related(workload.object, &workload.path("metadata.labels"), "these pods");
            told = true;
        }
    }
}
