//! WL004: a pod is killed before its preStop hook has slept.
use k8s_openapi::api::core::v1::LifecycleHandler;
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::{services::support::services, workloads::support::served},
    words::title,
};

pub static RULE: Rule = Rule {
    code: "WL004",
    name: "grace-too-short",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "A `preStop` sleep that is as long as the pod's `terminationGracePeriodSeconds` or longer, and a grace \
            period of 0 for pods behind a Service.",
    why: "The hook's time counts towards the grace period (30 seconds where unset). When that ends the container \
          is killed, with the connections that the hook was to let finish. A grace period of 0 kills at once, \
          while Services and proxies still send to the pod.",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders
spec:
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec:
      terminationGracePeriodSeconds: 20
      containers:
        - name: orders
          image: registry.example/orders:3.1
          lifecycle:
            preStop:
              sleep: {seconds: 30}
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders
spec:
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec:
      terminationGracePeriodSeconds: 60
      containers:
        - name: orders
          image: registry.example/orders:3.1
          lifecycle:
            preStop:
              sleep: {seconds: 30}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let by = served(cx, services(cx));
    for workload in cx.workloads() {
        let grace = workload.spec.termination_grace_period_seconds.unwrap_or(30);
        let field = workload.path("spec.terminationGracePeriodSeconds");
        if grace == 0 {
            let Some(service) = by.get(&workload.key()).filter(|_| !workload.is_job()) else { continue };
            let message = format!(
                "{}: a pod is killed at once (grace period 0), while {} still sends to it",
                title(workload.object),
                service.title()
            );
            out.add(workload.object, &field, message)
                .help("leave it out (30 seconds), and let the container finish what it has begun");
            continue;
        }
        for (path, container) in workload.containers() {
            let hook = container.lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.as_ref());
            let Some(seconds) = hook.and_then(sleep).filter(|seconds| *seconds >= grace) else { continue };
            let message = format!(
                "{}: the preStop hook of container {} sleeps {seconds} s, and the pod is killed after {grace} s",
                title(workload.object),
                container.name
            );
            out.add(workload.object, &format!("{path}.lifecycle.preStop"), message)
                .help(format!("set `terminationGracePeriodSeconds` to more than {seconds}, with time to stop after the sleep"))
                .related(workload.object, &field, "the grace period");
        }
    }
}

/// How long a hook sleeps: `sleep`, or a command that is nothing but a sleep.
fn sleep(hook: &LifecycleHandler) -> Option<i64> {
    if let Some(sleep) = &hook.sleep {
        return Some(sleep.seconds);
    }
    let command = hook.exec.as_ref()?.command.as_deref()?;
    let words: Vec<&str> = command.iter().flat_map(|word| word.split_whitespace()).collect();
    match words.as_slice() {
        [.., "sleep", seconds] => seconds.trim_end_matches('s').parse().ok(),
        _ => None,
    }
}
