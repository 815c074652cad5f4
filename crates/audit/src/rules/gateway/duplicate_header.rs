//! GW008: a header or query parameter that is named twice.
use netloom_objects::{
    Object, Severity,
    gateway_api::{GRPCRoute, HTTPRoute, HeaderModifier},
};
use std::collections::HashMap;

use super::support::{grpc_filters, http_filters};
use crate::{Context, Findings, Fix, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "GW008",
    name: "duplicate-header",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A header or query parameter that stands twice in one match, or in `set`, `add` or `remove` of one header \
           modifier.",
    why: "The API server refuses a name that stands twice in one list, and of two spellings of one header \
           (`X-User` and `x-user`) implementations heed only the first.",
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
    - matches:
        - headers:
            - {name: x-user, value: admin}
            - {name: X-User, value: root}
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
    - matches:
        - headers:
            - {name: x-user, value: admin}
      backendRefs: [{name: web, port: 80}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, route) in cx.all::<HTTPRoute>() {
        for (i, rule) in route.spec.rules.iter().enumerate() {
            for (j, own) in rule.matches.iter().enumerate() {
                let path = format!("spec.rules[{i}].matches[{j}]");
                let names = own.headers.iter().map(|header| header.name.to_ascii_lowercase());
                twice(object, &format!("{path}.headers"), "header", names, out);
                let names = own.query_params.iter().map(|parameter| parameter.name.clone());
                twice(object, &format!("{path}.queryParams"), "query parameter", names, out);
            }
        }
        for (path, filter) in http_filters(route) {
            let of_requests = filter.request_header_modifier.as_ref();
            modifier(object, &format!("{path}.requestHeaderModifier"), of_requests, out);
            let of_responses = filter.response_header_modifier.as_ref();
            modifier(object, &format!("{path}.responseHeaderModifier"), of_responses, out);
        }
    }
    for (object, route) in cx.all::<GRPCRoute>() {
        for (i, rule) in route.spec.rules.iter().enumerate() {
            for (j, own) in rule.matches.iter().enumerate() {
                let names = own.headers.iter().map(|header| header.name.to_ascii_lowercase());
                twice(object, &format!("spec.rules[{i}].matches[{j}].headers"), "header", names, out);
            }
        }
        for (path, filter) in grpc_filters(route) {
            let of_requests = filter.request_header_modifier.as_ref();
            modifier(object, &format!("{path}.requestHeaderModifier"), of_requests, out);
            let of_responses = filter.response_header_modifier.as_ref();
            modifier(object, &format!("{path}.responseHeaderModifier"), of_responses, out);
        }
    }
}

fn modifier(object: &Object, path: &str, modifier: Option<&HeaderModifier>, out: &mut Findings<'_>) {
    let Some(modifier) = modifier else { return };
    for (field, headers) in [("set", &modifier.set), ("add", &modifier.add)] {
        let names = headers.iter().map(|header| header.name.to_ascii_lowercase());
        twice(object, &format!("{path}.{field}"), "header", names, out);
    }
    let names = modifier.remove.iter().map(|name| name.to_ascii_lowercase());
    twice(object, &format!("{path}.remove"), "header", names, out);
}

fn twice(
    object: &Object,
    path: &str,
    what: &str,
    names: impl Iterator<Item = String>,
    out: &mut Findings<'_>,
) {
    let mut seen = HashMap::new();
    for (i, name) in names.enumerate() {
        if let Some(first) = seen.get(&name) {
            let message = format!("{}: {what} `{name}` stands twice in one list", title(object));
            let (first, second) = (format!("{path}[{first}]"), format!("{path}[{i}]"));
            let finding = out.add(object, &second, message);
            finding.help("only one of them can hold; for either of two values, write two matches").related(
                object,
                &first,
                "the first of them",
            );
            if object.value(&first) == object.value(&second) {
                finding.fix(Fix::safe("remove the second").remove(object, &second));
            }
        } else {
            seen.insert(name, i);
        }
    }
}
