//! SV003: a Service's port aims at a number that no container of its pods declares.
use netloom_cluster::Protocol;
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::services::support::{
        declared, declares_everywhere, known_ports, protocol_of, services, target_number, target_path,
    },
};

pub static RULE: Rule = Rule {
    code: "SV003",
    name: "target-port-number",
    group: Group::Correctness,
    severity: Severity::Info,
    finds: "A numeric `targetPort` (or a `port` without one) that no container of the selected pods declares, \
            although every one of these containers says which ports it has.",
    why: "Containers need not declare ports to listen on them, but who declares some has often declared all. If the \
          number is the Service's own port, written once too often, every connection is refused. Ports that probes \
          and scrapes name count as declared.",
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
            - {name: http, containerPort: 8080}
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
      targetPort: 8080
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
            - {name: http, containerPort: 8080}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for service in services(cx).filter(|service| !service.is_headless()) {
        let workloads = service.workloads(cx);
        let Some(first) = workloads.first() else { continue };
        if !workloads.iter().all(|workload| declares_everywhere(workload)) {
            continue;
        }
        for (path, port) in service.ports() {
            let Some(number) = target_number(port) else { continue };
            let protocol = protocol_of(port);
            let with_number = || workloads.iter().flat_map(|w| declared(w)).filter(|d| d.number == number);
            let wanted = |p: &(Protocol, u16)| i32::from(p.1) == number && p.0.name() == protocol;
            let is_stated = workloads
                .iter()
                .flat_map(|workload| cx.pods_of(workload))
                .any(|pod| pod.stated().any(wanted));
            if with_number().any(|declared| declared.protocol == protocol) || is_stated {
                continue;
            }
            let taken = if port.target_port.is_some() { "" } else { " (there is no `targetPort`)" };
            let mut message = format!(
                "{}: port {} goes to {number}/{protocol} of its pods{taken}, and none of them declares that port",
                service.title(),
                port.port
            );
            if let Some(other) = with_number().next() {
                message.push_str(&format!("; {number} is declared for {}", other.protocol));
            }
            out.add(service.object, &target_path(&path, port), message)
                .help(format!("{}; aim at one of them, best by its name", known_ports(&workloads)))
                .related(first.object, &first.path("spec.containers[0].ports"), "the ports of its pods");
        }
    }
}
