//! WL010: an autoscaler for what is not there, or cannot be scaled.
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "WL010",
    name: "scaler-target",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A HorizontalPodAutoscaler whose target has another kind in the set, cannot be scaled, or does not \
            exist where the namespace is known to be complete.",
    why: "It reports \"the HPA controller was unable to get the target's current scale\" and does nothing; the \
          workload stays at the number it has.",
    wrong: "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: orders
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: order}
  minReplicas: 2
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
    right: "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: orders
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: orders}
  minReplicas: 2
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
    closed: true,
    check,
};

const SCALABLE: [(&str, &str); 4] =
    [("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "ReplicaSet"), ("", "ReplicationController")];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, scaler) in cx.all::<HorizontalPodAutoscaler>() {
        let target = &scaler.spec.scale_target_ref;
        let namespace = namespace_of(object);
        let group =
            target.api_version.as_deref().and_then(|v| v.split_once('/')).map_or("", |(group, _)| group);
        if matches!(target.kind.as_str(), "DaemonSet" | "Job" | "CronJob" | "Pod") {
            let message = format!("{}: a {} has no number of replicas to scale", title(object), target.kind);
            out.add(object, "spec.scaleTargetRef.kind", message).help("scale a Deployment or a StatefulSet");
            continue;
        }
        // Whether kinds of extensions can be scaled is for their definitions to say.
        let own = SCALABLE.iter().any(|(_, kind)| *kind == target.kind);
        if !own || cx.find_any(group, &target.kind, Some(namespace), &target.name).is_some() {
            continue;
        }
        let here = |(group, kind): &(&str, &str)| cx.find_any(group, kind, Some(namespace), &target.name);
        let other = SCALABLE.iter().find_map(here);
        let named = format!("{} {namespace}/{}", target.kind, target.name);
        if let Some(other) = other {
            let (fault, path) = if *other.kind == *target.kind {
                (format!("with `apiVersion: {}`", other.api_version), "spec.scaleTargetRef.apiVersion")
            } else {
                (format!("but a {} of this name", other.kind), "spec.scaleTargetRef.kind")
            };
            let written = target.api_version.as_deref().unwrap_or("no apiVersion");
            let message = format!("{} scales {named} ({written}), and there is none, {fault}", title(object));
            out.add(object, path, message)
                .help(format!("write `apiVersion: {}` and `kind: {}`", other.api_version, other.kind))
                .related(other, "metadata.name", "this one is there");
        } else if cx.is_closed(&target.kind, Some(namespace)) {
            let message = format!("{} scales {named}, which does not exist", title(object));
            let near = cx
                .workloads_in(namespace)
                .filter(|workload| *workload.object.kind == *target.kind)
                .min_by_key(|workload| netloom_objects::edit_distance(&workload.object.name, &target.name));
            let finding = out.add(object, "spec.scaleTargetRef.name", message);
            let unplaced = cx.find_any(group, &target.kind, Some("default"), &target.name);
            if let Some(unplaced) = unplaced.filter(|object| object.namespace.is_none()) {
                finding.help(format!("state `namespace: {namespace}` there")).related(
                    unplaced,
                    "metadata.name",
                    "this one states no namespace",
                );
            } else if let Some(near) = near {
                finding.help(format!("namespace {namespace} has {} {}", near.object.kind, near.object.name));
            }
        }
    }
}
