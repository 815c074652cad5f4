//! SV002: a Service's port aims at a port name that no pod of it has.
use netloom_objects::Severity;

use crate::{
    Context, Findings, Fix, Group, Rule, Workload,
    rules::services::support::{Declared, declared, known_ports, protocol_of, services, target_name},
};

pub static RULE: Rule = Rule {
    code: "SV002",
    name: "target-port-name",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A `targetPort` given by name, while no pod that the Service selects declares a container port of that \
            name with the same protocol.",
    why: "A named `targetPort` is looked up in each pod; a pod without it is left out of the endpoints, so this \
          port has none and refuses every connection. The protocol counts: a port declared as UDP is not found for \
          TCP. See \"Field spec.ports[].targetPort\" in the Service API, and `FindPort` of the endpoint slice \
          controller.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: orders
spec:
  selector: {app: orders}
  ports:
    - name: http
      port: 80
      targetPort: http
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders
spec:
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec:
      containers:
        - name: orders
          image: registry.example/orders:3.1
          ports:
            - {name: web, containerPort: 8080}
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: orders
spec:
  selector: {app: orders}
  ports:
    - name: http
      port: 80
      targetPort: web
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders
spec:
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec:
      containers:
        - name: orders
          image: registry.example/orders:3.1
          ports:
            - {name: web, containerPort: 8080}
",
    closed: false,
    check,
};

/// Ports of containers that a mesh injects when the pod is made.
const INJECTED: [&str; 3] = ["http-envoy-prom", "linkerd-admin", "linkerd-proxy"];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for service in services(cx) {
        let workloads = service.workloads(cx);
        let Some(first) = workloads.first() else { continue };
        for (path, port) in service.ports() {
            let Some(name) = target_name(port).filter(|name| !INJECTED.contains(name)) else { continue };
            let protocol = protocol_of(port);
            let named = || workloads.iter().flat_map(|w| declared(w)).filter(|d| d.name == Some(name));
            if named().any(|declared| declared.protocol == protocol) {
                continue;
            }
            let mut message = format!(
                "{}: port {} leads nowhere, because no pod of it has a {protocol} port named `{name}`",
                service.title(),
                port.port
            );
            if let Some(other) = named().next() {
                message.push_str(&format!("; `{name}` is declared for {}", other.protocol));
            }
            let at = format!("{path}.targetPort");
            let finding = out.add(service.object, &at, message);
            finding.help(known_ports(&workloads)).related(
                first.object,
                &first.path("spec.containers[0].ports"),
                "the ports of its pods",
            );
            if let Some(target) = only_port(&workloads, protocol) {
                let title = format!("write `targetPort: {target}`");
                finding.fix(Fix::safe(title).set(service.object, &at, &target));
            }
        }
    }
}

/// The port of all pods, as a Service writes it, where they have only one.
fn only_port(workloads: &[&Workload<'_>], protocol: &str) -> Option<String> {
    let mut ports = workloads.iter().flat_map(|w| declared(w));
    let first = ports.next().filter(|port| port.protocol == protocol)?;
    let same = |port: &Declared<'_>| {
        port.protocol == protocol && port.number == first.number && port.name == first.name
    };
    let each_once = workloads.iter().all(|workload| declared(workload).len() == 1);
    (each_once && ports.all(|port| same(&port))).then(|| {
        first.name.filter(|name| !name.is_empty()).map_or_else(|| first.number.to_string(), str::to_owned)
    })
}
