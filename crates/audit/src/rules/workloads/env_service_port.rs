//! WL022: an address in the environment with a port that the Service does not have.
use netloom_objects::Severity;

use crate::{
    Context, Findings, Fix, Group, Rule,
    rules::{
        services::support::{Svc, find_service, target_number},
        workloads::addresses::{Address, addresses},
    },
    words::{list_of, title},
};

pub static RULE: Rule = Rule {
    code: "WL022",
    name: "env-service-port",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "An environment variable, argument or ConfigMap that a container reads, with the address of a Service \
            of the set and a port that this Service does not have.",
    why: "A Service answers only on the ports that it lists; the pods' own ports are not there. The connection is \
          refused or, with most implementations, times out, and the application reports the database as down.",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: registry.example/web:6.1
          env:
            - name: ORDERS_URL
              value: http://orders:8080/v1
---
apiVersion: v1
kind: Service
metadata:
  name: orders
spec:
  selector: {app: orders}
  ports:
    - {name: http, port: 80, targetPort: 8080}
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
    spec:
      containers:
        - name: web
          image: registry.example/web:6.1
          env:
            - name: ORDERS_URL
              value: http://orders/v1
---
apiVersion: v1
kind: Service
metadata:
  name: orders
spec:
  selector: {app: orders}
  ports:
    - {name: http, port: 80, targetPort: 8080}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for workload in cx.workloads() {
        for found in addresses(cx, workload) {
            let Address { namespace, name, port, text, object, path } = found;
            let Some(service) = find_service(cx, namespace, name) else { continue };
            let Some(port) = port.filter(|port| !has(&service, *port)) else { continue };
            let ports: Vec<String> = service.ports().map(|(_, port)| port.port.to_string()).collect();
            let mut message = format!(
                "{}: {text} names port {port} of {}, which has {}",
                title(object),
                service.title(),
                match ports.len() {
                    1 => format!("only port {}", ports[0]),
                    _ => format!("the ports {}", list_of(&ports)),
                }
            );
            let behind = service.ports().find(|(_, p)| target_number(p) == Some(port));
            if let Some((_, behind)) = &behind {
                message.push_str(&format!("; {port} is the pods' port behind {}", behind.port));
            }
            let finding = out.add(object, &path, message);
            if let Some((_, behind)) = behind {
                let fix = Fix::safe(format!("write {name}:{}", behind.port));
                let (from, to) = (format!(":{port}"), format!(":{}", behind.port));
                finding.fix(fix.replace_within(object, &path, &from, &to));
            }
            finding.related(service.object, "spec.ports", "its ports");
        }
    }
}

/// Whether who connects to a Service's name finds something on a port. Where no Service stands between, that is for
/// whatever the name leads to.
fn has(service: &Svc<'_>, port: i32) -> bool {
    let direct = service.is_external_name() || service.is_headless() || service.spec.ports.is_none();
    direct || service.ports().any(|(_, p)| p.port == port)
}
