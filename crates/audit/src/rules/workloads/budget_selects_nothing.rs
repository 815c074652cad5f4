//! WL006: a PodDisruptionBudget that protects no pod.
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::workloads::support::selector_of,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "WL006",
    name: "budget-selects-nothing",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A PodDisruptionBudget whose selector matches the pods of no workload, where the namespace is known to \
            be complete.",
    why: "It protects nothing: a drain evicts all pods at once, and nobody notices before that. Most often the \
          workload's labels were changed and the budget was forgotten.",
    wrong: "\
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: orders
spec:
  maxUnavailable: 1
  selector:
    matchLabels: {app: order}
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
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, budget) in cx.all::<PodDisruptionBudget>() {
        let namespace = namespace_of(object);
        let Some(spec) = budget.spec.as_ref().filter(|_| cx.is_closed("Pod", Some(namespace))) else {
            continue;
        };
        let Some(selector) = spec.selector.as_ref().and_then(selector_of) else { continue };
        let is_protected = cx.workloads_selected(namespace, &selector).next().is_some()
            || cx.pods_in(namespace).iter().any(|pod| selector.matches(&pod.labels));
        if is_protected {
            continue;
        }
        let message = format!(
            "{} protects no pod: no workload of namespace {namespace} has these labels",
            title(object)
        );
        let finding = out.add(object, "spec.selector", message);
        finding.help("select by the labels of the workload's template");
        let labels = spec.selector.as_ref().and_then(|selector| selector.match_labels.as_ref());
        let near = |w: &&crate::Workload<'_>| {
            w.object.name == object.name
                || labels.into_iter().flatten().any(|(key, value)| w.labels().get(key) == Some(value))
        };
        if let Some(near) = cx.workloads_in(namespace).find(near) {
            finding.related(near.object, &near.path("metadata.labels"), "these labels come nearest");
        }
    }
}
