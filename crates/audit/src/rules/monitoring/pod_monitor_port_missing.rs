//! OB002: a PodMonitor names a port that no container has.
use netloom_objects::Severity;

use super::support::{known_ports, pod_monitors};
use crate::{Context, Findings, Fix, Group, Rule, rules::services::support::declared, words::title};

/// Ports of containers that a mesh injects when the pod is made.
const INJECTED: [&str; 3] = ["http-envoy-prom", "linkerd-admin", "linkerd-proxy"];

pub static RULE: Rule = Rule {
    code: "OB002",
    name: "pod-monitor-port-missing",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "An endpoint of a PodMonitor whose `port` is the name of no container port of the pods of the set \
            that the monitor selects.",
    why: "Prometheus makes one target for each declared container port and drops those of another name; the \
            monitor has no target, and nothing says so (prometheus-operator: API reference of \
            PodMetricsEndpoint, `port`).",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers:
        - name: api
          image: registry.example/api:1.0
          ports:
            - {name: http, containerPort: 8080}
---
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: {name: api, namespace: shop}
spec:
  selector:
    matchLabels: {app: api}
  podMetricsEndpoints:
    - port: metrics
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers:
        - name: api
          image: registry.example/api:1.0
          ports:
            - {name: http, containerPort: 8080}
            - {name: metrics, containerPort: 9090}
---
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: {name: api, namespace: shop}
spec:
  selector:
    matchLabels: {app: api}
  podMetricsEndpoints:
    - port: metrics
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for monitor in pod_monitors(cx) {
        let workloads = monitor.workloads(cx);
        let Some(first) = workloads.first() else { continue };
        for (index, endpoint) in monitor.spec.pod_metrics_endpoints.iter().enumerate() {
            let Some(port) = endpoint.port.as_deref().filter(|port| !port.is_empty()) else { continue };
            let mut ports = workloads.iter().flat_map(|workload| declared(workload));
            if INJECTED.contains(&port) || ports.any(|known| known.name == Some(port)) {
                continue;
            }
            let message = format!(
                "{}: no container of {} has a port named `{port}`",
                title(monitor.object),
                title(first.object)
            );
            let finding =
                out.add(monitor.object, &format!("spec.podMetricsEndpoints[{index}].port"), message);
            finding.help(known_ports(&workloads)).related(
                first.object,
                &first.path("spec.containers[0]"),
                "a container that is selected",
            );
            let mut containers = first.containers();
            if let (1, Some((path, container)), None) =
                (workloads.len(), containers.next(), containers.next())
                && let Some([only]) = container.ports.as_deref()
                && only.name.is_none()
                && port.len() <= 15
            {
                let fix = Fix::safe(format!("name the port of {} `{port}`", title(first.object)));
                finding.fix(fix.insert_first(first.object, &format!("{path}.ports[0]"), "name", port));
            }
        }
    }
}
