//! GW006: a prefix that is to be replaced where none is matched.
use netloom_objects::{
    Severity,
    gateway_api::{HTTPRoute, HTTPRouteFilter},
};

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "GW006",
    name: "prefix-replacement",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "`ReplacePrefixMatch` in a rule that has several matches, or one that is not a PathPrefix.",
    why: "The API server refuses the route: what is replaced is the prefix that matched, so the rule has to have \
           exactly one match, of type PathPrefix (the CRD's rules on `rules`).",
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
        - path: {type: Exact, value: /api}
      filters:
        - type: URLRewrite
          urlRewrite:
            path: {type: ReplacePrefixMatch, replacePrefixMatch: /}
      backendRefs: [{name: api, port: 8080}]
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
        - path: {type: PathPrefix, value: /api}
      filters:
        - type: URLRewrite
          urlRewrite:
            path: {type: ReplacePrefixMatch, replacePrefixMatch: /}
      backendRefs: [{name: api, port: 8080}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, route) in cx.all::<HTTPRoute>() {
        for (i, rule) in route.spec.rules.iter().enumerate() {
            let path = format!("spec.rules[{i}]");
            // Without matches there is one by default: PathPrefix `/`.
            let (at, fault) = match rule.matches.as_slice() {
                [] => continue,
                [only] => match only.path.as_ref() {
                    None => continue,
                    Some(own) => match own.type_.as_deref().unwrap_or("PathPrefix") {
                        "PathPrefix" => continue,
                        other => (
                            format!("{path}.matches[0].path.type"),
                            format!("its only match is of type {other}"),
                        ),
                    },
                },
                several => (format!("{path}.matches"), format!("it has {} matches", several.len())),
            };
            let own = rule.filters.iter().enumerate().map(|(j, f)| (format!("{path}.filters[{j}]"), f));
            let of_backends = rule.backend_refs.iter().enumerate().flat_map(|(k, to)| {
                let path = format!("{path}.backendRefs[{k}]");
                to.filters.iter().enumerate().map(move |(j, f)| (format!("{path}.filters[{j}]"), f))
            });
            if let Some((filter, _)) = own.chain(of_backends).find(|(_, filter)| replaces_prefix(filter)) {
                let message =
                    format!("{}: the rule replaces the prefix that matched, but {fault}", title(object));
                out.add(object, &at, message)
                    .help("write one rule for each prefix, with one match of `type: PathPrefix`")
                    .related(object, &filter, "ReplacePrefixMatch stands here");
            }
        }
    }
}

fn replaces_prefix(filter: &HTTPRouteFilter) -> bool {
    let redirect = filter.request_redirect.as_ref().and_then(|redirect| redirect.path.as_ref());
    let rewrite = filter.url_rewrite.as_ref().and_then(|rewrite| rewrite.path.as_ref());
    redirect.into_iter().chain(rewrite).any(|path| path.type_ == "ReplacePrefixMatch")
}
