//! GW039: a TLSRoute without hostnames.
use netloom_objects::{Severity, gateway_api::TLSRoute};

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "GW039",
    name: "tls-route-without-hostnames",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A TLSRoute that names no hosts.",
    why: "v1 of TLSRoute refuses it: connections are told apart by the name that the client asks for (SNI). In the \
           alpha versions such a route takes every connection of the listener.",
    wrong: "\
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata:
  name: web
  namespace: shop
spec:
  parentRefs: [{name: edge, namespace: edge}]
  rules:
    - backendRefs: [{name: web, port: 443}]
",
    right: "\
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata:
  name: web
  namespace: shop
spec:
  parentRefs: [{name: edge, namespace: edge}]
  hostnames: [shop.example.org]
  rules:
    - backendRefs: [{name: web, port: 443}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, route) in cx.all::<TLSRoute>() {
        if !route.spec.hostnames.is_empty() || object.holds_fault("spec.hostnames") {
            continue;
        }
        let is_final = object.api_version.ends_with("/v1");
        let path = if object.is_written("spec.hostnames") { "spec.hostnames" } else { "spec" };
        let message = match is_final {
            true => format!("{} has no hostnames, which v1 asks for", title(object)),
            false => {
                format!("{} has no hostnames, and takes every connection to its listener", title(object))
            }
        };
        out.add(object, path, message)
            .severity(if is_final { Severity::Error } else { Severity::Info })
            .help("name the hosts that the backends have certificates for under `hostnames`");
    }
}
