//! GW020: a route on a listener whose protocol cannot carry it.
use netloom_objects::Severity;

use super::support::routes;
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "GW020",
    name: "route-protocol",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A route all of whose listeners have a protocol that carries no routes of its kind: an HTTPRoute on a TLS \
           listener, a TLSRoute on an HTTPS one, a TCPRoute on UDP.",
    why: "The route is not accepted (`NotAllowedByListeners`). HTTP and HTTPS carry HTTPRoutes and GRPCRoutes, TLS \
           carries TLSRoutes (and TCPRoutes where it terminates), TCP and UDP their own (Gateway API, \
           `ProtocolType`).",
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
kind: TLSRoute
metadata:
  name: web
  namespace: shop
spec:
  parentRefs: [{name: edge, namespace: edge}]
  hostnames: [shop.example.org]
  rules:
    - backendRefs: [{name: web, port: 443}]
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
      protocol: TLS
      port: 443
      hostname: shop.example.org
      tls:
        mode: Passthrough
      allowedRoutes:
        namespaces:
          from: Selector
          selector: {matchLabels: {kubernetes.io/metadata.name: shop}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata:
  name: web
  namespace: shop
spec:
  parentRefs: [{name: edge, namespace: edge}]
  hostnames: [shop.example.org]
  rules:
    - backendRefs: [{name: web, port: 443}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for route in routes(cx) {
        for at in route.gateways(cx) {
            let Some((index, listener)) = at.listeners().next() else { continue };
            if at.carriers(route.kind).next().is_some() {
                continue;
            }
            let mode = listener.tls.as_ref().and_then(|tls| tls.mode.as_deref());
            let passes = if mode == Some("Passthrough") { " that passes TLS through" } else { "" };
            let message = format!(
                "{}: listener `{}` of {} is of protocol {}{passes}, which carries no {}",
                route.title(),
                listener.name,
                title(at.object),
                listener.protocol,
                route.kind
            );
            let fit = match route.kind {
                "TLSRoute" => "one of protocol TLS",
                "TCPRoute" => "one of protocol TCP",
                "UDPRoute" => "one of protocol UDP",
                _ => "one of protocol HTTP or HTTPS",
            };
            out.add(route.object, &at.path(), message).help(format!("attach it to {fit}")).related(
                at.object,
                &format!("spec.listeners[{index}].protocol"),
                "its protocol",
            );
        }
    }
}
