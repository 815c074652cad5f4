//! NP001: policies isolate a workload's egress, and none lets it ask the cluster's DNS.
use netloom_cluster::Protocol;
use netloom_objects::Severity;
use netloom_policy::{Direction, Reason};

use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP001",
    name: "egress-without-dns",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A workload whose egress is isolated, while no policy allows it to reach the cluster's DNS on UDP 53.",
    why: "Whoever cannot resolve names cannot reach a Service by its name, whatever else is allowed. It shows as \
          timeouts of five seconds, not as a refusal. Kubernetes names port 53 in its own example of a default deny \
          for a reason.",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web:1}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - to:
        - podSelector: {matchLabels: {app: backend}}
      ports:
        - port: 8080
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web:1}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - to:
        - podSelector: {matchLabels: {app: backend}}
      ports:
        - port: 8080
    - to:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
          podSelector: {matchLabels: {k8s-app: kube-dns}}
      ports:
        - {port: 53, protocol: UDP}
        - {port: 53, protocol: TCP}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let snapshot = cx.snapshot();
    let Some(dns) = snapshot.dns_service.map(|id| snapshot.service(id)) else { return };
    let servers: Vec<_> = dns.endpoints.iter().filter_map(|e| e.ips.iter().next()).collect();
    for workload in cx.workloads() {
        let Some(pod) = cx.pods_of(workload).first().filter(|pod| !pod.host_network) else { continue };
        let policies = cx.policies();
        let sides = || servers.iter().map(|ip| policies.egress(pod.id, *ip, Protocol::Udp, 53));
        if servers.is_empty() || sides().any(|side| side.allowed) {
            continue;
        }
        let isolated = sides().any(|side| matches!(side.reason, Reason::Isolated(_)));
        let Some(by) = policies.selecting(pod.id, Direction::Egress).next().filter(|_| isolated) else {
            continue;
        };
        let message = format!(
            "{} {}/{} cannot ask the cluster's DNS: its egress is isolated, and no rule allows UDP 53",
            workload.object.kind,
            workload.namespace(),
            workload.object.name
        );
        let finding = out.add_at(by.at.clone(), (by.at.line, by.at.column), Some(by), message);
        finding
            .related(workload.object, "metadata.name", "this workload")
            .help("allow UDP and TCP 53 to the pods labelled `k8s-app: kube-dns` in namespace kube-system");
    }
}
