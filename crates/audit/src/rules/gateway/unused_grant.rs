//! GW024: a ReferenceGrant that nothing uses.
use netloom_objects::{Severity, gateway_api::ReferenceGrant};
use std::collections::HashMap;

use super::support::{Crossing, crossings};
use crate::{
    Context, Findings, Group, Rule,
    words::{list_of, namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "GW024",
    name: "unused-grant",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A ReferenceGrant under which no route and no Gateway of the set refers to anything.",
    why: "It opens the namespace to whoever may write routes in the other one, for a reference that is no longer \
           made (least privilege).",
    wrong: "\
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata:
  name: from-shop
  namespace: payments
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}]
  to: [{group: \"\", kind: Service, name: payments}]
---
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
",
    right: "\
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata:
  name: from-shop
  namespace: payments
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}]
  to: [{group: \"\", kind: Service, name: payments}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: web
  namespace: shop
spec:
  parentRefs: [{name: edge, namespace: edge}]
  hostnames: [shop.example.org]
  rules:
    - backendRefs: [{name: payments, namespace: payments, port: 8080}]
",
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut by_target: HashMap<&str, Vec<Crossing<'_>>> = HashMap::new();
    for (_, _, crossing) in crossings(cx) {
        by_target.entry(crossing.to_namespace).or_default().push(crossing);
    }
    for (object, grant) in cx.all::<ReferenceGrant>() {
        let known = |kind: &str| KNOWN.contains(&kind);
        let from = &grant.spec.from;
        let is_judged = !from.is_empty()
            && from.iter().all(|f| known(&f.kind) && cx.is_closed(&f.kind, Some(&f.namespace)));
        let used = by_target
            .get(namespace_of(object))
            .is_some_and(|crossings| crossings.iter().any(|crossing| crossing.is_granted_by(grant)));
        if is_judged && !used {
            let whence: Vec<String> = from.iter().map(|f| format!("{} of {}", f.kind, f.namespace)).collect();
            let message = format!(
                "{} is used by nothing: no {} refers to what it opens",
                title(object),
                list_of(&whence)
            );
            out.add(object, "spec", message).help("delete it, or correct the reference that was to use it");
        }
    }
}

/// The kinds whose references are followed.
const KNOWN: [&str; 5] = ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"];
