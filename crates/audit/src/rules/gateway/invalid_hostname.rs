//! GW003: a hostname that Gateway API refuses.
use netloom_objects::{Object, Severity, gateway_api::Gateway};
use std::net::IpAddr;

use super::support::routes;
use crate::{Context, Findings, Fix, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "GW003",
    name: "invalid-hostname",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A hostname of a listener or a route that is an IP address, has a port or a scheme, has a `*` elsewhere \
           than as its first label, or upper-case letters; and any hostname on a TCP or UDP listener.",
    why: "The API server refuses the object: a `Hostname` is a DNS name of lower-case letters (RFC 1123) that may \
           begin with `*.`, and TCP and UDP carry no name to compare it with.",
    wrong: "\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: web
  namespace: shop
spec:
  parentRefs: [{name: edge, namespace: edge}]
  hostnames: [\"shop.example.org:443\"]
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
    for (object, gateway) in cx.all::<Gateway>() {
        for (i, listener) in gateway.spec.listeners.iter().enumerate() {
            let Some(hostname) = listener.hostname.as_deref().filter(|h| !h.is_empty()) else { continue };
            let path = format!("spec.listeners[{i}].hostname");
            let protocol = listener.protocol.to_ascii_uppercase();
            if matches!(protocol.as_str(), "TCP" | "UDP") {
                let message = format!(
                    "{}: listener `{}` has a hostname, which protocol {protocol} does not allow",
                    title(object),
                    listener.name
                );
                out.add(object, &path, message)
                    .help("there is no name in the traffic")
                    .fix(Fix::safe("leave `hostname` out").remove(object, &path));
            } else if let Some(fault) = fault(hostname) {
                let message = format!("{}: hostname `{hostname}` {fault}", title(object));
                out.add(object, &path, message).help(HELP).fix(bare(object, &path, hostname));
            }
        }
    }
    for route in routes(cx) {
        for (i, hostname) in route.hostnames.unwrap_or_default().iter().enumerate() {
            if let Some(fault) = fault(hostname) {
                let message = format!("{}: hostname `{hostname}` {fault}", route.title());
                let path = format!("spec.hostnames[{i}]");
                out.add(route.object, &path, message).help(HELP).fix(bare(route.object, &path, hostname));
            }
        }
    }
}

const HELP: &str = "write the bare name, as in `shop.example.org` or `*.example.org`";

/// The bare name in what was copied from a URL.
fn bare(object: &Object, path: &str, hostname: &str) -> Option<Fix> {
    let name = hostname.split_once("://").map_or(hostname, |(_, rest)| rest);
    let name = name.strip_suffix('/').unwrap_or(name);
    let is_port = |port: &str| port.parse::<u16>().is_ok();
    let name = name.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(name, |(name, _)| name);
    let name = name.to_ascii_lowercase();
    (fault(&name).is_none())
        .then(|| Fix::safe(format!("write `{name}`")).set_text(object, path, &name))
        .and_then(Option::from)
}

fn fault(hostname: &str) -> Option<&'static str> {
    let name = hostname.strip_prefix("*.").unwrap_or(hostname);
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if hostname.parse::<IpAddr>().is_ok() {
        Some("is an IP address, not a name")
    } else if hostname.contains("://") {
        Some("has a scheme")
    } else if name.contains('*') {
        Some("has a `*` that is not its whole first label")
    } else if name.contains(':') {
        Some("has a port")
    } else if name.bytes().any(|b| b.is_ascii_uppercase()) {
        Some("has upper-case letters")
    } else if !name.split('.').all(is_label) {
        Some("is no DNS name")
    } else {
        None
    }
}
