//! WL027: a namespace in which pods may ask for anything.
use k8s_openapi::api::core::v1::Namespace;
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "WL027",
    name: "namespace-without-pod-security",
    group: Group::Security,
    severity: Severity::Info,
    finds: "A Namespace of the set that has workloads and does not say which Pod Security Standard its pods are held to. \
            Silent for kube-system and where policies of Kyverno, Gatekeeper or the API server's own admission stand in the set.",
    why: "Without `pod-security.kubernetes.io/enforce` a pod may run privileged and in the node's network, past every \
          network policy. `restricted` suits applications, `baseline` most of the rest, and `privileged` says that it is meant.",
    wrong: "\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: orders, namespace: shop}
spec:
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec:
      containers: [{name: orders, image: \"registry.example/orders:3.1\"}]
",
    right: "\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels:
    pod-security.kubernetes.io/enforce: baseline
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: orders, namespace: shop}
spec:
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec:
      containers: [{name: orders, image: \"registry.example/orders:3.1\"}]
",
    closed: false,
    check,
};

const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

/// Kinds with which pods are judged in another way.
const OTHERS: [(&str, &str); 7] = [
    ("kyverno.io", "ClusterPolicy"),
    ("kyverno.io", "Policy"),
    ("policies.kyverno.io", "ValidatingPolicy"),
    ("templates.gatekeeper.sh", "ConstraintTemplate"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("apiserver.config.k8s.io", "AdmissionConfiguration"),
    ("security.openshift.io", "SecurityContextConstraints"),
];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    if OTHERS.iter().any(|(group, kind)| !cx.all_of(group, kind).is_empty()) {
        return;
    }
    for (object, _) in cx.all::<Namespace>() {
        if object.labels().contains_key(ENFORCE) || &*object.name == "kube-system" {
            continue;
        }
        let Some(workload) = cx.workloads_in(&object.name).next() else { continue };
        let message = format!("{} holds its pods to no Pod Security Standard", title(object));
        let written = object.is_written("metadata.labels");
        out.add(object, if written { "metadata.labels" } else { "metadata.name" }, message)
            .help(format!("add the label `{ENFORCE}: restricted`, or `baseline`, or say `privileged`"))
            .related(workload.object, "metadata.name", "runs in it");
    }
}
