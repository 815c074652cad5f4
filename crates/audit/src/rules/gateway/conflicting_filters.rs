//! GW005: filters of one rule that exclude each other.
use netloom_objects::{
    Object, Severity,
    gateway_api::{GRPCRoute, HTTPRoute},
};

use super::support::{grpc_filter_lists, http_filter_lists};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "GW005",
    name: "conflicting-filters",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A rule that redirects and has backends or a rewrite too; and a filter other than a mirror or an \
           extension that stands twice in one list.",
    why: "The API server refuses the route: a redirect answers by itself, so nothing reaches a backend, and a \
           repeated filter would have no defined order (the CRD's rules on `rules` and `filters`).",
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
    - filters:
        - type: RequestRedirect
          requestRedirect: {scheme: https, statusCode: 301}
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
    - filters:
        - type: RequestRedirect
          requestRedirect: {scheme: https, statusCode: 301}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, route) in cx.all::<HTTPRoute>() {
        for (i, rule) in route.spec.rules.iter().enumerate() {
            let redirects = rule.filters.iter().position(|f| f.request_redirect.is_some());
            if let Some(redirect) = redirects.filter(|_| !rule.backend_refs.is_empty()) {
                let message = format!(
                    "{}: the rule redirects every request, so that none can reach its backends",
                    title(object)
                );
                out.add(object, &format!("spec.rules[{i}].backendRefs"), message)
                    .help("leave out either the backends or the redirect; to do both, write two rules")
                    .related(object, &format!("spec.rules[{i}].filters[{redirect}]"), "the redirect");
            }
        }
        for (path, filters) in http_filter_lists(route) {
            let types: Vec<&str> = filters.iter().map(|f| f.type_.as_str()).collect();
            repeated(object, &path, &types, out);
            let find = |wanted: &str| types.iter().position(|type_| *type_ == wanted);
            if let (Some(redirect), Some(rewrite)) = (find("RequestRedirect"), find("URLRewrite")) {
                let message = format!("{}: a rule cannot both redirect and rewrite", title(object));
                out.add(object, &format!("{path}[{rewrite}]"), message)
                    .help("put what the rewrite does into `requestRedirect`, which has `hostname` and `path` too")
                    .related(object, &format!("{path}[{redirect}]"), "the redirect");
            }
        }
    }
    for (object, route) in cx.all::<GRPCRoute>() {
        for (path, filters) in grpc_filter_lists(route) {
            let types: Vec<&str> = filters.iter().map(|f| f.type_.as_str()).collect();
            repeated(object, &path, &types, out);
        }
    }
}

/// The types of which a list may have only one.
const ONCE: [&str; 5] =
    ["RequestHeaderModifier", "ResponseHeaderModifier", "RequestRedirect", "URLRewrite", "CORS"];

fn repeated(object: &Object, path: &str, types: &[&str], out: &mut Findings<'_>) {
    for (i, type_) in types.iter().enumerate().filter(|(_, type_)| ONCE.contains(type_)) {
        if let Some(first) = types[..i].iter().position(|other| other == type_) {
            let message = format!("{}: filter {type_} stands twice in one list", title(object));
            out.add(object, &format!("{path}[{i}]"), message).help("make them one filter").related(
                object,
                &format!("{path}[{first}]"),
                "the first of them",
            );
        }
    }
}
