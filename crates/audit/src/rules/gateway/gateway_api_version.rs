//! GW035: an old or experimental version of Gateway API.
use netloom_objects::Severity;

use super::support::{GROUP, title};
use crate::{Context, Findings, Fix, Group, Rule};

pub static RULE: Rule = Rule {
    code: "GW035",
    name: "gateway-api-version",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "An object of Gateway API in a version that is deprecated or no longer served; and kinds that only the \
           experimental channel has.",
    why: "Gateway API 1.0 stopped serving v1alpha2 of GatewayClass, Gateway and HTTPRoute, 1.1 moved GRPCRoute to \
           v1. v1beta1 of the same kinds is deprecated and goes with a later release; TCPRoute and UDPRoute are in \
           the experimental channel, which may break with every release.",
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
    for kind in KINDS {
        for object in cx.all_of(GROUP, kind) {
            let version = object.api_version.rsplit('/').next().unwrap_or_default();
            let (severity, message, help) = match (kind, version) {
                ("GatewayClass" | "Gateway" | "HTTPRoute", "v1alpha1" | "v1alpha2") => (
                    Severity::Error,
                    format!("Gateway API 1.0 and later serves no {kind} in {version}"),
                    format!("write `apiVersion: {GROUP}/v1`"),
                ),
                ("GatewayClass" | "Gateway" | "HTTPRoute", "v1beta1") => (
                    Severity::Info,
                    format!("{version} of {kind} is superseded since Gateway API 1.0"),
                    format!("write `apiVersion: {GROUP}/v1`; the fields are the same"),
                ),
                ("ReferenceGrant", "v1alpha2") => (
                    Severity::Error,
                    format!("Gateway API serves {kind} no longer in {version}"),
                    format!("write `apiVersion: {GROUP}/v1beta1`; the fields are the same"),
                ),
                ("GRPCRoute", "v1alpha2") => (
                    Severity::Warning,
                    format!("{version} of {kind} is superseded since Gateway API 1.1"),
                    format!("write `apiVersion: {GROUP}/v1`; the fields are the same"),
                ),
                ("BackendTLSPolicy", "v1alpha2" | "v1alpha3") => (
                    Severity::Warning,
                    format!("{version} of {kind} is superseded since Gateway API 1.4"),
                    format!("write `apiVersion: {GROUP}/v1`"),
                ),
                ("TCPRoute" | "UDPRoute", "v1alpha2") => (
                    Severity::Info,
                    format!("{kind} is in the experimental channel of Gateway API, without a promise of compatibility"),
                    "see that the experimental CRDs are installed, and read the notes of a release before you update"
                        .to_owned(),
                ),
                _ => continue,
            };
            let message = format!("{}: {message}", title(object));
            let same = help.ends_with("the fields are the same");
            let finding = out.add(object, "apiVersion", message);
            finding.severity(severity).help(help);
            if same {
                let version = if kind == "ReferenceGrant" { "v1beta1" } else { "v1" };
                let version = format!("{GROUP}/{version}");
                let fix = Fix::safe(format!("write `apiVersion: {version}`"));
                finding.fix(fix.set(object, "apiVersion", &version));
            }
        }
    }
}

const KINDS: [&str; 8] = [
    "GatewayClass",
    "Gateway",
    "HTTPRoute",
    "GRPCRoute",
    "TCPRoute",
    "UDPRoute",
    "ReferenceGrant",
    "BackendTLSPolicy",
];
