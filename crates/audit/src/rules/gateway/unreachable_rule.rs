//! GW029: a match that an earlier one of the same route takes.
use netloom_objects::{Severity, gateway_api::HTTPRoute};
use std::collections::HashMap;

use super::matching::{Match, matches_of};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "GW029",
    name: "unreachable-rule",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A match of an HTTPRoute that stands in the same route before, in another rule or the same one.",
    why: "Of two equal matches the first takes all requests, so the later one never gets any (Gateway API, \
           `HTTPRouteRule.matches`). The order of rules decides nothing else: longer paths go before shorter ones \
           wherever they stand.",
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
    - matches: [{path: {type: PathPrefix, value: /api}}]
      backendRefs: [{name: api, port: 8080}]
    - matches: [{path: {type: PathPrefix, value: /api}}]
      backendRefs: [{name: api-v2, port: 8080}]
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
    - matches: [{path: {type: PathPrefix, value: /api}}]
      backendRefs: [{name: api, port: 8080}]
    - matches: [{path: {type: PathPrefix, value: /api/v2}}]
      backendRefs: [{name: api-v2, port: 8080}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, route) in cx.all::<HTTPRoute>() {
        let mut seen: HashMap<Match, (usize, String)> = HashMap::new();
        for (i, rule) in route.spec.rules.iter().enumerate() {
            for (path, own) in matches_of(i, rule) {
                let Some((first, place)) = seen.get(&own) else {
                    seen.insert(own, (i, path));
                    continue;
                };
                let same_rule = *first == i;
                let message = match same_rule {
                    true => format!("{}: {} stands twice in one rule", title(object), own.words()),
                    false => format!(
                        "{}: this rule gets no requests for {}, because an earlier rule takes them all",
                        title(object),
                        own.words()
                    ),
                };
                out.add(object, &path, message)
                    .severity(if same_rule { Severity::Info } else { Severity::Warning })
                    .help(if same_rule {
                        "remove one of them"
                    } else {
                        "make the two rules one, or tell their matches apart"
                    })
                    .related(object, place, "the earlier match");
            }
        }
    }
}
