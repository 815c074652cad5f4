//! SV001: a Service whose selector selects no pod.
use std::sync::Arc;

use k8s_openapi::api::core::v1::Service;
use netloom_cluster::Pod;
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "SV001",
    name: "selects-nothing",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A Service whose selector matches the labels of no workload in its namespace.",
    why: "It has no endpoints: connections to it are refused. Most often a label was renamed on one side only.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector:
    app: website
  ports:
    - port: 80
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web:1}]}
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector:
    app: web
  ports:
    - port: 80
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web:1}]}
",
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, service) in cx.all::<Service>() {
        let Some(spec) = &service.spec else { continue };
        let Some(selector) = spec.selector.as_ref().filter(|selector| !selector.is_empty()) else { continue };
        let namespace = object.reference.namespace.as_deref().unwrap_or("default");
        let is_external_name = spec.type_.as_deref() == Some("ExternalName");
        if is_external_name || !cx.is_closed("Pod", Some(namespace)) {
            continue;
        }
        let is_of = |pod: &Arc<Pod>| selector.iter().all(|(key, value)| pod.labels.get(key) == Some(value));
        if cx.workloads_with(namespace, selector).next().is_some() || cx.pods_in(namespace).iter().any(is_of)
        {
            continue;
        }
        let labels: Vec<String> = selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let message =
            format!("Service {namespace}/{} selects no pod: none has {}", object.name, labels.join(","));
        let finding = out.add(object, "spec.selector", message);
        if let Some(near) = cx
            .workloads_in(namespace)
            .find(|w| selector.iter().any(|(key, value)| w.labels().get(key) == Some(value)))
        {
            finding.related(near.object, &near.path("metadata.labels"), "these labels come nearest");
        }
    }
}
