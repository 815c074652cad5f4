//! GW030: a route for every host.
use netloom_objects::{Severity, gateway_api::Listener};
use std::collections::HashSet;

use super::support::routes;
use crate::{Context, Findings, Group, Rule, words::namespace_of};

pub static RULE: Rule = Rule {
    code: "GW030",
    name: "route-for-all-hosts",
    group: Group::Security,
    severity: Severity::Info,
    finds: "An HTTPRoute or GRPCRoute without `hostnames` on listeners without a `hostname`, beside routes that name \
           their hosts.",
    why: "It answers under every name that leads to the Gateway's address, also those of others: a request for a \
           host that no route names ends up here instead of at a 404.",
    wrong: "\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: edge
  namespace: edge
spec:
  gatewayClassName: acme
  listeners:
    - name: http
      protocol: HTTP
      port: 80
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
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: docs
  namespace: shop
spec:
  parentRefs: [{name: edge, namespace: edge}]
  rules:
    - backendRefs: [{name: docs, port: 80}]
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
    - name: http
      protocol: HTTP
      port: 80
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
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: docs
  namespace: shop
spec:
  parentRefs: [{name: edge, namespace: edge}]
  hostnames: [docs.example.org]
  rules:
    - backendRefs: [{name: docs, port: 80}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let routes = routes(cx);
    let mut named: HashSet<(&str, &str)> = HashSet::new();
    for route in routes.iter().filter(|route| route.hostnames.is_some_and(|names| !names.is_empty())) {
        for at in route.gateways(cx) {
            named.insert((namespace_of(at.object), &at.object.name));
        }
    }
    for route in routes.iter().filter(|route| matches!(route.kind, "HTTPRoute" | "GRPCRoute")) {
        // A redirect to HTTPS is right for every host.
        if route.hostnames.is_none_or(|names| !names.is_empty()) || route.backends.is_empty() {
            continue;
        }
        for at in route.gateways(cx) {
            let open = |listener: &Listener| listener.hostname.as_deref().unwrap_or("").is_empty();
            let Some((index, _)) = at.carriers(route.kind).find(|(_, listener)| open(listener)) else {
                continue;
            };
            if !named.contains(&(namespace_of(at.object), &*at.object.name)) {
                continue;
            }
            let message =
                format!("{} takes the requests for every host that no other route takes", route.title());
            out.add(route.object, "spec", message).help("name its hosts under `hostnames`").related(
                at.object,
                &format!("spec.listeners[{index}]"),
                "the listener is for every host too",
            );
            break;
        }
    }
}
