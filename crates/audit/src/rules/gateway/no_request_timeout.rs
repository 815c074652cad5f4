//! GW036: a rule without a time limit.
use k8s_openapi::api::core::v1::Service;
use netloom_objects::{
    Object, Severity,
    gateway_api::{HTTPRoute, HTTPRouteRule},
};

use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "GW036",
    name: "no-request-timeout",
    group: Group::Reliability,
    severity: Severity::Info,
    finds: "A rule of an HTTPRoute that leads to backends and has no `timeouts`.",
    why: "A backend that hangs then holds connections of the Gateway and of clients for as long as the \
           implementation's own default says, which may be for ever (GEP-1742).",
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
    - timeouts: {request: 15s}
      backendRefs: [{name: web, port: 80}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, route) in cx.all::<HTTPRoute>() {
        let bare = |(_, rule): &(usize, &HTTPRouteRule)| {
            !rule.backend_refs.is_empty() && rule.timeouts.is_none() && !streams(cx, object, rule)
        };
        let bare: Vec<usize> = route.spec.rules.iter().enumerate().filter(bare).map(|(i, _)| i).collect();
        let Some(first) = bare.first() else { continue };
        let which = match bare.len() {
            1 => "a rule has no time limit".to_owned(),
            n => format!("{n} rules have no time limit"),
        };
        out.add(object, &format!("spec.rules[{first}]"), format!("{}: {which}", title(object)))
            .help("add `timeouts: {request: 15s}`, or what fits; `0s` says that there is to be none");
    }
}

/// Whether a rule leads to a port whose protocol says that connections last.
fn streams(cx: &Context<'_>, object: &Object, rule: &HTTPRouteRule) -> bool {
    rule.backend_refs.iter().any(|to| {
        let namespace = to.namespace.as_deref().unwrap_or_else(|| namespace_of(object));
        let service = cx.find::<Service>(Some(namespace), &to.name);
        let ports = service.and_then(|(_, service)| service.spec.as_ref()?.ports.as_ref());
        ports.into_iter().flatten().any(|port| {
            Some(port.port) == to.port
                && matches!(port.app_protocol.as_deref(), Some("kubernetes.io/ws" | "kubernetes.io/wss"))
        })
    })
}
