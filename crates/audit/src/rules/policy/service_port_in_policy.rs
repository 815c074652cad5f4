//! NP007: a Service's port where policies see the pod's.
use std::{collections::HashMap, sync::Arc};

use k8s_openapi::api::core::v1::Service as ServiceObject;
use netloom_cluster::{Peer, PodId, Protocol, Service};
use netloom_objects::Severity;
use netloom_policy::Direction;

use super::support::{Group as Pods, mapped_ports, opens, plain_port};
use crate::{Context, Findings, Fix, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP007",
    name: "service-port-in-policy",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A rule that opens the port of a Service, where the Service sends to another port of the pods, and \
          the pods do not listen on the one that is open.",
    why: "Policies see a packet after the Service's address was replaced: its destination is the pod, on \
          `targetPort`. A rule for the Service's own port matches nothing. (Only a warning where the Service \
          is found by its labels' values, because the policy selects no pod.)",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: \"web:1\", ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: api}}
      ports:
        - port: 80
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: \"web:1\", ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: api}}
      ports:
        - port: 8080
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let (index, snapshot) = (cx.policy_index(), cx.snapshot());
    if index.policies.is_empty() {
        return;
    }
    let mut by_pod: HashMap<PodId, Vec<&Arc<Service>>> = HashMap::new();
    let mut by_namespace: HashMap<&str, Vec<&Arc<Service>>> = HashMap::new();
    for service in snapshot.services.iter() {
        by_namespace.entry(&service.namespace).or_default().push(service);
        for pod in service.endpoints.iter().filter_map(|endpoint| endpoint.pod) {
            by_pod.entry(pod).or_default().push(service);
        }
    }
    for view in &index.policies {
        for rule in view.rules() {
            let groups: Vec<&Pods> = match rule.direction {
                Direction::Ingress => {
                    view.subjects.iter().map(|group| &index.groups[*group]).take(MOST).collect()
                }
                Direction::Egress => {
                    let peers = rule.rule.peers.iter().flatten().filter_map(|peer| match &peer.peer {
                        Peer::Pods(pods) if !pods.pods.requirements.is_empty() => Some(pods),
                        _ => None,
                    });
                    peers
                        .flat_map(|peer| index.select(snapshot, peer))
                        .map(|g| &index.groups[g])
                        .take(MOST)
                        .collect()
                }
            };
            let real = groups.iter().any(|group| !group.stand_in);
            for (number, written) in rule.ports.unwrap_or_default().iter().enumerate() {
                let Some((protocol, port)) = plain_port(written) else { continue };
                let of_group = |group: &&Pods| {
                    let services: Vec<&Arc<Service>> = match group.pod.filter(|_| real) {
                        Some(pod) => by_pod.get(&pod).into_iter().flatten().copied().collect(),
                        None => by_namespace
                            .get(&*group.namespace)
                            .into_iter()
                            .flatten()
                            .copied()
                            .filter(|service| is_for(cx, service, group))
                            .collect(),
                    };
                    mapped(&services, group, protocol, port)
                };
                let chosen = || groups.iter().copied().filter(|group| group.stand_in != real);
                let hits: Vec<(&Arc<Service>, u16)> = chosen().filter_map(|group| of_group(&group)).collect();
                let hit = hits.first().copied();
                let listens = groups.iter().any(|g| !g.stand_in && !g.lacks(protocol, port));
                let Some((service, target)) = hit.filter(|(_, target)| {
                    let works = real && listens;
                    !works && !opens(rule.rule, protocol, *target)
                }) else {
                    continue;
                };
                let path = format!("{}.ports[{number}].port", rule.path());
                let message = format!(
                    "{} opens port {port}, which is the port of Service {}: on the pods it is {target}",
                    view.title(),
                    service.qualified_name()
                );
                let finding = out.add(view.object, &path, message);
                finding.help("policies see the pod's own port");
                finding.related.push((service.origin.at.clone(), format!("sends {port} on to {target}")));
                let fix = Fix::safe(format!("open {target}"));
                let alone = hits.iter().all(|(_, other)| *other == target);
                finding.fix(if alone && real { fix } else { Fix::proposed(format!("open {target}")) }.set(
                    view.object,
                    &path,
                    &target.to_string(),
                ));
                if !real {
                    finding.severity(Severity::Warning);
                }
            }
        }
    }
}

/// Enough to know what a rule is about.
const MOST: usize = 32;

/// The Service that has this port, and where it goes, if it goes elsewhere and none goes here.
fn mapped<'s>(
    services: &[&'s Arc<Service>],
    group: &Pods,
    protocol: Protocol,
    port: u16,
) -> Option<(&'s Arc<Service>, u16)> {
    let ports = || services.iter().flat_map(|s| mapped_ports(s, group).into_iter().map(move |m| (*s, m)));
    if ports().any(|(_, (_, p, target))| p == protocol && target == port) {
        return None;
    }
    let mut hits = ports().filter(|(_, (number, p, _))| *p == protocol && *number == port);
    hits.next().map(|(service, (_, _, target))| (service, target))
}

/// Whether a Service is for pods that only a policy speaks of: its selector has all of their labels' values.
fn is_for(cx: &Context<'_>, service: &Service, group: &Pods) -> bool {
    let found = cx.find::<ServiceObject>(Some(&service.namespace), &service.name);
    let selector = found.and_then(|(_, content)| content.spec.as_ref()?.selector.as_ref());
    selector.is_some_and(|selector| group.labels.values().all(|value| selector.values().any(|v| v == value)))
}
