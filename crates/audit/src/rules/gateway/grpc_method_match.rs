//! GW013: a match of a gRPC method that names none.
use netloom_objects::{Severity, gateway_api::GRPCRoute};

use crate::{Context, Findings, Fix, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "GW013",
    name: "grpc-method-match",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A `method` match of a GRPCRoute with neither `service` nor `method`, or with characters that no name in \
           Protocol Buffers has, such as a `/`.",
    why: "The API server refuses the route (the CRD's rules on `method`). A call's path is \
           `/package.Service/Method`; the match has its two parts in two fields.",
    wrong: "\
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata:
  name: orders
  namespace: shop
spec:
  parentRefs: [{name: edge, namespace: edge}]
  hostnames: [shop.example.org]
  rules:
    - matches:
        - method: {service: shop.v1.Orders/Place}
      backendRefs: [{name: orders, port: 9000}]
",
    right: "\
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata:
  name: orders
  namespace: shop
spec:
  parentRefs: [{name: edge, namespace: edge}]
  hostnames: [shop.example.org]
  rules:
    - matches:
        - method: {service: shop.v1.Orders, method: Place}
      backendRefs: [{name: orders, port: 9000}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, route) in cx.all::<GRPCRoute>() {
        for (i, rule) in route.spec.rules.iter().enumerate() {
            for (j, own) in rule.matches.iter().enumerate() {
                let Some(call) = &own.method else { continue };
                let path = format!("spec.rules[{i}].matches[{j}].method");
                let text = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
                let (service, method) = (text(&call.service), text(&call.method));
                if service.is_none() && method.is_none() {
                    let message =
                        format!("{}: the match names neither a service nor a method", title(object));
                    out.add(object, &path, message)
                        .help("add `service` or `method`, or leave the whole match out to take every call");
                    continue;
                }
                if call.type_.as_deref().is_some_and(|type_| type_ != "Exact") {
                    continue;
                }
                let whole = method.is_none().then_some(service.as_deref()).flatten();
                let whole = whole.and_then(|whole| whole.trim_start_matches('/').split_once('/'));
                for (field, value, dots) in [("service", &service, true), ("method", &method, false)] {
                    let Some(value) = value.as_ref().filter(|value| !is_name(value, dots)) else { continue };
                    let message = format!("{}: `{value}` is no name of a gRPC {field}", title(object));
                    let at = format!("{path}.{field}");
                    let finding = out.add(object, &at, message);
                    finding.help("write `service: package.Service` and `method: Method`, without slashes");
                    if let Some((service, method)) =
                        whole.filter(|(s, m)| is_name(s, true) && is_name(m, false))
                    {
                        let fix = Fix::safe(format!("write `service: {service}` and `method: {method}`"));
                        let fix = fix.set_text(object, &at, service);
                        finding.fix(fix.insert_last(object, &path, "method", method));
                    }
                }
            }
        }
    }
}

/// Whether a text is an identifier of Protocol Buffers, or several with dots between them.
fn is_name(text: &str, dots: bool) -> bool {
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    if dots { text.strip_prefix('.').unwrap_or(text).split('.').all(is_part) } else { is_part(text) }
}
