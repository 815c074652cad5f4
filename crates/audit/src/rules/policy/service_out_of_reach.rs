//! NP035: policies deny what a workload is configured to use.
use std::{collections::HashSet, sync::Arc};

use netloom_cluster::Service;
use netloom_objects::{ObjectRef, Severity};
use netloom_policy::{Direction, Reason};

use super::support::{Group as Pods, group_words, has_foreign_policies};
use crate::{Context, Findings, Group, Rule, Workload};

pub static RULE: Rule = Rule {
    code: "NP035",
    name: "service-out-of-reach",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A workload whose environment names a Service of the set, by URL or by host and port, while the \
          policies deny the connection on one side or the other.",
    why: "The configuration says that the workload needs it, the policies say that it must not: the connection \
          times out. Every way through the Service is asked of the evaluator, with the pods' own ports.",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: \"web:1\", ports: [{containerPort: 8080}], env: [{name: API_URL, value: \"http://api:80\"}]}]}
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
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec:
  selector: {app: api}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - to:
        - podSelector: {matchLabels: {app: db}}
      ports:
        - port: 8080
    - to:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
          podSelector: {matchLabels: {k8s-app: kube-dns}}
      ports:
        - {port: 53, protocol: UDP}
        - {port: 53, protocol: TCP}
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: \"web:1\", ports: [{containerPort: 8080}], env: [{name: API_URL, value: \"http://api:80\"}]}]}
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
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec:
  selector: {app: api}
  ports: [{port: 80, targetPort: 8080}]
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
    let index = cx.policy_index();
    if index.policies.is_empty() {
        return;
    }
    let mut seen = HashSet::new();
    for group in &index.groups {
        let Some(number) = group.workload.filter(|number| !group.host_network && seen.insert(*number)) else {
            continue;
        };
        let workload = &cx.workloads()[number];
        for (path, container) in workload.containers() {
            for (at, variable) in container.env.iter().flatten().enumerate() {
                let Some(value) = &variable.value else { continue };
                for (host, port) in addresses(&variable.name, value) {
                    let Some(service) = find(cx, &group.namespace, host) else { continue };
                    let Some((side, by)) = denied(cx, group, service, port) else { continue };
                    let value = format!("{path}.env[{at}].value");
                    report(cx, workload, group, (&variable.name, &value), service, side, &by, out);
                }
            }
        }
    }
}

/// Hosts with their ports in the value of a variable: of a URL, or where the name says that it is an address.
fn addresses<'v>(name: &str, value: &'v str) -> Vec<(&'v str, Option<u16>)> {
    let url = value.contains("://");
    let name = name.to_ascii_uppercase();
    let is_address = [
        "HOST", "ADDR", "ADDRESS", "URL", "URI", "ENDPOINT", "SERVER", "SERVERS", "BROKERS", "DSN", "TARGET",
    ]
    .iter()
    .any(|word| name.rsplit('_').next() == Some(word));
    if !url && !is_address {
        return Vec::new();
    }
    value
        .split(',')
        .filter_map(|part| {
            let part = part.trim();
            let (scheme, rest) = part.split_once("://").unwrap_or(("", part));
            let authority = rest.split(['/', '?', '#']).next()?;
            let authority = authority.rsplit('@').next()?;
            let (host, port) = match authority.rsplit_once(':') {
                Some((host, port)) => (host, Some(port.parse().ok()?)),
                None => (authority, None),
            };
            let known = match scheme {
                "http" | "ws" => Some(80),
                "https" | "wss" => Some(443),
                _ => None,
            };
            let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
            (plain && !host.is_empty()).then_some((host, port.or(known)))
        })
        .collect()
}

fn find<'a>(cx: &Context<'a>, home: &str, host: &str) -> Option<&'a Arc<Service>> {
    let snapshot = cx.snapshot();
    let host = host.trim_end_matches('.');
    let short = host.strip_suffix(&*snapshot.zone).map_or(host, |rest| rest.trim_end_matches('.'));
    let short = short.strip_suffix(".svc").unwrap_or(short);
    let (name, namespace) = short.split_once('.').unwrap_or((short, home));
    snapshot.find_service(namespace, name)
}

/// The side that denies, and the policies that do.
fn denied(
    cx: &Context<'_>,
    group: &Pods,
    service: &Service,
    port: Option<u16>,
) -> Option<(Direction, Vec<Arc<ObjectRef>>)> {
    let (index, source) = (cx.policy_index(), group.ip?);
    let number = match port {
        Some(port) => service.ports.iter().position(|p| p.port == port)?,
        None => (service.ports.len() == 1).then_some(0)?,
    };
    let protocol = service.ports.get(number)?.protocol;
    let mut found = None;
    for endpoint in service.endpoints.iter().take(MOST) {
        let (to, port) = (endpoint.ips.iter().next()?, endpoint.ports.get(number).copied().flatten()?);
        let decision = index.evaluator(cx).evaluate(source, to, protocol, port);
        let side = match (decision.egress.reason, decision.ingress.reason) {
            (Reason::Isolated(by), _) if !has_foreign_policies(cx, &group.namespace) => {
                (Direction::Egress, by)
            }
            (_, Reason::Isolated(by)) if !has_foreign_policies(cx, &service.namespace) => {
                (Direction::Ingress, by)
            }
            _ => return None,
        };
        found.get_or_insert(side);
    }
    found
}

/// Enough to tell that nothing gets through.
const MOST: usize = 8;

#[allow(clippy::too_many_arguments, reason = "all of it is in the message")]
fn report(
    cx: &Context<'_>,
    workload: &Workload<'_>,
    group: &Pods,
    (variable, path): (&str, &str),
    service: &Service,
    side: Direction,
    by: &[Arc<ObjectRef>],
    out: &mut Findings<'_>,
) {
    let index = cx.policy_index();
    let views =
        || by.iter().filter_map(|by| index.policies.iter().find(|view| Arc::ptr_eq(&view.policy.origin, by)));
    let Some(view) = views().find(|view| !view.is_for_all()).or_else(|| views().next()) else { return };
    let whose =
        if side == Direction::Egress { "its own egress" } else { "the ingress of the pods behind it" };
    let message = format!(
        "{} is told to use Service {} ({variable}), and {whose} denies it",
        group_words(cx, group),
        service.qualified_name()
    );
    let field = if side == Direction::Egress { "spec.egress" } else { "spec.ingress" };
    let field = if view.object.is_written(field) { field } else { "spec.policyTypes" };
    let finding = out.add(view.object, field, message);
    finding.related(workload.object, path, "told here");
    finding.related.push((service.origin.at.clone(), "this Service".to_owned()));
    match side {
        Direction::Egress => finding.help("allow egress to the Service's pods on their own port"),
        Direction::Ingress => finding.help("admit this workload in a policy of the Service's pods"),
    };
}
