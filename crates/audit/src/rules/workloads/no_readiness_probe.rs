//! WL001: pods behind a Service that say nothing of whether they are ready.
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::{services::support::services, workloads::support::served},
    words::title,
};

pub static RULE: Rule = Rule {
    code: "WL001",
    name: "no-readiness-probe",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "A workload whose pods a Service of the set selects, and none of whose containers has a readiness \
            probe.",
    why: "Without one a pod counts as ready the moment its container starts, and as long as it runs: connections \
          go to it while it still loads, and while it hangs. A rolling update then replaces working pods with ones \
          that do not answer yet.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: orders
spec:
  selector: {app: orders}
  ports:
    - {name: http, port: 80, targetPort: 8080}
---
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
          ports: [{containerPort: 8080}]
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: orders
spec:
  selector: {app: orders}
  ports:
    - {name: http, port: 80, targetPort: 8080}
---
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
          ports: [{containerPort: 8080}]
          readinessProbe:
            httpGet: {path: /ready, port: 8080}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let by = served(cx, services(cx));
    for workload in cx.workloads().iter().filter(|workload| !workload.is_job()) {
        let Some(service) = by.get(&workload.key()) else { continue };
        let ready = workload.containers().any(|(_, container)| container.readiness_probe.is_some());
        // Readiness gates are another way to say it.
        if ready || workload.spec.readiness_gates.as_ref().is_some_and(|gates| !gates.is_empty()) {
            continue;
        }
        let serving = workload.containers().find(|(_, container)| container.ports.is_some());
        let Some((path, container)) = serving.or_else(|| workload.containers().next()) else { continue };
        let message = format!(
            "{}: container {} has no readiness probe, and {} sends it connections as soon as it has started",
            title(workload.object),
            container.name,
            service.title()
        );
        out.add(workload.object, &path, message)
            .help("add a `readinessProbe` that answers once it can serve")
            .related(service.object, "spec.selector", "selects these pods");
    }
}
