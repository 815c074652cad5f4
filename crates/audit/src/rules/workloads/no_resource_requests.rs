//! WL024: a container that asks for nothing.
use k8s_openapi::api::core::v1::Container;
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    words::{list_of, namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "WL024",
    name: "no-resource-requests",
    group: Group::Reliability,
    severity: Severity::Info,
    finds: "A workload with a container that requests no CPU or no memory, and has no limit that would stand for it. \
            Silent where the namespace has a LimitRange, which may supply them.",
    why: "The scheduler packs such pods onto nodes that are full, and they are the first to be killed when memory runs \
          short: to their clients that is a connection that breaks. An autoscaler cannot count a share of nothing.",
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
          resources:
            requests: {cpu: 250m, memory: 256Mi}
            limits: {memory: 256Mi}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let limited: Vec<&str> = cx.all_of("", "LimitRange").into_iter().map(namespace_of).collect();
    for workload in cx.workloads().iter().filter(|workload| !limited.contains(&workload.namespace())) {
        let of_pod = workload.spec.resources.as_ref();
        let asked = |container: &Container, name: &str| {
            [of_pod, container.resources.as_ref()].into_iter().flatten().any(|resources| {
                [&resources.requests, &resources.limits]
                    .into_iter()
                    .flatten()
                    .any(|list| list.contains_key(name))
            })
        };
        let lacking = workload.containers().find_map(|(path, container)| {
            let missing: Vec<&str> = [("cpu", "CPU"), ("memory", "memory")]
                .iter()
                .filter(|(name, _)| !asked(container, name))
                .map(|n| n.1)
                .collect();
            (!missing.is_empty()).then_some((path, container, missing))
        });
        let Some((path, container, missing)) = lacking else { continue };
        let message = format!(
            "{}: container {} requests no {}",
            title(workload.object),
            container.name,
            list_of(&missing).replace(" and ", " and no ")
        );
        let written = format!("{path}.resources");
        let place = if workload.object.is_written(&written) { written } else { path };
        out.add(workload.object, &place, message).help(
            "state under `resources` what it needs: `requests` of CPU and memory, and a `limits.memory`",
        );
    }
}
