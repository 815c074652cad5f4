//! WL011: an autoscaler that somebody else works against.
use std::collections::HashMap;

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use netloom_objects::{Object, Severity};

use crate::{
    Context, Findings, Group, Rule, rules::workloads::support::target_of, words::title, workload::Key,
};

pub static RULE: Rule = Rule {
    code: "WL011",
    name: "scaler-conflict",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "Two HorizontalPodAutoscalers for one workload; and (info) a workload that states `replicas` although \
            an autoscaler sets it.",
    why: "Two autoscalers undo each other's decisions every 15 seconds; since Kubernetes 1.27 both stop with the \
          condition AmbiguousSelector. A `replicas` in the manifest is set again by each `kubectl apply`: in the \
          rush hour, a release takes away the pods that the autoscaler added.",
    wrong: "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: orders-cpu
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: orders}
  minReplicas: 2
  maxReplicas: 8
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: orders-memory
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: orders}
  minReplicas: 3
  maxReplicas: 6
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
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: orders
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: orders}
  minReplicas: 3
  maxReplicas: 8
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders
spec:
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
    for (object, scaler) in cx.all::<HorizontalPodAutoscaler>() {
        let Some(workload) = target_of(cx, object, &scaler.spec) else { continue };
        if let Some(other) = first.insert(workload.key(), object) {
            let message = format!(
                "{} and HorizontalPodAutoscaler {} both scale {}",
                title(object),
                other.name,
                title(workload.object)
            );
            out.add(object, "spec.scaleTargetRef", message)
                .help("make it one autoscaler with all the metrics: it takes the highest number that one of them asks for")
                .related(other, "spec.scaleTargetRef", "the other one");
        } else if let Some(replicas) = stated(&workload) {
            let message = format!(
                "{} states {replicas} replicas, and {} changes them: each apply sets them back",
                title(workload.object),
                title(object)
            );
            out.add(workload.object, "spec.replicas", message)
                .help("leave `replicas` out; before the first apply without it, see \"Migrating Deployments and StatefulSets to horizontal autoscaling\"")
                .severity(Severity::Info)
                .related(object, "spec.scaleTargetRef", "this one scales it");
        }
    }
}
/// The replicas that its manifest states. In a dump of a cluster they are the autoscaler's.
fn stated(workload: &crate::Workload<'_>) -> Option<i32> {
    let is_dump = workload.object.metadata().uid.is_some();
    workload.replicas.filter(|_| !is_dump && workload.object.is_written("spec.replicas"))
}
