//! SV006: a Service's port has no name.
use k8s_openapi::api::core::v1::ServicePort;
use netloom_objects::Severity;

use crate::{
    Context, Findings, Fix, Group, Rule,
    rules::services::support::{Svc, declared, protocol_of, services, target_name, target_number},
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
        let finding = out.add(service.object, &path, message);
        finding.help(match usual_name(port.port, protocol_of(port)) {
            Some(name) => format!("name it after its protocol: `name: {name}`"),
            None => "name it after its protocol, such as `name: http` or `name: grpc`".to_owned(),
        });
        if let Some(name) = name_of_target(cx, &service, port) {
            let fix = Fix::safe(format!("name it `{name}`, as its pods do"));
            finding.fix(fix.insert_first(service.object, &path, "name", &name));
        }
    }
}

/// What the pods that are selected call the port that it leads to, if all call it the same.
fn name_of_target<'a>(cx: &Context<'a>, service: &Svc<'a>, port: &ServicePort) -> Option<String> {
    let target = target_number(port);
    let mut names = service.workloads(cx).into_iter().map(|workload| {
        let ports = declared(workload).into_iter().filter(|d| d.protocol == protocol_of(port));
        let mut found =
            ports.filter(|d| target == Some(d.number) || d.name.is_some() && d.name == target_name(port));
        found.next().and_then(|d| d.name.map(str::to_owned))
    });
    let first = names.next()??;
    names.all(|name| name.as_ref() == Some(&first)).then_some(first)
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
