//! GW023: a ReferenceGrant that can allow nothing.
use netloom_objects::{Severity, gateway_api::ReferenceGrant};

use super::support::GROUP;
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "GW023",
    name: "misdirected-grant",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A ReferenceGrant whose `from` is its own namespace, or whose `from` and `to` name kinds the wrong way \
           round: from Services, to routes.",
    why: "References inside a namespace need no grant, and no route is the target of one. The grant stands in the \
           namespace of what is referred to, and `from` says where the route or the Gateway is (Gateway API, \
           `ReferenceGrant`).",
    wrong: "\
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata:
  name: from-shop
  namespace: shop
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}]
  to: [{group: \"\", kind: Service, name: payments}]
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
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, grant) in cx.all::<ReferenceGrant>() {
        let own = namespace_of(object);
        for (i, from) in grant.spec.from.iter().enumerate() {
            if TARGETS.contains(&from.kind.as_str()) && from.group.is_empty() {
                let message =
                    format!("{} allows references from a {}, which makes none", title(object), from.kind);
                out.add(object, &format!("spec.from[{i}].kind"), message).help(
                    "`from` names the kind that refers, as HTTPRoute or Gateway; `to` what it refers to",
                );
            } else if from.namespace == own {
                let message = format!(
                    "{} allows references from {own}, the namespace that it stands in, which need no grant",
                    title(object)
                );
                out.add(object, &format!("spec.from[{i}].namespace"), message).help(
                    "put the grant into the namespace of what is referred to, and that of the route under `from`",
                );
            }
        }
        for (i, to) in grant.spec.to.iter().enumerate() {
            if to.group == GROUP && REFERRERS.contains(&to.kind.as_str()) {
                let message =
                    format!("{} allows references to a {}, which need no grant", title(object), to.kind);
                out.add(object, &format!("spec.to[{i}].kind"), message).help(
                    "`to` names what is referred to, as Service or Secret; `from` the kind that refers",
                );
            }
        }
    }
}

const TARGETS: [&str; 3] = ["Service", "Secret", "ConfigMap"];
const REFERRERS: [&str; 5] = ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"];
