//! SV015: a Service for clients outside keeps their addresses, and policies admit none of them.
use std::collections::BTreeSet;

use netloom_cluster::PodId;
use netloom_objects::Severity;
use netloom_policy::Direction;

use crate::{
    Context, Findings, Group, Rule,
    rules::services::{outside, support::services},
};

pub static RULE: Rule = Rule {
    code: "SV015",
    name: "clients-denied",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A LoadBalancer or NodePort Service with `externalTrafficPolicy: Local`, while the policies of its pods \
            admit no address from outside of the cluster on any of its ports.",
    why: "`Local` keeps the client's own address on the packet, so that a policy judges that address. Rules that \
          admit pods or namespaces, an ingress controller's for instance, do not match it: every client is \
          dropped.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: storefront
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  selector: {app: storefront}
  ports:
    - {name: https, port: 443, targetPort: 8443}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: storefront
spec:
  selector: {matchLabels: {app: storefront}}
  template:
    metadata: {labels: {app: storefront}}
    spec: {containers: [{name: storefront, image: \"registry.example/storefront:9.1\"}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: storefront
spec:
  podSelector: {matchLabels: {app: storefront}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress}}
      ports:
        - port: 8443
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: storefront
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  selector: {app: storefront}
  ports:
    - {name: https, port: 443, targetPort: 8443}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: storefront
spec:
  selector: {matchLabels: {app: storefront}}
  template:
    metadata: {labels: {app: storefront}}
    spec: {containers: [{name: storefront, image: \"registry.example/storefront:9.1\"}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: storefront
spec:
  podSelector: {matchLabels: {app: storefront}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - ipBlock: {cidr: 0.0.0.0/0}
      ports:
        - port: 8443
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let local = services(cx).filter(|s| s.spec.external_traffic_policy.as_deref() == Some("Local"));
    let local: Vec<_> = local.filter(|s| matches!(s.kind(), "LoadBalancer" | "NodePort")).collect();
    if local.is_empty() || outside::has_foreign_policies(cx) {
        return;
    }
    let reach = outside::Reach::new(cx, Direction::Ingress);
    for service in local {
        let Some(known) = cx.snapshot().find_service(service.namespace, &service.object.name) else {
            continue;
        };
        let ways = known.endpoints.iter().filter_map(|e| Some((e.pod?, e))).flat_map(|(pod, endpoint)| {
            known
                .ports
                .iter()
                .zip(&endpoint.ports)
                .filter_map(move |(port, n)| Some((pod, port.protocol, (*n)?)))
        });
        let ways: BTreeSet<(PodId, _, u16)> = ways.collect();
        if ways.is_empty() || ways.iter().any(|(pod, protocol, port)| reach.is_open(*pod, *protocol, *port)) {
            continue;
        }
        let message = format!(
            "{} keeps the clients' own addresses (externalTrafficPolicy: Local), and the policies of its pods admit \
             no address from outside: every client is dropped",
            service.title()
        );
        let finding = out.add(service.object, "spec.externalTrafficPolicy", message);
        finding.help("add an ingress rule with an `ipBlock` of the clients, such as 0.0.0.0/0 for everyone");
        let Some((pod, ..)) = ways.first() else { continue };
        for policy in cx.policies().selecting(*pod, Direction::Ingress).take(3) {
            let what = format!("{} isolates its pods", policy.kind);
            finding.related.push((policy.at.clone(), what));
        }
    }
}
