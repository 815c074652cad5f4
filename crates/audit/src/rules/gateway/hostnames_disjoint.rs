//! GW021: a route for hosts that its listeners do not take.
use netloom_objects::{Severity, gateway_api::Listener};

use super::support::{intersect, is_gateway, routes};
use crate::{
    Context, Findings, Group, Rule,
    words::{list_of, title},
};

pub static RULE: Rule = Rule {
    code: "GW021",
    name: "hostnames-disjoint",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A route none of whose hostnames is one of its listener's; and single hostnames that no listener takes.",
    why: "The route is not accepted (`NoMatchingListenerHostname`), or the hosts that are left out are answered \
           with 404. A listener for `*.example.org` takes `shop.example.org`, but not `example.org`.",
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
  parentRefs: [{name: edge, namespace: edge}]
  hostnames: [www.example.org]
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
        let Some(hostnames) = route.hostnames.filter(|hostnames| !hostnames.is_empty()) else { continue };
        let known: Vec<_> = route.gateways(cx).collect();
        let gateways = route.parents.iter().filter(|parent| is_gateway(parent)).count();
        for (i, hostname) in hostnames.iter().enumerate() {
            let takes = |(_, listener): (usize, &Listener)| match listener.hostname.as_deref() {
                None | Some("") => true,
                Some(own) => intersect(own, hostname),
            };
            let reach = known.iter().any(|at| at.carriers(route.kind).any(takes));
            let listeners: Vec<_> =
                known.iter().flat_map(|at| at.carriers(route.kind).map(move |(i, l)| (at, i, l))).collect();
            // A Gateway that is not in the set may take it.
            let Some((at, index, listener)) = listeners.first() else { continue };
            if reach || known.len() < gateways || gateways < route.parents.len() {
                continue;
            }
            let mut own: Vec<&str> = listeners.iter().filter_map(|(_, _, l)| l.hostname.as_deref()).collect();
            own.sort_unstable();
            own.dedup();
            let message = format!(
                "{}: no listener that it attaches to takes {hostname}; {} is for {}",
                route.title(),
                title(at.object),
                list_of(&own)
            );
            out.add(route.object, &format!("spec.hostnames[{i}]"), message)
                .help("correct the hostname on one side, or add a listener for it")
                .related(
                    at.object,
                    &format!("spec.listeners[{index}].hostname"),
                    format!("listener `{}`", listener.name),
                );
        }
    }
}
