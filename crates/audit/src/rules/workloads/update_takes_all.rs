//! WL005: a rolling update may take all pods at once.
use k8s_openapi::{api::apps::v1::Deployment, apimachinery::pkg::util::intstr::IntOrString};
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule, Workload,
    rules::{services::support::services, workloads::support::served},
    words::title,
};

pub static RULE: Rule = Rule {
    code: "WL005",
    name: "update-takes-all",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "A Deployment behind a Service whose `maxUnavailable` lets a rolling update take down every pod before \
            a new one is ready.",
    why: "Until a new pod is ready nobody answers: each release is an outage. The default, a quarter rounded down, \
          keeps at least one.",
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
  replicas: 2
  selector: {matchLabels: {app: orders}}
  strategy:
    rollingUpdate:
      maxUnavailable: 2
  template:
    metadata: {labels: {app: orders}}
    spec: {containers: [{name: orders, image: \"registry.example/orders:3.1\"}]}
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
  replicas: 2
  selector: {matchLabels: {app: orders}}
  strategy:
    rollingUpdate:
      maxUnavailable: 0
      maxSurge: 1
  template:
    metadata: {labels: {app: orders}}
    spec: {containers: [{name: orders, image: \"registry.example/orders:3.1\"}]}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let by = served(cx, services(cx));
    for (object, deployment) in cx.all::<Deployment>() {
        let Some(spec) = &deployment.spec else { continue };
        let rolling = spec.strategy.as_ref().and_then(|strategy| strategy.rolling_update.as_ref());
        let Some(most) = rolling.and_then(|rolling| rolling.max_unavailable.as_ref()) else { continue };
        let Some(workload) = Workload::of(object) else { continue };
        let Some(service) = by.get(&workload.key()) else { continue };
        // Where an autoscaler sets the number, only a share of it is known.
        let takes_all = match most {
            IntOrString::Int(most) => spec.replicas.is_some_and(|replicas| replicas > 0 && *most >= replicas),
            IntOrString::String(share) => share == "100%",
        };
        if !takes_all {
            continue;
        }
        let said = match most {
            IntOrString::Int(most) => most.to_string(),
            IntOrString::String(share) => share.clone(),
        };
        let message = format!(
            "{}: an update may take down every pod at once (maxUnavailable {said}), and {} then has no endpoint",
            title(object),
            service.title()
        );
        out.add(object, "spec.strategy.rollingUpdate.maxUnavailable", message)
            .help("write `maxUnavailable: 0` with `maxSurge: 1`, so that a pod goes when another is ready")
            .related(service.object, "spec.selector", "selects these pods");
    }
}
