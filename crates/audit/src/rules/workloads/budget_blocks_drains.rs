//! WL007: a PodDisruptionBudget that never lets a pod go.
use k8s_openapi::{api::policy::v1::PodDisruptionBudget, apimachinery::pkg::util::intstr::IntOrString};
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::workloads::support::{Scalers, selector_of},
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "WL007",
    name: "budget-blocks-drains",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "A PodDisruptionBudget that allows no disruption: `maxUnavailable: 0`, or a `minAvailable` of all the \
            pods that its workload has (of the autoscaler's `minReplicas`, where there is one).",
    why: "An eviction that the budget forbids is tried again for ever: draining a node hangs, and with it the \
          upgrade of the cluster, until somebody deletes the pod by hand, without any protection.",
    wrong: "\
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: orders
spec:
  minAvailable: 2
  selector:
    matchLabels: {app: orders}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders
spec:
  replicas: 2
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
  replicas: 2
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec: {containers: [{name: orders, image: \"registry.example/orders:3.1\"}]}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let scalers = Scalers::new(cx);
    for (object, budget) in cx.all::<PodDisruptionBudget>() {
        let Some(spec) = &budget.spec else { continue };
        let zero = match &spec.max_unavailable {
            Some(IntOrString::Int(most)) => *most == 0,
            Some(IntOrString::String(share)) => share == "0%",
            None => false,
        };
        if zero {
            let message = format!("{} never lets a pod go: a drain of a node with one hangs", title(object));
            out.add(object, "spec.maxUnavailable", message).help("write `maxUnavailable: 1`");
            continue;
        }
        let Some(least) = &spec.min_available else { continue };
        if matches!(least, IntOrString::String(share) if share == "100%") {
            let message =
                format!("{} wants every pod available: a drain of a node with one hangs", title(object));
            out.add(object, "spec.minAvailable", message).help("write `maxUnavailable: 1` in its place");
            continue;
        }
        let IntOrString::Int(least) = least else { continue };
        let Some(selector) = spec.selector.as_ref().and_then(selector_of) else { continue };
        let workloads: Vec<_> = cx.workloads_selected(namespace_of(object), &selector).collect();
        // Of several workloads, or of pods that are not in the set, the number is not known.
        let [workload] = workloads.as_slice() else { continue };
        if workload.is_job() || &*workload.object.kind == "DaemonSet" {
            continue;
        }
        let scaler = scalers.of(workload.object);
        let (pods, whose, path) = match scaler {
            Some((_, spec)) => {
                (spec.min_replicas.unwrap_or(1), "the autoscaler goes down to", "spec.minReplicas")
            }
            None => (workload.replicas.unwrap_or(1), "there are", "spec.replicas"),
        };
        if *least < pods || pods == 0 {
            continue;
        }
        let message = format!(
            "{} wants {least} pods of {} available, and {whose} {pods}: a drain of a node with one hangs",
            title(object),
            title(workload.object)
        );
        out.add(object, "spec.minAvailable", message)
            .help(match pods {
                1 => "run at least two replicas, with `maxUnavailable: 1` here".to_owned(),
                _ => "write `maxUnavailable: 1` in its place: it holds for any number of replicas".to_owned(),
            })
            .related(scaler.map_or(workload.object, |(scaler, _)| scaler), path, "this many");
    }
}
