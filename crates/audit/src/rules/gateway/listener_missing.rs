//! GW018: a route to a listener that its Gateway does not have.
use netloom_objects::Severity;

use super::support::routes;
use crate::{
    Context, Findings, Group, Rule,
    words::{list_of, title},
};

pub static RULE: Rule = Rule {
    code: "GW018",
    name: "listener-missing",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A route whose `sectionName` or `port` fits no listener of the Gateway.",
    why: "The route is not accepted (`NoMatchingParent`) and takes no traffic.",
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
  parentRefs: [{name: edge, namespace: edge, sectionName: web}]
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
  parentRefs: [{name: edge, namespace: edge, sectionName: https}]
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
            let listeners = &at.gateway.spec.listeners;
            // Listeners of a ListenerSet are named by that one, not by the Gateway.
            if at.listeners().next().is_some() || at.object.holds_fault("spec.listeners") {
                continue;
            }
            let wanted = match (at.parent.section_name.as_deref(), at.parent.port) {
                (Some(name), Some(port)) => format!("named `{name}` on port {port}"),
                (Some(name), None) => format!("named `{name}`"),
                (None, Some(port)) => format!("on port {port}"),
                (None, None) => continue,
            };
            let has_name = |name: &str| listeners.iter().any(|listener| listener.name == name);
            let names_one = at.parent.section_name.as_deref().is_some_and(|name| !has_name(name));
            let field = if names_one { "sectionName" } else { "port" };
            let own: Vec<String> =
                listeners.iter().map(|listener| format!("`{}` ({})", listener.name, listener.port)).collect();
            let message = format!("{}: {} has no listener {wanted}", route.title(), title(at.object));
            out.add(route.object, &format!("{}.{field}", at.path()), message)
                .help(format!("its listeners are {}", list_of(&own)))
                .related(at.object, "spec.listeners", "the listeners");
        }
    }
}
