//! GW025: a route to a Service that does not exist.
use k8s_openapi::api::core::v1::Service;
use netloom_objects::{Object, Severity};
use std::collections::HashMap;

use super::support::routes;
use crate::{
    Context, Findings, Group, Rule,
    standing::has_service,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "GW025",
    name: "route-backend-missing",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A route, or a mirror of it, to a Service that is not in the set.",
    why: "The reference is not resolved (`BackendNotFound`): the requests that it would get are answered with 500.",
    wrong: "\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: web
  namespace: shop
spec:
  parentRefs: [{name: edge, namespace: edge}]
  hostnames: [shop.example.org]
  rules:
    - backendRefs: [{name: web, port: 80}]
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
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: web
  namespace: shop
spec:
  parentRefs: [{name: edge, namespace: edge}]
  hostnames: [shop.example.org]
  rules:
    - backendRefs: [{name: website, port: 80}]
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
    let mut names: HashMap<&str, Vec<&Object>> = HashMap::new();
    for (object, _) in cx.all::<Service>() {
        names.entry(&object.name).or_default().push(object);
    }
    for route in routes(cx) {
        for backend in route.backends.iter().filter(|backend| backend.is_service()) {
            let namespace = route.backend_namespace(backend);
            let is_there = cx.find::<Service>(Some(namespace), backend.name).is_some()
                || has_service(cx, namespace, backend.name);
            if is_there || !cx.is_closed("Service", Some(namespace)) {
                continue;
            }
            let message = format!("{}: there is no Service {namespace}/{}", route.title(), backend.name);
            let finding = out.add(route.object, &format!("{}.name", backend.path), message);
            if let Some(other) = names.get(backend.name).and_then(|objects| objects.first()) {
                finding
                    .help(format!(
                        "if {} is meant, add `namespace: {}` and a ReferenceGrant there",
                        title(other),
                        namespace_of(other)
                    ))
                    .related(other, "metadata.name", "a Service of this name, in another namespace");
            }
        }
    }
}
