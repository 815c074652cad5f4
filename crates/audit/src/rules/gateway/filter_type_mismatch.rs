//! GW004: a filter whose type and field do not agree.
use netloom_objects::{
    Object, Severity,
    gateway_api::{GRPCRoute, HTTPRoute, PathModifier},
};

use super::support::{grpc_filters, http_filters};
use crate::{
    Context, Findings, Group, Rule,
    words::{list_of, title},
};

pub static RULE: Rule = Rule {
    code: "GW004",
    name: "filter-type-mismatch",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A filter of an HTTPRoute or GRPCRoute without the field that its `type` names, or with a field of \
           another type; the same of the `path` of a redirect or rewrite.",
    why: "The API server refuses the route: a filter is a union of which `type` says which one member is set (the \
           CRD's rules on `filters`).",
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
        - type: RequestHeaderModifier
          responseHeaderModifier:
            remove: [server]
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
        - type: ResponseHeaderModifier
          responseHeaderModifier:
            remove: [server]
      backendRefs: [{name: web, port: 80}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, route) in cx.all::<HTTPRoute>() {
        for (path, filter) in http_filters(route) {
            judge(object, &path, &filter.type_, out);
            let redirect = filter.request_redirect.as_ref().and_then(|redirect| redirect.path.as_ref());
            let rewrite = filter.url_rewrite.as_ref().and_then(|rewrite| rewrite.path.as_ref());
            for (field, modifier) in [("requestRedirect", redirect), ("urlRewrite", rewrite)] {
                let Some(modifier) = modifier else { continue };
                judge_modifier(object, &format!("{path}.{field}.path"), modifier, out);
            }
        }
    }
    for (object, route) in cx.all::<GRPCRoute>() {
        for (path, filter) in grpc_filters(route) {
            judge(object, &path, &filter.type_, out);
        }
    }
}

/// The types, each with its field.
const TYPES: [(&str, &str); 8] = [
    ("RequestHeaderModifier", "requestHeaderModifier"),
    ("ResponseHeaderModifier", "responseHeaderModifier"),
    ("RequestMirror", "requestMirror"),
    ("RequestRedirect", "requestRedirect"),
    ("URLRewrite", "urlRewrite"),
    ("CORS", "cors"),
    ("ExternalAuth", "externalAuth"),
    ("ExtensionRef", "extensionRef"),
];

fn judge(object: &Object, path: &str, type_: &str, out: &mut Findings<'_>) {
    let Some((_, wanted)) = TYPES.iter().find(|(name, _)| *name == type_) else {
        if !type_.is_empty() {
            let names: Vec<&str> = TYPES.iter().map(|(name, _)| *name).collect();
            let message = format!("{}: there is no filter of type `{type_}`", title(object));
            out.add(object, &format!("{path}.type"), message)
                .help(format!("the types are {}", list_of(&names)));
        }
        return;
    };
    let strays: Vec<&str> = TYPES
        .iter()
        .map(|(_, field)| *field)
        .filter(|field| field != wanted && object.is_written(&format!("{path}.{field}")))
        .collect();
    let is_there = object.is_written(&format!("{path}.{wanted}"));
    let (at, message) = match (strays.first(), is_there) {
        (Some(stray), _) => {
            (*stray, format!("a filter of type {type_} has `{stray}`, which belongs to another type"))
        }
        (None, false) => ("type", format!("a filter of type {type_} has no `{wanted}`")),
        (None, true) => return,
    };
    let message = format!("{}: {message}", title(object));
    out.add(object, &format!("{path}.{at}"), message)
        .help(format!("`type: {type_}` goes with `{wanted}`, and with no other"));
}

fn judge_modifier(object: &Object, path: &str, modifier: &PathModifier, out: &mut Findings<'_>) {
    let (full, prefix) = (&modifier.replace_full_path, &modifier.replace_prefix_match);
    let (wanted, has, stray) = match modifier.type_.as_str() {
        "ReplaceFullPath" => ("replaceFullPath", full.is_some(), prefix.is_some()),
        "ReplacePrefixMatch" => ("replacePrefixMatch", prefix.is_some(), full.is_some()),
        _ => return,
    };
    if !has || stray {
        let message = format!(
            "{}: a path of type {} {}",
            title(object),
            modifier.type_,
            if has { "has the field of the other type too".to_owned() } else { format!("has no `{wanted}`") }
        );
        out.add(object, &format!("{path}.type"), message)
            .help(format!("`type: {}` goes with `{wanted}`, and with nothing else", modifier.type_));
    }
}
