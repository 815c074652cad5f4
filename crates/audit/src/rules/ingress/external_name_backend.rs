//! IN032: an Ingress to a Service that is only another name.
use k8s_openapi::api::core::v1::Service;
use netloom_objects::Severity;

use super::support::{ingresses, services};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IN032",
    name: "external-name-backend",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "An Ingress to a Service of type ExternalName.",
    why: "Whoever may change the Service leads the public host anywhere, also to addresses inside that no policy \
           was to open; many controllers refuse it by default (Traefik, Contour; CVE-2021-32783).",
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
              service: {name: web, port: {number: 80}}
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
spec:
  type: ExternalName
  externalName: web.legacy.example.org
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
    - {port: 80}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, spec) in ingresses(cx) {
        for (at, backend) in services(spec) {
            let found = cx.find::<Service>(Some(namespace_of(object)), &backend.name);
            let Some((service, content)) = found else { continue };
            let Some(own) = content.spec.as_ref().filter(|s| s.type_.as_deref() == Some("ExternalName"))
            else {
                continue;
            };
            let message = format!(
                "{} leads to {}, which stands for {}",
                title(object),
                title(service),
                own.external_name.as_deref().unwrap_or("another name")
            );
            out.add(object, &format!("{at}.name"), message)
                .help("put a proxy of your own in between, or name the addresses in an EndpointSlice")
                .related(service, "spec.externalName", "where it leads");
        }
    }
}
