//! SV006: a Service's port has no name.
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::services::support::{protocol_of, services},
};

pub static RULE: Rule = Rule {
    code: "SV006",
    name: "unnamed-port",
    group: Group::Style,
    severity: Severity::Info,
    finds: "A port of a Service that has no `name`.",
    why: "A name is what Ingress, Gateway and ServiceMonitor can refer to when the number changes, what gives the \
          port an SRV record, and from which a mesh tells the protocol. Kubernetes asks for it as soon as there is \
          a second port; naming the first later changes its endpoints.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: orders
spec:
  selector: {app: orders}
  ports:
    - port: 80
      targetPort: 8080
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
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for service in services(cx).filter(|service| !service.is_external_name()) {
        // With several ports the API server asks for names itself.
        let mut ports = service.ports();
        let (Some((path, port)), None) = (ports.next(), ports.next()) else { continue };
        if port.name.as_deref().is_some_and(|name| !name.is_empty()) {
            continue;
        }
        let message = format!("{}: port {} has no name", service.title(), port.port);
        out.add(service.object, &path, message).help(match usual_name(port.port, protocol_of(port)) {
            Some(name) => format!("name it after its protocol: `name: {name}`"),
            None => "name it after its protocol, such as `name: http` or `name: grpc`".to_owned(),
        });
    }
}

fn usual_name(port: i32, protocol: &str) -> Option<&'static str> {
    match (port, protocol) {
        (80 | 8080 | 8000 | 3000 | 5000, "TCP") => Some("http"),
        (443 | 8443, "TCP") => Some("https"),
        (53, "UDP") => Some("dns"),
        (53, "TCP") => Some("dns-tcp"),
        (3306, "TCP") => Some("mysql"),
        (5432, "TCP") => Some("tcp-postgres"),
        (6379, "TCP") => Some("redis"),
        (27017, "TCP") => Some("mongo"),
        (50051, "TCP") => Some("grpc"),
        _ => None,
    }
}
