//! IS022: a port of the Service where the proxies see that of the pods.
use std::collections::BTreeMap;

use k8s_openapi::{api::core::v1::Service, apimachinery::pkg::util::intstr::IntOrString};
use netloom_objects::{
    Object, Severity,
    istio::{AuthorizationPolicy, PeerAuthentication},
};

use crate::{
    Context, Findings, Fix, Group, Rule, Workload,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS022",
    name: "policy-on-service-port",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A port in an AuthorizationPolicy or in `portLevelMtls` that is a port of the selected pods' Service, while the \
            pods listen on another.",
    why: "Both are applied in front of the pod, after the Service's port has become its `targetPort`. Such an ALLOW rule \
          never matches, and such a DENY rule lets everything through (Istio's references of Operation, `ports`, and of \
          PeerAuthentication, `portLevelMtls`).",
    wrong: "\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  rules:
    - from: [{source: {namespaces: [shop]}}]
      to: [{operation: {ports: ['80']}}]
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  selector: {app: cart}
  ports: [{name: http, port: 80, targetPort: 8080}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}}
    spec: {containers: [{name: cart, image: cart:1, ports: [{containerPort: 8080}]}]}
",
    right: "\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  rules:
    - from: [{source: {namespaces: [shop]}}]
      to: [{operation: {ports: ['8080']}}]
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  selector: {app: cart}
  ports: [{name: http, port: 80, targetPort: 8080}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}}
    spec: {containers: [{name: cart, image: cart:1, ports: [{containerPort: 8080}]}]}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut services: BTreeMap<&str, Vec<(&Object, &Service)>> = BTreeMap::new();
    for (object, service) in cx.all::<Service>() {
        services.entry(namespace_of(object)).or_default().push((object, service));
    }
    let mut judge = |object: &Object, labels: &BTreeMap<String, String>, ports: Vec<(String, i32)>| {
        if ports.is_empty() || labels.is_empty() {
            return;
        }
        let namespace = namespace_of(object);
        let pods: Vec<&Workload<'_>> = cx.workloads_with(namespace, labels).collect();
        let of_namespace = services.get(namespace).map_or(&[][..], Vec::as_slice);
        for (path, number) in ports {
            let Some((service, index, target)) = behind(&pods, of_namespace, number) else { continue };
            let message = format!(
                "{}: {number} is the port of {}; the pods behind it listen on {target}",
                title(object),
                title(service)
            );
            let finding = out.add(object, &path, message);
            finding.related(service, &format!("spec.ports[{index}]"), "the Service turns one into the other");
            let fix = Fix::proposed(format!("write {target}"));
            let target = target.to_string();
            let is_key = path.starts_with("spec.portLevelMtls");
            finding.fix(if is_key {
                fix.rename(object, &path, &target)
            } else {
                fix.set(object, &path, &format!("\"{target}\""))
            });
        }
    };
    for (object, policy) in cx.all::<AuthorizationPolicy>() {
        // What is attached to a Service or a waypoint sees the Service's ports.
        let Some(selector) = policy.spec.selector.as_ref().filter(|_| policy.spec.target_ref.is_none())
        else {
            continue;
        };
        let mut ports = Vec::new();
        for (r, rule) in policy.spec.rules.iter().enumerate() {
            for (t, to) in rule.to.iter().enumerate() {
                for (name, list) in [("ports", &to.operation.ports), ("notPorts", &to.operation.not_ports)] {
                    ports.extend(list.iter().enumerate().filter_map(|(p, port)| {
                        Some((format!("spec.rules[{r}].to[{t}].operation.{name}[{p}]"), port.parse().ok()?))
                    }));
                }
            }
        }
        judge(object, &selector.match_labels, ports);
    }
    for (object, peer) in cx.all::<PeerAuthentication>() {
        let Some(selector) = &peer.spec.selector else { continue };
        let ports = peer.spec.port_level_mtls.keys();
        let ports = ports.filter_map(|port| Some((format!("spec.portLevelMtls.{port}"), port.parse().ok()?)));
        judge(object, &selector.match_labels, ports.collect());
    }
}

/// The Service of the pods that has the number as a port, with the port's index and the port of the pods, if no pod
/// listens on the number itself.
fn behind<'s>(
    pods: &[&Workload<'_>],
    services: &[(&'s Object, &Service)],
    number: i32,
) -> Option<(&'s Object, usize, i32)> {
    let declares = |workload: &&Workload<'_>| {
        workload.containers().any(|(_, c)| c.ports.iter().flatten().any(|port| port.container_port == number))
    };
    if pods.is_empty() || pods.iter().any(declares) {
        return None;
    }
    let mut found = None;
    for (object, service) in services {
        let Some(spec) = &service.spec else { continue };
        let Some(selector) = spec.selector.as_ref().filter(|s| !s.is_empty()) else { continue };
        let selects =
            |w: &&Workload<'_>| selector.iter().all(|(key, value)| w.labels().get(key) == Some(value));
        let Some(pod) = pods.iter().copied().find(|w| selects(w)) else { continue };
        for (index, port) in spec.ports.iter().flatten().enumerate() {
            let target = match &port.target_port {
                None => port.port,
                Some(IntOrString::Int(target)) => *target,
                Some(IntOrString::String(name)) => {
                    pod.containers()
                        .flat_map(|(_, c)| c.ports.iter().flatten())
                        .find(|p| p.name.as_deref() == Some(name))?
                        .container_port
                }
            };
            if target == number {
                return None;
            }
            if port.port == number {
                found.get_or_insert((*object, index, target));
            }
        }
    }
    found
}
