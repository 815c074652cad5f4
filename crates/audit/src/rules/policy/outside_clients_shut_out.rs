//! NP027: a Service for the outside whose pods admit nobody from there.
use std::{collections::HashMap, net::IpAddr};

use k8s_openapi::api::core::v1::Service as ServiceObject;
use netloom_cluster::{Family, Peer, PodId, Service, ServicePort, TrafficPolicy};
use netloom_objects::{Object, Severity};
use netloom_policy::Reason;

use super::support::{group_words, has_foreign_policies, opens};
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP027",
    name: "outside-clients-shut-out",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A Service of type LoadBalancer or NodePort whose pods' policies admit no client from outside. With \
          `externalTrafficPolicy: Local` it is an error; with `Cluster`, where clients may come under the \
          address of another node, a warning.",
    why: "`externalTrafficPolicy: Local` keeps the client's address, so the policies see addresses of the \
          internet; a policy that admits an ingress controller's pods only drops them all. With `Cluster` they \
          come under the address of the node that took them, which policies of pods do not name either: only \
          what arrives on the pod's own node passes.",
    wrong: "\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  type: LoadBalancer
  externalTrafficPolicy: Local
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: \"web:1\", ports: [{containerPort: 8080}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}
      ports:
        - port: 8080
",
    right: "\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  type: LoadBalancer
  externalTrafficPolicy: Local
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: \"web:1\", ports: [{containerPort: 8080}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}
        - ipBlock: {cidr: 0.0.0.0/0}
      ports:
        - port: 8080
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let index = cx.policy_index();
    if index.policies.is_empty() {
        return;
    }
    let mut group_of: HashMap<PodId, usize> = HashMap::new();
    for (number, group) in index.groups.iter().enumerate() {
        group_of.extend(group.pod.map(|pod| (pod, number)));
    }
    for (object, content) in cx.all::<ServiceObject>() {
        let kind = content.spec.as_ref().and_then(|spec| spec.type_.as_deref());
        if !matches!(kind, Some("LoadBalancer" | "NodePort")) {
            continue;
        }
        let namespace = object.reference.namespace.as_deref().unwrap_or("default");
        let Some(service) = cx.snapshot().find_service(namespace, &object.name) else { continue };
        if has_foreign_policies(cx, namespace) {
            continue;
        }
        for (number, port) in service.ports.iter().enumerate() {
            let Some(shut) = shut(cx, service, number, &group_of) else { continue };
            report(cx, object, service, port, shut, out);
            break;
        }
    }
}

/// The group behind a port of a Service, if none of its pods admits anyone from outside.
fn shut(
    cx: &Context<'_>,
    service: &Service,
    number: usize,
    group_of: &HashMap<PodId, usize>,
) -> Option<usize> {
    let index = cx.policy_index();
    let port = service.ports.get(number)?;
    let mut first = None;
    for endpoint in service.endpoints.iter().take(MOST) {
        let (pod, target) = (endpoint.pod?, endpoint.ports.get(number).copied().flatten()?);
        // Pods with labels of their own are judged by the first of their workload.
        let Some(group) = group_of.get(&pod).copied() else { continue };
        let client = client(cx, service, endpoint.ips.iter().next()?)?;
        let side = index.evaluator(cx).ingress(pod, client, port.protocol, target);
        if !matches!(side.reason, Reason::Isolated(_)) {
            return None;
        }
        let admits_addresses =
            index.views_on(group).flat_map(|view| view.policy.ingress.iter().flatten()).any(|rule| {
                opens(rule, port.protocol, target)
                    && rule.peers.iter().flatten().any(|p| matches!(p.peer, Peer::Block(..)))
            });
        if admits_addresses {
            return None;
        }
        first.get_or_insert(group);
    }
    first
}

/// Enough to tell that nothing gets in.
const MOST: usize = 16;

/// An address that may come from outside.
fn client(cx: &Context<'_>, service: &Service, pod: IpAddr) -> Option<IpAddr> {
    let family = Family::of(pod);
    let mut ranges = service.source_ranges.iter().map(ipnet::IpNet::network);
    ranges.find(|ip| Family::of(*ip) == family).or_else(|| cx.snapshot().plan.outside.of(family))
}

fn report(
    cx: &Context<'_>,
    object: &Object,
    service: &Service,
    port: &ServicePort,
    group: usize,
    out: &mut Findings<'_>,
) {
    let index = cx.policy_index();
    let whose = group_words(cx, &index.groups[group]);
    let local = service.external_policy == TrafficPolicy::Local;
    let (path, message) = if local {
        let message = format!(
            "Service {} keeps its clients' addresses, and the policies of {whose} admit none of them on {}: all are dropped",
            service.qualified_name(),
            port.port
        );
        ("spec.externalTrafficPolicy", message)
    } else {
        let message = format!(
            "Service {} is open to the outside, and the policies of {whose} admit on {} only what comes over its own node",
            service.qualified_name(),
            port.port
        );
        ("spec.type", message)
    };
    let finding = out.add(object, path, message);
    finding.help("admit the clients' networks by `ipBlock`; or make it a ClusterIP, if only the ingress controller is to reach it");
    let views = || index.views_on(group).filter(|view| view.policy.ingress.is_some());
    if let Some(view) = views().find(|view| !view.is_for_all()).or_else(|| views().next()) {
        finding.related(view.object, "spec.ingress", "this policy admits others");
    }
    if !local {
        finding.severity(Severity::Warning);
    }
}
