//! GW022: a reference into another namespace that is not granted there.
use netloom_objects::Severity;

use super::support::{Grants, crossings};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "GW022",
    name: "reference-not-granted",
    group: Group::Security,
    severity: Severity::Error,
    finds: "A route to a Service, or a listener with the Secret of a certificate, in another namespace in which no \
           ReferenceGrant allows it.",
    why: "The reference is refused (`RefNotPermitted`): requests are answered with 500, and the listener is not \
           programmed. The grant stands in the namespace of the target, because its owner decides (Gateway API, \
           `ReferenceGrant`).",
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
    - backendRefs: [{name: payments, namespace: payments, port: 8080}]
---
apiVersion: v1
kind: Service
metadata:
  name: payments
  namespace: payments
spec:
  selector: {app: payments}
  ports:
    - {port: 8080}
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
    - backendRefs: [{name: payments, namespace: payments, port: 8080}]
---
apiVersion: v1
kind: Service
metadata:
  name: payments
  namespace: payments
spec:
  selector: {app: payments}
  ports:
    - {port: 8080}
---
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata:
  name: from-shop
  namespace: payments
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}]
  to: [{group: \"\", kind: Service, name: payments}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let grants = Grants::of(cx);
    for (object, path, crossing) in crossings(cx) {
        if grants.allow(&crossing) {
            continue;
        }
        let namespace = crossing.to_namespace;
        let others = grants.in_namespace(namespace);
        let is_closed = cx.is_closed("ReferenceGrant", Some(namespace));
        // Where the set has the target, or grants beside it, it would most likely have this grant too.
        let is_near = !others.is_empty()
            || cx.find_any(crossing.to_group, crossing.to_kind, Some(namespace), crossing.to_name).is_some();
        if !is_closed && !is_near {
            continue;
        }
        let message = format!(
            "{} refers to {} {namespace}/{}, and no ReferenceGrant in {namespace} allows it",
            title(object),
            crossing.to_kind,
            crossing.to_name
        );
        let severity = if is_closed { Severity::Error } else { Severity::Warning };
        let finding = out.add(object, &format!("{path}.namespace"), message);
        finding.severity(severity).help(format!(
            "add a ReferenceGrant in {namespace}: from {} of {}, to {} {}",
            crossing.from_kind, crossing.from_namespace, crossing.to_kind, crossing.to_name
        ));
        if let Some((grant, _)) = others.first() {
            finding.related(grant, "spec", "a grant in that namespace, which does not cover it");
        }
    }
}
