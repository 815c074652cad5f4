//! GW035: an old or experimental version of Gateway API.
use netloom_objects::Severity;

use crate::{
    Context, Findings, Fix, Group, Rule,
    versions::{Fate, report},
};

pub static RULE: Rule = Rule {
    code: "GW035",
    name: "gateway-api-version",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "An object of Gateway API in a version that the targeted release (`--gateway-api-version`) does not serve: not \
           yet, or no longer (errors), or that it has superseded (info).",
    why: "The CRDs decide which versions there are. Gateway API 1.0 stopped serving v1alpha2 of GatewayClass, Gateway and \
           HTTPRoute, 1.2 that of GRPCRoute and ReferenceGrant; TLSRoute is there in v1 from 1.5 on, TCPRoute and UDPRoute \
           from 1.6 on, and what came before only in the experimental CRDs. The table is in docs/versions.md.",
    wrong: "\
apiVersion: gateway.networking.k8s.io/v1alpha2
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
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    report(cx, out, &|change, _| change.by == Some(RULE.code), &|finding, object, path, fate| {
        finding.severity(match fate {
            Fate::Removed | Fate::New => Severity::Error,
            Fate::Deprecated => Severity::Info,
        });
        // Between these versions nothing but the name changed.
        let graduated = ["GatewayClass", "Gateway", "HTTPRoute"].contains(&&*object.kind);
        if path == "apiVersion" && graduated && &*object.api_version == "gateway.networking.k8s.io/v1beta1" {
            const V1: &str = "gateway.networking.k8s.io/v1";
            finding.fix(Fix::safe(format!("write `apiVersion: {V1}`")).set(object, path, V1));
        }
    });
}
