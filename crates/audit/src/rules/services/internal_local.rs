//! SV013: internal traffic stays on the node, where there need be no endpoint.
use netloom_objects::{Severity, Typed};

use crate::{Context, Findings, Group, Rule, rules::services::support::services, words::title};

pub static RULE: Rule = Rule {
    code: "SV013",
    name: "internal-local",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "`internalTrafficPolicy: Local` on a Service whose pods are not those of a DaemonSet.",
    why: "With `Local` a client reaches only endpoints on its own node, and where that node has none the packets \
          are dropped, although others would answer. That is for agents that run on every node. To prefer what is \
          near and fall back to what is not, there is `trafficDistribution` (Kubernetes 1.31 and later).",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: rates
spec:
  selector: {app: rates}
  internalTrafficPolicy: Local
  ports:
    - {name: http, port: 80, targetPort: 8080}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: rates
spec:
  replicas: 3
  selector: {matchLabels: {app: rates}}
  template:
    metadata: {labels: {app: rates}}
    spec: {containers: [{name: rates, image: \"registry.example/rates:1.4\"}]}
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: rates
spec:
  selector: {app: rates}
  trafficDistribution: PreferSameNode
  ports:
    - {name: http, port: 80, targetPort: 8080}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: rates
spec:
  replicas: 3
  selector: {matchLabels: {app: rates}}
  template:
    metadata: {labels: {app: rates}}
    spec: {containers: [{name: rates, image: \"registry.example/rates:1.4\"}]}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for service in services(cx) {
        if service.spec.internal_traffic_policy.as_deref() != Some("Local") || service.selector().is_none() {
            continue;
        }
        let workloads = service.workloads(cx);
        let elsewhere = workloads.iter().find(|w| !matches!(w.object.typed, Typed::DaemonSet(_)));
        let whose = match elsewhere {
            Some(workload) => format!(", and {} need not have a pod on every node", title(workload.object)),
            // Pods that are not in the set may be those of a DaemonSet.
            None if workloads.is_empty() => String::new(),
            None => continue,
        };
        let message = format!(
            "{} drops what comes from a node without one of its pods (internalTrafficPolicy: Local){whose}",
            service.title()
        );
        let finding = out.add(service.object, "spec.internalTrafficPolicy", message);
        finding.help(
            "leave it out, and say `trafficDistribution: PreferSameNode` (or `PreferSameZone`) to prefer near endpoints",
        );
        if let Some(workload) = elsewhere {
            finding.related(workload.object, "", "its pods are placed by the scheduler");
        }
    }
}
