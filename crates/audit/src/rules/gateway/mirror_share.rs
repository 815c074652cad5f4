//! GW012: a share of requests to mirror that is none.
use netloom_objects::{
    Object, Severity,
    gateway_api::{GRPCRoute, HTTPRoute, RequestMirror},
};

use super::support::{grpc_filters, http_filters};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "GW012",
    name: "mirror-share",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A mirror with both `percent` and `fraction`, a percentage outside of 0 to 100, or a fraction above one.",
    why: "The API server refuses the route (the CRD's rules on `requestMirror`).",
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
        - type: RequestMirror
          requestMirror:
            backendRef: {name: web-next, port: 80}
            fraction: {numerator: 5, denominator: 1}
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
        - type: RequestMirror
          requestMirror:
            backendRef: {name: web-next, port: 80}
            fraction: {numerator: 1, denominator: 5}
      backendRefs: [{name: web, port: 80}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, route) in cx.all::<HTTPRoute>() {
        for (path, filter) in http_filters(route) {
            judge(object, &path, filter.request_mirror.as_ref(), out);
        }
    }
    for (object, route) in cx.all::<GRPCRoute>() {
        for (path, filter) in grpc_filters(route) {
            judge(object, &path, filter.request_mirror.as_ref(), out);
        }
    }
}

fn judge(object: &Object, path: &str, mirror: Option<&RequestMirror>, out: &mut Findings<'_>) {
    let Some(mirror) = mirror else { return };
    let (field, fault) = match (mirror.percent, &mirror.fraction) {
        (Some(_), Some(_)) => ("percent", "the mirror has both `percent` and `fraction`".to_owned()),
        (Some(percent), None) if !(0..=100).contains(&percent) => {
            ("percent", format!("{percent} is no percentage"))
        }
        (None, Some(fraction)) => {
            let (part, whole) = (fraction.numerator, fraction.denominator.unwrap_or(100));
            if part >= 0 && whole > 0 && part <= whole {
                return;
            }
            ("fraction", format!("{part}/{whole} of the requests cannot be mirrored"))
        }
        _ => return,
    };
    out.add(object, &format!("{path}.requestMirror.{field}"), format!("{}: {fault}", title(object)))
        .help("write one share between none and all, by `percent` or by `fraction`");
}
