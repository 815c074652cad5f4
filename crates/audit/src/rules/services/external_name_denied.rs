//! SV017: a name for something outside, which no pod of the namespace may reach.
use std::collections::HashMap;

use netloom_cluster::{PodId, Protocol};
use netloom_objects::Severity;
use netloom_policy::Direction;

use crate::{
    Context, Findings, Group, Rule,
    rules::services::{outside, support::services},
};

pub static RULE: Rule = Rule {
    code: "SV017",
    name: "external-name-denied",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "An ExternalName Service that leads out of the cluster from a namespace in which the policies let no \
            pod reach any address outside on its ports.",
    why: "An ExternalName is a CNAME and nothing more. It opens no way: policies judge the address that the name \
          resolves to, and a namespace under default deny needs an egress rule for it like for any other.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: ledger
spec:
  type: ExternalName
  externalName: ledger.bank.example
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: billing
spec:
  selector: {matchLabels: {app: billing}}
  template:
    metadata: {labels: {app: billing}}
    spec: {containers: [{name: billing, image: \"registry.example/billing:1.0\"}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: default-deny
spec:
  podSelector: {}
  policyTypes: [Egress]
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: ledger
spec:
  type: ExternalName
  externalName: ledger.bank.example
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: billing
spec:
  selector: {matchLabels: {app: billing}}
  template:
    metadata: {labels: {app: billing}}
    spec: {containers: [{name: billing, image: \"registry.example/billing:1.0\"}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: default-deny
spec:
  podSelector: {}
  policyTypes: [Egress]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: billing-to-ledger
spec:
  podSelector: {matchLabels: {app: billing}}
  policyTypes: [Egress]
  egress:
    - to:
        - ipBlock: {cidr: 203.0.113.64/28}
      ports:
        - port: 5432
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let zone = cx.snapshot().zone.clone();
    let names: Vec<_> = services(cx).filter(|s| s.is_external_name()).collect();
    if names.is_empty() || outside::has_foreign_policies(cx) {
        return;
    }
    let reach = outside::Reach::new(cx, Direction::Egress);
    // For a namespace and ports: a pod, where none may reach anything.
    let mut shut: HashMap<(&str, Vec<u16>), Option<PodId>> = HashMap::new();
    for service in names {
        let name = service.spec.external_name.as_deref().unwrap_or_default().trim_end_matches('.');
        if name.is_empty() || name.ends_with(&*zone) {
            continue;
        }
        let ports: Vec<u16> = service.ports().filter_map(|(_, port)| u16::try_from(port.port).ok()).collect();
        let is_open = |pod: PodId| match ports.is_empty() {
            true => reach.is_open_anywhere(pod),
            false => ports.iter().any(|port| reach.is_open(pod, Protocol::Tcp, *port)),
        };
        let pod = *shut.entry((service.namespace, ports.clone())).or_insert_with(|| {
            let pods: Vec<PodId> =
                cx.workloads_in(service.namespace).filter_map(|w| Some(cx.pods_of(w).first()?.id)).collect();
            let first = pods.first().copied();
            first.filter(|_| !pods.iter().any(|pod| is_open(*pod)))
        });
        let Some(pod) = pod else { continue };
        let message = format!(
            "{} is only a CNAME to {name}, and the policies let no pod of namespace {} reach an address outside{}",
            service.title(),
            service.namespace,
            match ports.as_slice() {
                [] => String::new(),
                [port, ..] => format!(" on port {port}"),
            }
        );
        let finding = out.add(service.object, "spec.type", message);
        finding.help("add an egress rule with an `ipBlock` of its addresses, or go through an egress gateway (ServiceEntry)");
        if let Some(policy) = cx.policies().selecting(pod, Direction::Egress).next() {
            finding.related.push((policy.at.clone(), format!("{} isolates egress", policy.kind)));
        }
    }
}
