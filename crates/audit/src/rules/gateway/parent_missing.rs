//! GW017: a route to a Gateway that does not exist.
use netloom_objects::{Object, Severity, gateway_api::Gateway};
use std::collections::HashMap;

use super::support::{is_gateway, routes};
use crate::{Context, Findings, Group, Rule, words::namespace_of};

pub static RULE: Rule = Rule {
    code: "GW017",
    name: "parent-missing",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A route whose `parentRefs` name a Gateway that is not in the set.",
    why: "The route attaches to nothing and takes no traffic. A reference without `namespace` means the route's \
           own (Gateway API, `ParentReference`).",
    wrong: "\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: edge
  namespace: edge
spec:
  gatewayClassName: acme
  listeners:
    - name: https
      protocol: HTTPS
      port: 443
      hostname: shop.example.org
      tls:
        certificateRefs: [{name: shop-tls}]
      allowedRoutes:
        namespaces:
          from: Selector
          selector: {matchLabels: {kubernetes.io/metadata.name: shop}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: web
  namespace: shop
spec:
  parentRefs: [{name: edge}]
  hostnames: [shop.example.org]
  rules:
    - backendRefs: [{name: web, port: 80}]
",
    right: "\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: edge
  namespace: edge
spec:
  gatewayClassName: acme
  listeners:
    - name: https
      protocol: HTTPS
      port: 443
      hostname: shop.example.org
      tls:
        certificateRefs: [{name: shop-tls}]
      allowedRoutes:
        namespaces:
          from: Selector
          selector: {matchLabels: {kubernetes.io/metadata.name: shop}}
---
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
",
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut by_name: HashMap<&str, &Object> = HashMap::new();
    for (object, _) in cx.all::<Gateway>() {
        by_name.entry(&object.name).or_insert(object);
    }
    for route in routes(cx) {
        for (i, parent) in route.parents.iter().enumerate().filter(|(_, parent)| is_gateway(parent)) {
            let namespace = parent.namespace.as_deref().unwrap_or_else(|| route.namespace());
            let is_there = cx.find::<Gateway>(Some(namespace), &parent.name).is_some();
            if is_there || !cx.is_closed("Gateway", Some(namespace)) {
                continue;
            }
            let message = format!("{}: there is no Gateway {namespace}/{}", route.title(), parent.name);
            let field = if parent.namespace.is_some() { "namespace" } else { "name" };
            let finding = out.add(route.object, &format!("spec.parentRefs[{i}].{field}"), message);
            if let Some(other) = by_name.get(parent.name.as_str()) {
                finding.help(format!("add `namespace: {}` to the reference", namespace_of(other))).related(
                    other,
                    "metadata.name",
                    "a Gateway of this name, in another namespace",
                );
            }
        }
    }
}
