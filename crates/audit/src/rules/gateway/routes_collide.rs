//! GW028: two routes that claim the same requests.
use netloom_objects::{Object, Severity, gateway_api::HTTPRoute};
use std::{
    collections::{HashMap, hash_map::Entry},
    ptr,
};

use super::matching::{Match, matches_of};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "GW028",
    name: "routes-collide",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "Two HTTPRoutes on one Gateway with the same host and the same match.",
    why: "Only one of them gets the requests: the older, and of two equally old ones the first by name (Gateway \
           API, `HTTPRouteRule.matches`). Which that is can change when one of them is made anew.",
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
    - backendRefs: [{name: web, port: 80}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: web-new
  namespace: shop
spec:
  parentRefs: [{name: edge, namespace: edge}]
  hostnames: [shop.example.org]
  rules:
    - backendRefs: [{name: web-new, port: 80}]
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
        - {name: web, port: 80, weight: 90}
        - {name: web-new, port: 80, weight: 10}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut claims: HashMap<Claim<'_>, (&Object, String)> = HashMap::new();
    for (object, route) in cx.all::<HTTPRoute>() {
        let all = [String::new()];
        let hostnames = if route.spec.hostnames.is_empty() { &all[..] } else { &route.spec.hostnames };
        let mut told: Vec<&Object> = Vec::new();
        for parent in &route.spec.parent_refs {
            let end = (
                parent.kind.as_deref().unwrap_or("Gateway"),
                parent.namespace.as_deref().unwrap_or_else(|| namespace_of(object)),
                parent.name.as_str(),
                parent.section_name.as_deref().unwrap_or(""),
                parent.port,
            );
            for (i, rule) in route.spec.rules.iter().enumerate() {
                for (path, own) in matches_of(i, rule) {
                    for hostname in hostnames {
                        let claim = (end, hostname.to_ascii_lowercase(), own.clone());
                        let (other, place) = match claims.entry(claim) {
                            Entry::Vacant(free) => {
                                free.insert((object, path.clone()));
                                continue;
                            }
                            Entry::Occupied(taken) => taken.get().clone(),
                        };
                        if ptr::eq(other, object) || told.iter().any(|seen| ptr::eq(*seen, other)) {
                            continue;
                        }
                        told.push(other);
                        let host = if hostname.is_empty() { "every host" } else { hostname };
                        let message = format!(
                            "{} and {} both claim {} of {host}, on the same parent",
                            title(object),
                            title(other),
                            own.words()
                        );
                        out.add(object, &path, message)
                            .help("make them one route, with weights if both are to get requests; or tell them apart")
                            .related(other, &place, "the other claim");
                    }
                }
            }
        }
    }
}

/// A parent, a hostname and a match.
type Claim<'a> = ((&'a str, &'a str, &'a str, &'a str, Option<i32>), String, Match);
