//! SV005: a Service selects the pods of a Job beside those that serve.
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::services::support::{declared, protocol_of, services, target_name, target_number},
    words::title,
};

pub static RULE: Rule = Rule {
    code: "SV005",
    name: "selects-job-pods",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A Service whose selector also matches the pods of a Job or CronJob, beside those of workloads that \
            serve.",
    why: "A Job's pod is an endpoint as soon as it is Ready, which without a readiness probe is at once. While a \
          migration or a report runs, a share of the connections goes to a pod that does not listen.",
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
  selector: {matchLabels: {app: orders, role: server}}
  template:
    metadata: {labels: {app: orders, role: server}}
    spec: {containers: [{name: orders, image: \"registry.example/orders:3.1\"}]}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: orders-migrate
spec:
  template:
    metadata: {labels: {app: orders, role: migration}}
    spec:
      restartPolicy: Never
      containers: [{name: migrate, image: \"registry.example/orders:3.1\", args: [migrate]}]
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: orders
spec:
  selector: {app: orders, role: server}
  ports:
    - {name: http, port: 80, targetPort: 8080}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders
spec:
  selector: {matchLabels: {app: orders, role: server}}
  template:
    metadata: {labels: {app: orders, role: server}}
    spec: {containers: [{name: orders, image: \"registry.example/orders:3.1\"}]}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: orders-migrate
spec:
  template:
    metadata: {labels: {app: orders, role: migration}}
    spec:
      restartPolicy: Never
      containers: [{name: migrate, image: \"registry.example/orders:3.1\", args: [migrate]}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for service in services(cx).filter(|service| !service.is_headless()) {
        let workloads = service.workloads(cx);
        if workloads.iter().all(|workload| workload.is_job()) {
            continue;
        }
        for job in workloads.iter().filter(|workload| workload.is_job()) {
            // A Job that declares the port means to serve. One without the port's name is no endpoint of it.
            let ports = declared(job);
            let concerned = service.ports().any(|(_, port)| {
                target_name(port).is_none()
                    && !ports
                        .iter()
                        .any(|d| Some(d.number) == target_number(port) && d.protocol == protocol_of(port))
            });
            if !concerned {
                continue;
            }
            let message = format!(
                "{} also selects the pods of {}: while it runs, a share of the connections goes to them",
                service.title(),
                title(job.object)
            );
            out.add(service.object, "spec.selector", message)
                .help("add a label to the selector that the Job's pods do not have")
                .related(job.object, &job.path("metadata.labels"), "these labels match");
        }
    }
}
