//! WL015: a pod that does not say what the restricted Pod Security Standard wants to hear.
use k8s_openapi::api::core::v1::{Container, Namespace};
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule, Workload,
    rules::workloads::support::all_containers,
    words::{entry, list_of, title},
};

pub static RULE: Rule = Rule {
    code: "WL015",
    name: "unmet-pod-security",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A workload in a namespace that enforces `restricted`, whose containers do not set what that level \
            requires: `allowPrivilegeEscalation: false`, dropping all capabilities, `runAsNonRoot: true`, a \
            seccomp profile.",
    why: "`restricted` is not only a list of what is forbidden: these fields have to be there. Without them the \
          API server refuses each pod, and a Deployment shows no pods and no error of its own.",
    wrong: "\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels:
    pod-security.kubernetes.io/enforce: restricted
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders
  namespace: shop
spec:
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec:
      containers:
        - name: orders
          image: registry.example/orders:3.1
          securityContext:
            runAsNonRoot: true
",
    right: "\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels:
    pod-security.kubernetes.io/enforce: restricted
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders
  namespace: shop
spec:
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec:
      securityContext:
        runAsNonRoot: true
        seccompProfile: {type: RuntimeDefault}
      containers:
        - name: orders
          image: registry.example/orders:3.1
          securityContext:
            allowPrivilegeEscalation: false
            capabilities: {drop: [ALL]}
",
    closed: false,
    check,
};

const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for workload in cx.workloads() {
        let Some((namespace, _)) = cx.find::<Namespace>(None, workload.namespace()) else { continue };
        let enforced = namespace.labels().get(ENFORCE).is_some_and(|level| level == "restricted");
        // Pods of Windows are excused from most of it.
        if !enforced || workload.spec.os.as_ref().is_some_and(|os| os.name == "windows") {
            continue;
        }
        for (path, container) in all_containers(workload) {
            let lacking = lacking(workload, container);
            if lacking.is_empty() {
                continue;
            }
            let message = format!(
                "{}: container {} does not set {}, and namespace {} enforces `restricted`: its pods are refused",
                title(workload.object),
                container.name,
                list_of(&lacking),
                namespace.name
            );
            let context = format!("{path}.securityContext");
            let place = if workload.object.is_written(&context) { context } else { path };
            out.add(workload.object, &place, message)
                .help("set it in the container's `securityContext`; `runAsNonRoot` and `seccompProfile` may stand in the pod's")
                .related(namespace, &entry("metadata.labels", ENFORCE), "enforced here");
        }
    }
}

fn lacking(workload: &Workload<'_>, container: &Container) -> Vec<&'static str> {
    let own = container.security_context.as_ref();
    let pod = workload.spec.security_context.as_ref();
    let mut lacking = Vec::new();
    if own.and_then(|c| c.allow_privilege_escalation) != Some(false) {
        lacking.push("`allowPrivilegeEscalation: false`");
    }
    let dropped = own.and_then(|c| c.capabilities.as_ref()).and_then(|c| c.drop.as_ref());
    if !dropped.is_some_and(|dropped| dropped.iter().any(|name| name == "ALL")) {
        lacking.push("`capabilities.drop: [ALL]`");
    }
    let non_root = own.and_then(|c| c.run_as_non_root).or(pod.and_then(|c| c.run_as_non_root));
    // A pod in a user namespace need not say it.
    if non_root != Some(true) && workload.spec.host_users != Some(false) {
        lacking.push("`runAsNonRoot: true`");
    }
    let profile =
        own.and_then(|c| c.seccomp_profile.as_ref()).or(pod.and_then(|c| c.seccomp_profile.as_ref()));
    if !profile.is_some_and(|profile| matches!(profile.type_.as_str(), "RuntimeDefault" | "Localhost")) {
        lacking.push("`seccompProfile.type: RuntimeDefault`");
    }
    lacking
}
