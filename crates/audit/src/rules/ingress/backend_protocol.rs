//! IN031: a protocol to the backend that its port does not speak.
use k8s_openapi::api::core::v1::{Service, ServicePort};
use netloom_objects::Severity;

use super::support::{ingresses, is_nginx, nginx, nginx_at, services};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IN031",
    name: "backend-protocol",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "An Ingress of ingress-nginx to a port that its Service declares for HTTPS or gRPC, without the \
           `backend-protocol` for it; and the other way round.",
    why: "ingress-nginx speaks plain HTTP/1.1 to backends unless told otherwise: a TLS port answers 400, a gRPC \
           server hangs up.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
spec:
  ingressClassName: nginx
  tls:
    - {hosts: [shop.example.org], secretName: shop-tls}
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service: {name: api, port: {number: 443}}
---
apiVersion: v1
kind: Service
metadata:
  name: api
  namespace: shop
spec:
  selector: {app: api}
  ports:
    - {name: https, port: 443, targetPort: 8443}
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/backend-protocol: HTTPS
spec:
  ingressClassName: nginx
  tls:
    - {hosts: [shop.example.org], secretName: shop-tls}
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service: {name: api, port: {number: 443}}
---
apiVersion: v1
kind: Service
metadata:
  name: api
  namespace: shop
spec:
  selector: {app: api}
  ports:
    - {name: https, port: 443, targetPort: 8443}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, spec) in ingresses(cx) {
        if !is_nginx(cx, object, spec) || nginx(object, "ssl-passthrough") == Some("true") {
            continue;
        }
        let spoken = nginx(object, "backend-protocol").unwrap_or("HTTP").to_ascii_uppercase();
        for (at, backend) in services(spec) {
            let Some((service, content)) = cx.find::<Service>(Some(namespace_of(object)), &backend.name)
            else {
                continue;
            };
            let ports = content.spec.iter().flat_map(|spec| spec.ports.iter().flatten()).enumerate();
            for (i, port) in ports {
                let is_it = backend.port.as_ref().is_some_and(|wanted| {
                    wanted.number == Some(port.port) || wanted.name.is_some() && wanted.name == port.name
                });
                let Some(declared) = declared(port).filter(|_| is_it) else { continue };
                let fits = match declared {
                    "HTTPS" => matches!(spoken.as_str(), "HTTPS" | "GRPCS"),
                    "GRPC" => matches!(spoken.as_str(), "GRPC" | "GRPCS"),
                    _ => matches!(spoken.as_str(), "HTTP" | "AUTO_HTTP" | "FCGI"),
                };
                if fits {
                    continue;
                }
                let message = format!(
                    "{} speaks {spoken} to port {} of {}, which is declared for {declared}",
                    title(object),
                    port.port,
                    title(service)
                );
                let written = nginx(object, "backend-protocol").is_some();
                let place = if written { nginx_at("backend-protocol") } else { at.clone() };
                let field = if port.app_protocol.is_some() { "appProtocol" } else { "name" };
                out.add(object, &place, message)
                    .help(format!(
                        "write the annotation `nginx.ingress.kubernetes.io/backend-protocol: {declared}`"
                    ))
                    .related(service, &format!("spec.ports[{i}].{field}"), "the port");
            }
        }
    }
}

/// What a port of a Service is declared for, by its `appProtocol` or the name that says so.
fn declared(port: &ServicePort) -> Option<&'static str> {
    let text = port.app_protocol.as_deref().or(port.name.as_deref())?;
    match text {
        "https" => Some("HTTPS"),
        "grpc" => Some("GRPC"),
        "http" => Some("HTTP"),
        _ => None,
    }
}
