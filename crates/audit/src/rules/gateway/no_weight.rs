//! GW027: a rule whose backends all have weight 0.
use netloom_objects::{
    Object, Severity,
    gateway_api::{GRPCRoute, HTTPRoute},
};

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "GW027",
    name: "no-weight",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A rule all of whose `backendRefs` have `weight: 0`; and a rule with neither backends nor a filter that \
           answers.",
    why: "Every request that the rule matches is answered with 500 (Gateway API, `backendRefs`).",
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
    - backendRefs:
        - {name: web-v1, port: 80, weight: 0}
        - {name: web-v2, port: 80, weight: 0}
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
    - backendRefs:
        - {name: web-v1, port: 80, weight: 0}
        - {name: web-v2, port: 80, weight: 100}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, route) in cx.all::<HTTPRoute>() {
        for (i, rule) in route.spec.rules.iter().enumerate() {
            let weights = rule.backend_refs.iter().map(|to| to.weight);
            let answers =
                rule.filters.iter().any(|f| f.request_redirect.is_some() || f.extension_ref.is_some());
            judge(object, i, weights, answers, out);
        }
    }
    for (object, route) in cx.all::<GRPCRoute>() {
        for (i, rule) in route.spec.rules.iter().enumerate() {
            let weights = rule.backend_refs.iter().map(|to| to.weight);
            let answers = rule.filters.iter().any(|f| f.extension_ref.is_some());
            judge(object, i, weights, answers, out);
        }
    }
}

fn judge(
    object: &Object,
    rule: usize,
    weights: impl ExactSizeIterator<Item = Option<i32>>,
    answers: bool,
    out: &mut Findings<'_>,
) {
    if answers || object.holds_fault(&format!("spec.rules[{rule}]")) {
        return;
    }
    let path = format!("spec.rules[{rule}]");
    let (count, mut weights) = (weights.len(), weights);
    if count == 0 {
        let message = format!(
            "{}: the rule has no backends, so that its requests are answered with 500",
            title(object)
        );
        out.add(object, &path, message)
            .severity(Severity::Warning)
            .help("add `backendRefs` or a redirect; to refuse requests, leave the rule out: what no rule matches gets 404");
    } else if weights.all(|weight| weight == Some(0)) {
        let what = if count == 1 { "its only backend has" } else { "all its backends have" };
        let message =
            format!("{}: {what} weight 0, so that the rule's requests are answered with 500", title(object));
        out.add(object, &format!("{path}.backendRefs"), message).help("give one of them a weight above 0");
    }
}
