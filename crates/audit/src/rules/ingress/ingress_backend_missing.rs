//! IN008: an Ingress to a Service that does not exist.
use k8s_openapi::api::core::v1::Service;
use netloom_objects::{Object, Severity};
use netloom_reach::custom_backends;
use std::collections::HashMap;

use super::support::{ingresses, services};
use crate::{
    Context, Findings, Group, Rule,
    standing::has_service,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IN008",
    name: "ingress-backend-missing",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "An Ingress that leads to a Service which is not in the set, in the Ingress's namespace; an IngressRoute of \
            Traefik, an HTTPProxy, a VirtualServer, a VirtualServerRoute or a TransportServer of NGINX, or a Route of \
            OpenShift likewise.",
    why: "The controller answers 503 (or 500) for the path. An Ingress can lead only to Services of its own \
           namespace.",
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
  name: website
  namespace: shop
spec:
  selector: {app: website}
  ports:
    - {port: 80}
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
              service: {name: website, port: {number: 80}}
---
apiVersion: v1
kind: Service
metadata:
  name: website
  namespace: shop
spec:
  selector: {app: website}
  ports:
    - {port: 80}
",
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut by_name: HashMap<&str, &Object> = HashMap::new();
    for (object, _) in cx.all::<Service>() {
        by_name.entry(&object.name).or_insert(object);
    }
    for (object, spec) in ingresses(cx) {
        let namespace = namespace_of(object);
        if !cx.is_closed("Service", Some(namespace)) {
            continue;
        }
        let aws = |name: &str| annotation_backends(object, name);
        for (at, service) in services(spec) {
            let is_there = cx.find::<Service>(Some(namespace), &service.name).is_some()
                || has_service(cx, namespace, &service.name);
            if is_there || aws(&service.name) {
                continue;
            }
            let message = format!("{}: there is no Service {namespace}/{}", title(object), service.name);
            let finding = out.add(object, &format!("{at}.name"), message);
            if let Some(other) = by_name.get(service.name.as_str()) {
                finding
                    .help(format!(
                        "an Ingress reaches only its own namespace: move it to {}",
                        namespace_of(other)
                    ))
                    .related(other, "metadata.name", "a Service of this name, in another namespace");
            }
        }
    }
    for object in cx.set.objects() {
        for backend in custom_backends(object) {
            let namespace = backend.namespace.as_str();
            let is_known = cx.snapshot().find_service(namespace, &backend.service).is_some();
            if is_known || !cx.is_closed("Service", Some(namespace)) {
                continue;
            }
            let message = format!("{}: there is no Service {namespace}/{}", title(object), backend.service);
            let finding = out.add(object, &backend.path, message);
            if let Some(other) = by_name.get(backend.service.as_str()) {
                finding.related(other, "metadata.name", "a Service of this name, in another namespace");
            }
        }
    }
}

/// Whether a name stands for an action of the AWS controller: `port: {name: use-annotation}`.
fn annotation_backends(object: &Object, name: &str) -> bool {
    object.annotations().contains_key(&format!("alb.ingress.kubernetes.io/actions.{name}"))
}
