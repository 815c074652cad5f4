//! IN009: an Ingress to a port that the Service does not have.
use k8s_openapi::{
    api::core::v1::{Service, ServicePort},
    apimachinery::pkg::util::intstr::IntOrString,
};
use netloom_cluster::ServiceKind;
use netloom_objects::Severity;
use netloom_reach::custom_backends;

use super::support::{ingresses, services};
use crate::{
    Context, Findings, Fix, Group, Rule,
    words::{list_of, namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IN009",
    name: "ingress-backend-port",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "An Ingress to a port, by number or name, that its Service, which is in the set, does not have; most \
           often the port of the pods. Likewise an IngressRoute of Traefik, an HTTPProxy, a VirtualServer, a \
           VirtualServerRoute or a TransportServer of NGINX, and a Route of OpenShift, which may name the port of the \
           pods as well.",
    why: "The controller finds no endpoints and answers 503. The port is the Service's `port` or its name, not its \
           `targetPort`.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
spec:
  ingressClassName: traefik
  tls:
    - {hosts: [shop.example.org], secretName: shop-tls}
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service: {name: web, port: {number: 8080}}
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
spec:
  selector: {app: web}
  ports:
    - {name: http, port: 80, targetPort: 8080}
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
spec:
  ingressClassName: traefik
  tls:
    - {hosts: [shop.example.org], secretName: shop-tls}
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service: {name: web, port: {number: 80}}
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
spec:
  selector: {app: web}
  ports:
    - {name: http, port: 80, targetPort: 8080}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, spec) in ingresses(cx) {
        for (at, backend) in services(spec) {
            let Some(wanted) = &backend.port else { continue };
            let found = cx.find::<Service>(Some(namespace_of(object)), &backend.name);
            let Some((service, content)) = found else { continue };
            let Some(service_spec) = &content.spec else { continue };
            let ports = service_spec.ports.as_deref().unwrap_or_default();
            let is_it = |port: &ServicePort| match (&wanted.name, wanted.number) {
                (Some(name), _) => port.name.as_ref() == Some(name),
                (None, Some(number)) => port.port == number,
                (None, None) => true,
            };
            let is_external = service_spec.type_.as_deref() == Some("ExternalName");
            if ports.iter().any(is_it) || service.holds_fault("spec.ports") || is_external {
                continue;
            }
            let is_target = |port: &ServicePort| match (&port.target_port, &wanted.name, wanted.number) {
                (Some(IntOrString::String(target)), Some(name), _) => target == name,
                (Some(IntOrString::Int(target)), None, Some(number)) => *target == number,
                _ => false,
            };
            let (field, text) = match (&wanted.name, wanted.number) {
                (Some(name), _) => ("name", format!("port named `{name}`")),
                (None, number) => ("number", format!("port {}", number.unwrap_or_default())),
            };
            let message = format!("{}: {} has no {text}", title(object), title(service));
            let finding = out.add(object, &format!("{at}.port.{field}"), message);
            match ports.iter().position(is_target) {
                Some(index) => {
                    let (number, path) = (ports[index].port, format!("{at}.port.{field}"));
                    let fix = Fix::safe(format!("write the Service's port, `number: {number}`"));
                    let fix = if field == "name" { fix.rename(object, &path, "number") } else { fix };
                    finding
                        .help("that is the port of the pods")
                        .related(service, &format!("spec.ports[{index}].port"), "the port of the Service")
                        .fix(fix.set(object, &path, &number.to_string()))
                }
                None => {
                    let known: Vec<String> = ports
                        .iter()
                        .map(|port| match &port.name {
                            Some(name) => format!("{} ({name})", port.port),
                            None => port.port.to_string(),
                        })
                        .collect();
                    finding.help(format!("its ports are {}", list_of(&known))).related(
                        service,
                        "spec.ports",
                        "the ports of the Service",
                    )
                }
            };
        }
    }
    for object in cx.set.objects() {
        for backend in custom_backends(object) {
            let Some(service) = cx.snapshot().find_service(&backend.namespace, &backend.service) else {
                continue;
            };
            let is_external = matches!(service.kind, ServiceKind::ExternalName(_));
            if is_external || service.ports.iter().any(|port| backend.means(port)) {
                continue;
            }
            let Some(wanted) = &backend.port else { continue };
            let known: Vec<String> = service
                .ports
                .iter()
                .map(|port| match &port.name {
                    Some(name) => format!("{} ({name})", port.port),
                    None => port.port.to_string(),
                })
                .collect();
            let name = service.qualified_name();
            let message = format!("{}: Service {name} has no port {wanted}", title(object));
            out.add(object, &backend.port_path, message).help(format!("its ports are {}", list_of(&known)));
        }
    }
}
