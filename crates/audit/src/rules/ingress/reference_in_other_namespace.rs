//! IN029: an annotation that names something of another namespace.
use k8s_openapi::api::core::v1::Service;
use netloom_objects::{Object, Severity};
use std::collections::HashMap;

use super::support::{annotated, nginx, nginx_at};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IN029",
    name: "reference-in-other-namespace",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "`default-backend` with a Service that is in another namespace, and `auth-secret`, `auth-tls-secret` or \
           `proxy-ssl-secret` with a Secret in another one.",
    why: "ingress-nginx looks for the Service of `default-backend` in the Ingress's namespace only, and since 1.12 \
           refuses Secrets of other namespaces (`allow-cross-namespace-resources`).",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/default-backend: errors
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
              service: {name: web, port: {number: 80}}
---
apiVersion: v1
kind: Service
metadata:
  name: errors
  namespace: ingress
spec:
  selector: {app: errors}
  ports:
    - {port: 80}
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/default-backend: errors
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
              service: {name: web, port: {number: 80}}
---
apiVersion: v1
kind: Service
metadata:
  name: errors
  namespace: shop
spec:
  selector: {app: errors}
  ports:
    - {port: 80}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut services: HashMap<&str, &Object> = HashMap::new();
    for (object, _) in cx.all::<Service>() {
        services.entry(&object.name).or_insert(object);
    }
    for object in annotated(cx) {
        let own = namespace_of(object);
        if let Some(name) = nginx(object, "default-backend") {
            let path = nginx_at("default-backend");
            let is_there = cx.find::<Service>(Some(own), name).is_some();
            if let Some(other) = services.get(name).filter(|_| !is_there) {
                let message = format!(
                    "{}: the default backend has to be in {own}, and Service {name} is in {}",
                    title(object),
                    namespace_of(other)
                );
                out.add(object, &path, message)
                    .help(format!("put the Service into {own}, or the Ingress into {}", namespace_of(other)))
                    .related(other, "metadata.namespace", "the Service");
            } else if !is_there && cx.is_closed("Service", Some(own)) {
                out.add(object, &path, format!("{}: there is no Service {own}/{name}", title(object)))
                    .help("ingress-nginx looks for it in the Ingress's own namespace only");
            }
        }
        for name in ["auth-secret", "auth-tls-secret", "proxy-ssl-secret"] {
            let Some((namespace, secret)) = nginx(object, name).and_then(|value| value.split_once('/'))
            else {
                continue;
            };
            if namespace != own {
                let message = format!("{}: Secret {secret} is in {namespace}, not in {own}", title(object));
                out.add(object, &nginx_at(name), message)
                    .help("put a copy of the Secret into the Ingress's namespace");
            }
        }
    }
}
