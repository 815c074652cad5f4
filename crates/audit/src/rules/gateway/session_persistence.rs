//! GW015: a session that lasts in a way it cannot.
use netloom_objects::{
    Object, Severity,
    gateway_api::{GRPCRoute, HTTPRoute, SessionPersistence},
};

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "GW015",
    name: "session-persistence",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "Session persistence with a permanent cookie and no `absoluteTimeout`, or with a `cookieConfig` for a \
           session that is kept in a header.",
    why: "The API server refuses the route: a permanent cookie needs an expiry date, which is the absolute timeout \
           (GEP-1619, the CRD's rules on `sessionPersistence`).",
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
    - sessionPersistence:
        sessionName: cart
        cookieConfig: {lifetimeType: Permanent}
      backendRefs: [{name: web, port: 80}]
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
    - sessionPersistence:
        sessionName: cart
        absoluteTimeout: 24h
        cookieConfig: {lifetimeType: Permanent}
      backendRefs: [{name: web, port: 80}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, route) in cx.all::<HTTPRoute>() {
        for (i, rule) in route.spec.rules.iter().enumerate() {
            judge(object, i, rule.session_persistence.as_ref(), out);
        }
    }
    for (object, route) in cx.all::<GRPCRoute>() {
        for (i, rule) in route.spec.rules.iter().enumerate() {
            judge(object, i, rule.session_persistence.as_ref(), out);
        }
    }
}

fn judge(object: &Object, rule: usize, session: Option<&SessionPersistence>, out: &mut Findings<'_>) {
    let Some(session) = session else { return };
    let Some(cookie) = &session.cookie_config else { return };
    let path = format!("spec.rules[{rule}].sessionPersistence");
    if session.type_.as_deref() == Some("Header") {
        let message =
            format!("{}: the session is kept in a header, and has settings of a cookie", title(object));
        out.add(object, &format!("{path}.cookieConfig"), message)
            .help("leave `cookieConfig` out, or write `type: Cookie`");
    } else if cookie.lifetime_type.as_deref() == Some("Permanent") && session.absolute_timeout.is_none() {
        let message =
            format!("{}: the session's cookie is permanent, and nothing says until when", title(object));
        out.add(object, &format!("{path}.cookieConfig.lifetimeType"), message)
            .help("add `absoluteTimeout`, or write `lifetimeType: Session`");
    }
}
