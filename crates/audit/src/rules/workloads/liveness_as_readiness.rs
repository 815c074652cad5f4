//! WL003: the same question decides over traffic and over restarts, with no more patience for the second.
use k8s_openapi::api::core::v1::Probe;
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "WL003",
    name: "liveness-as-readiness",
    group: Group::Reliability,
    severity: Severity::Info,
    finds: "A liveness probe that asks the same path and port as the readiness probe, and gives up no later.",
    why: "Readiness may depend on others, a database for instance, and takes a pod out of the Service. The same \
          answer to the liveness probe restarts it: when the database is slow every pod restarts at once, and the \
          restart helps nobody. A liveness probe that shares the question has to be slower to give up (\"Configure \
          Liveness, Readiness and Startup Probes\").",
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
      containers:
        - name: orders
          image: registry.example/orders:3.1
          readinessProbe:
            httpGet: {path: /health, port: 8080}
          livenessProbe:
            httpGet: {path: /health, port: 8080}
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
      containers:
        - name: orders
          image: registry.example/orders:3.1
          readinessProbe:
            httpGet: {path: /health, port: 8080}
          livenessProbe:
            httpGet: {path: /health, port: 8080}
            failureThreshold: 10
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for workload in cx.workloads() {
        for (path, container) in workload.containers() {
            let (Some(live), Some(ready)) = (&container.liveness_probe, &container.readiness_probe) else {
                continue;
            };
            let (Some(a), Some(b)) = (&live.http_get, &ready.http_get) else { continue };
            if a.path != b.path || a.port != b.port || patience(live) > patience(ready) {
                continue;
            }
            let message = format!(
                "{}: container {} is restarted after {} s by the same probe that takes it out of the Service after {} s",
                title(workload.object),
                container.name,
                patience(live),
                patience(ready)
            );
            out.add(workload.object, &format!("{path}.livenessProbe"), message)
                .help("ask liveness a question that depends on nothing else, or give it a higher `failureThreshold`")
                .related(workload.object, &format!("{path}.readinessProbe"), "asks the same");
        }
    }
}

/// After how many seconds of failure a probe gives up.
fn patience(probe: &Probe) -> i64 {
    let period = probe.period_seconds.filter(|n| *n > 0).unwrap_or(10);
    let failures = probe.failure_threshold.filter(|n| *n > 0).unwrap_or(3);
    i64::from(period) * i64::from(failures)
}
