//! GW014: two references of a route to one parent that cannot be told apart.
use netloom_objects::Severity;
use std::collections::HashMap;

use super::support::routes;
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "GW014",
    name: "parents-not-distinct",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A route that names one Gateway twice without telling the two apart by `sectionName` or `port`.",
    why: "The API server refuses the route: where a parent stands twice, each reference has to have a \
           `sectionName` (or `port`), and each another one (the CRD's rules on `parentRefs`).",
    wrong: "\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: web
  namespace: shop
spec:
  parentRefs:
    - {name: edge, namespace: edge}
    - {name: edge, namespace: edge, sectionName: https}
  hostnames: [shop.example.org]
  rules:
    - backendRefs: [{name: web, port: 80}]
",
    right: "\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: web
  namespace: shop
spec:
  parentRefs:
    - {name: edge, namespace: edge, sectionName: http}
    - {name: edge, namespace: edge, sectionName: https}
  hostnames: [shop.example.org]
  rules:
    - backendRefs: [{name: web, port: 80}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for route in routes(cx) {
        let mut seen: HashMap<_, Vec<usize>> = HashMap::new();
        for (i, parent) in route.parents.iter().enumerate() {
            let kind = parent.kind.as_deref().unwrap_or("Gateway");
            let namespace = parent.namespace.as_deref().unwrap_or_else(|| route.namespace());
            seen.entry((kind, namespace, parent.name.as_str())).or_default().push(i);
        }
        for ((kind, namespace, name), indices) in seen {
            for (at, &i) in indices.iter().enumerate().skip(1) {
                let parent = &route.parents[i];
                let own = (parent.section_name.as_deref().unwrap_or(""), parent.port);
                let clash = indices[..at].iter().find(|&&other| {
                    let other = &route.parents[other];
                    let theirs = (other.section_name.as_deref().unwrap_or(""), other.port);
                    let blank = own == ("", None) || theirs == ("", None);
                    blank || own == theirs
                });
                let Some(other) = clash else { continue };
                let message = format!(
                    "{} names {kind} {namespace}/{name} twice, and the two cannot be told apart",
                    route.title()
                );
                out.add(route.object, &format!("spec.parentRefs[{i}]"), message)
                    .help("leave one out, or give each its own `sectionName`")
                    .related(route.object, &format!("spec.parentRefs[{other}]"), "the other reference");
            }
        }
    }
}
