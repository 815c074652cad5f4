//! GW031: a route that serves over plain HTTP what the Gateway has HTTPS for.
use netloom_objects::{
    Severity,
    gateway_api::{Gateway, HTTPRoute, Listener},
};

use super::support::{Attachment, admits, is_gateway, meets};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "GW031",
    name: "plaintext-beside-https",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "An HTTPRoute with backends that attaches to an HTTP listener, while an HTTPS listener of the same \
           Gateway takes the same hosts.",
    why: "Whoever types the bare name gets the site unencrypted, cookies and all. The usual form is one route on \
           HTTPS and one on HTTP that only redirects (Gateway API guide \"HTTP redirects\").",
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
    for (object, route) in cx.all::<HTTPRoute>() {
        let Some(rule) = route.spec.rules.iter().find(|rule| !rule.backend_refs.is_empty()) else { continue };
        let is_challenge = |value: &str| value.starts_with("/.well-known/");
        let paths = rule.matches.iter().map(|m| m.path.as_ref().and_then(|path| path.value.as_deref()));
        if !rule.matches.is_empty() && paths.flatten().filter(|value| is_challenge(value)).count() > 0 {
            continue;
        }
        let hostnames = &route.spec.hostnames;
        for (i, parent) in route.spec.parent_refs.iter().enumerate().filter(|(_, p)| is_gateway(p)) {
            let namespace = parent.namespace.as_deref().unwrap_or_else(|| namespace_of(object));
            let Some((gateway, content)) = cx.find::<Gateway>(Some(namespace), &parent.name) else {
                continue;
            };
            let at = Attachment { index: i, parent, object: gateway, gateway: content };
            let own = namespace_of(object);
            let fits = |listener: &Listener, protocol: &str| {
                listener.protocol.eq_ignore_ascii_case(protocol)
                    && meets(listener, hostnames)
                    && admits(cx, gateway, listener, own) != Some(false)
            };
            let Some((plain, listener)) = at.listeners().find(|(_, l)| fits(l, "HTTP")) else { continue };
            let Some(secure) = content.spec.listeners.iter().position(|l| fits(l, "HTTPS")) else { continue };
            let message = format!(
                "{} serves its backends over plain HTTP too, on listener `{}` of {}",
                title(object),
                listener.name,
                title(gateway)
            );
            out.add(object, &at.path(), message)
                .help(format!(
                    "add `sectionName: {}`, and a route on `{}` that redirects to https",
                    content.spec.listeners[secure].name, listener.name
                ))
                .related(gateway, &format!("spec.listeners[{plain}]"), "the HTTP listener")
                .related(gateway, &format!("spec.listeners[{secure}]"), "the HTTPS listener");
            break;
        }
    }
}
