//! SV014: external traffic stays on the node, and its pods do not stand on every node.
use netloom_objects::{Severity, Typed};

use crate::{Context, Findings, Group, Rule, Workload, rules::services::support::services, words::title};

pub static RULE: Rule = Rule {
    code: "SV014",
    name: "external-local",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "`externalTrafficPolicy: Local` on a NodePort Service whose pods are not those of a DaemonSet; on a \
            load balancer, that several replicas may share a node (info).",
    why: "A node without an endpoint drops what arrives for the node port. A load balancer asks the health check \
          port and goes around such nodes; clients of a bare node port do not. And it spreads over nodes, not over \
          pods, so that two pods on one node get half of the load that one alone on another gets.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: intake
spec:
  type: NodePort
  externalTrafficPolicy: Local
  selector: {app: intake}
  ports:
    - {name: http, port: 80, targetPort: 8080}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: intake
spec:
  replicas: 2
  selector: {matchLabels: {app: intake}}
  template:
    metadata: {labels: {app: intake}}
    spec: {containers: [{name: intake, image: \"registry.example/intake:2.2\"}]}
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: intake
spec:
  type: NodePort
  externalTrafficPolicy: Local
  selector: {app: intake}
  ports:
    - {name: http, port: 80, targetPort: 8080}
---
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: intake
spec:
  selector: {matchLabels: {app: intake}}
  template:
    metadata: {labels: {app: intake}}
    spec: {containers: [{name: intake, image: \"registry.example/intake:2.2\"}]}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for service in services(cx) {
        if service.spec.external_traffic_policy.as_deref() != Some("Local") {
            continue;
        }
        let workloads = service.workloads(cx);
        let Some(workload) = workloads.iter().find(|w| !matches!(w.object.typed, Typed::DaemonSet(_))) else {
            continue;
        };
        let pods = title(workload.object);
        let (message, help, severity) = match service.kind() {
            "NodePort" => (
                format!(
                    "{} drops what arrives at a node without one of its pods (externalTrafficPolicy: Local), and \
                     {pods} need not have one on every node",
                    service.title()
                ),
                "run it as a DaemonSet, or leave `externalTrafficPolicy` at `Cluster`",
                Severity::Warning,
            ),
            "LoadBalancer" if workload.replicas.is_some_and(|n| n > 1) && !is_spread(workload) => (
                format!(
                    "{} gives each node with pods the same share (externalTrafficPolicy: Local), and pods of {pods} \
                     may share a node: they get less each than one that is alone",
                    service.title()
                ),
                "spread the pods over nodes with `topologySpreadConstraints` on kubernetes.io/hostname",
                Severity::Info,
            ),
            _ => continue,
        };
        out.add(service.object, "spec.externalTrafficPolicy", message)
            .help(help)
            .related(workload.object, "", "its pods are placed by the scheduler")
            .severity(severity);
    }
}

/// Whether something keeps the pods of a workload on different nodes.
fn is_spread(workload: &Workload<'_>) -> bool {
    const HOST: &str = "kubernetes.io/hostname";
    let constraints = workload.spec.topology_spread_constraints.iter().flatten();
    let affinity = workload.spec.affinity.as_ref().and_then(|affinity| affinity.pod_anti_affinity.as_ref());
    let required =
        affinity.iter().flat_map(|a| a.required_during_scheduling_ignored_during_execution.iter().flatten());
    let preferred =
        affinity.iter().flat_map(|a| a.preferred_during_scheduling_ignored_during_execution.iter().flatten());
    constraints.map(|constraint| constraint.topology_key.as_str()).any(|key| key == HOST)
        || required.chain(preferred.map(|p| &p.pod_affinity_term)).any(|term| term.topology_key == HOST)
}
