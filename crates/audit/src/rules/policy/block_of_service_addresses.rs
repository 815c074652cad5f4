//! NP015: a rule names addresses of Services.
use std::net::IpAddr;

use k8s_openapi::api::core::v1::Service;
use netloom_cluster::Peer;
use netloom_objects::{Object, Severity};

use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP015",
    name: "block-of-service-addresses",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "An `ipBlock` inside the range of Service addresses: one that holds a `clusterIP` written in the set, \
          or lies in the Service range that was given.",
    why: "A Service's address is replaced by a pod's before policies look, in most implementations; the \
          Kubernetes documentation leaves the order open. A rule for a ClusterIP matches nothing there. Select \
          the pods behind the Service.",
    wrong: "\
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec:
  selector: {app: api}
  clusterIP: 10.96.40.7
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, image: \"api:1\", ports: [{containerPort: 8080}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - to:
        - ipBlock: {cidr: 10.96.40.7/32}
      ports:
        - port: 8080
",
    right: "\
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec:
  selector: {app: api}
  clusterIP: 10.96.40.7
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, image: \"api:1\", ports: [{containerPort: 8080}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - to:
        - podSelector: {matchLabels: {app: api}}
      ports:
        - port: 8080
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let index = cx.policy_index();
    let given = cx.settings.cluster.service_cidrs;
    let blocks =
        || index.policies.iter().flat_map(|view| view.rules().into_iter().map(move |rule| (view, rule)));
    let mut written: Option<Vec<(IpAddr, &Object)>> = None;
    for (view, rule) in blocks() {
        for (number, peer) in rule.rule.peers.iter().flatten().enumerate() {
            // A wide block is about more than Services.
            let Peer::Block(net, except) = &peer.peer else { continue };
            if net.max_prefix_len() - net.prefix_len() > 20 {
                continue;
            }
            let written = written.get_or_insert_with(|| addresses(cx));
            let first = written.partition_point(|(ip, _)| *ip < net.network());
            let hit = written
                .get(first)
                .filter(|(ip, _)| net.contains(ip) && !except.iter().any(|e| e.contains(ip)));
            if hit.is_none() && !given.iter().any(|range| range.contains(net)) {
                continue;
            }
            let path = format!("{}[{number}].ipBlock.cidr", rule.peers_path());
            let whose = hit.map_or_else(
                || "the addresses of Services".to_owned(),
                |(ip, object)| {
                    let namespace = object.reference.namespace.as_deref().unwrap_or("default");
                    format!("{ip}, the address of Service {namespace}/{}", object.name)
                },
            );
            let message =
                format!("{} names {net}, which holds {whose}: policies see the pods behind it", view.title());
            let finding = out.add(view.object, &path, message);
            finding.help("select the pods behind the Service, and open their port");
            if let Some((_, object)) = hit {
                finding.related(object, "spec.clusterIP", "this address");
            }
        }
    }
}

/// The Service addresses that are written in the set, sorted.
fn addresses<'a>(cx: &Context<'a>) -> Vec<(IpAddr, &'a Object)> {
    let ips = cx.all::<Service>().filter_map(|(object, service)| {
        Some((service.spec.as_ref()?.cluster_ip.as_deref()?.parse().ok()?, object))
    });
    let mut ips: Vec<(IpAddr, &Object)> = ips.collect();
    ips.sort_by_key(|(ip, _)| *ip);
    ips
}
