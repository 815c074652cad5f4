//! GW019: a route that no listener of its Gateway admits.
use netloom_objects::{Severity, gateway_api::Listener};

use super::support::{admits, allows_kind, routes};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "GW019",
    name: "route-not-allowed",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A route in a namespace, or of a kind, that `allowedRoutes` of the listeners does not admit. Without \
           `allowedRoutes` a listener admits only routes of the Gateway's own namespace.",
    why: "The route is not accepted (`NotAllowedByListeners`) and takes no traffic.",
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
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for route in routes(cx) {
        for at in route.gateways(cx) {
            let listeners: Vec<_> = at.carriers(route.kind).collect();
            let Some((first, listener)) = listeners.first() else { continue };
            let by_kind = listeners.iter().filter(|(_, listener)| allows_kind(listener, route.kind));
            let by_kind: Vec<_> = by_kind.collect();
            if by_kind.is_empty() {
                let message = format!("{}: {} admits no {}", route.title(), title(at.object), route.kind);
                out.add(route.object, &at.path(), message)
                    .help(format!("add {} to `allowedRoutes.kinds`, or remove that list", route.kind))
                    .related(
                        at.object,
                        &format!("spec.listeners[{first}].allowedRoutes.kinds"),
                        "what it admits",
                    );
                continue;
            }
            let refuses = |(_, listener): &&(usize, &Listener)| {
                admits(cx, at.object, listener, route.namespace()) == Some(false)
            };
            if !by_kind.iter().all(refuses) {
                continue;
            }
            let (index, listener) = by_kind.first().map_or((*first, *listener), |(i, l)| (*i, *l));
            let from = listener.allowed_routes.as_ref().and_then(|allowed| allowed.namespaces.as_ref());
            let reason = match from.and_then(|from| from.from.as_deref()) {
                Some("Selector") => "only routes of namespaces with certain labels".to_owned(),
                _ => format!("only routes of its own namespace, {}", namespace_of(at.object)),
            };
            let message = format!("{} is not admitted: {} takes {reason}", route.title(), title(at.object));
            out.add(route.object, &at.path(), message)
                .help(format!("let `allowedRoutes.namespaces` of the listener admit {}", route.namespace()))
                .related(
                    at.object,
                    &format!("spec.listeners[{index}].allowedRoutes.namespaces"),
                    format!("listener `{}`", listener.name),
                );
        }
    }
}
