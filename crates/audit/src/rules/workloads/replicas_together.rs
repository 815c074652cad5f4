//! WL025: nothing keeps the replicas of a workload apart.
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::{
        services::support::services,
        workloads::support::{Scalers, replicas_of, served},
    },
    words::title,
};

pub static RULE: Rule = Rule {
    code: "WL025",
    name: "replicas-together",
    group: Group::Reliability,
    severity: Severity::Info,
    finds: "A Deployment or StatefulSet behind a Service with several replicas and neither \
            `topologySpreadConstraints` nor an anti-affinity of pods.",
    why: "By itself the scheduler spreads replicas over nodes and zones only roughly and only while that is \
          convenient. All of them may come to stand on one node, and go down with it.",
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
  replicas: 3
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec:
      containers: [{name: orders, image: \"registry.example/orders:3.1\"}]
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
  replicas: 3
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec:
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {app: orders}
      containers: [{name: orders, image: \"registry.example/orders:3.1\"}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let scalers = Scalers::new(cx);
    let by = served(cx, services(cx));
    for workload in cx.workloads() {
        if !matches!(&*workload.object.kind, "Deployment" | "StatefulSet") {
            continue;
        }
        let (replicas, at, path) = replicas_of(workload, &scalers);
        let Some(service) = by.get(&workload.key()).filter(|_| replicas > 1) else { continue };
        let spec = workload.spec;
        let spread = spec.topology_spread_constraints.as_ref().is_some_and(|list| !list.is_empty());
        let apart = spec.affinity.as_ref().is_some_and(|affinity| affinity.pod_anti_affinity.is_some());
        // Where the nodes are chosen one by one, somebody thought about it.
        if spread || apart || spec.node_name.is_some() || spec.scheduler_name.is_some() {
            continue;
        }
        let message = format!(
            "{} has {replicas} replicas, and nothing keeps them from standing on one node",
            title(workload.object)
        );
        out.add(workload.object, &workload.path("spec"), message)
            .help("add `topologySpreadConstraints` over `kubernetes.io/hostname`, or an anti-affinity of its pods")
            .related(at, path, "this many")
            .related(service.object, "spec.selector", "sends connections to them");
    }
}
