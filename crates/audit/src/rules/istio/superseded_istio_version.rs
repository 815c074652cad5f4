//! IS001: an API version of Istio that v1 has superseded.
use netloom_objects::Severity;

use crate::{Context, Findings, Fix, Group, Rule, Version, words::title};

pub static RULE: Rule = Rule {
    code: "IS001",
    name: "superseded-istio-version",
    group: Group::Style,
    severity: Severity::Info,
    finds: "An Istio object of a kind that has `v1`, written as `v1alpha3` or `v1beta1`.",
    why: "Since Istio 1.22 the networking and security kinds are stable as `v1`; the older versions are served with the \
          same schema for as long as someone still needs them. Tools that read manifests drop them first.",
    wrong: "\
apiVersion: networking.istio.io/v1beta1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec:
  host: cart
  trafficPolicy:
    connectionPool: {tcp: {maxConnections: 100}}
",
    right: "\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec:
  host: cart
  trafficPolicy:
    connectionPool: {tcp: {maxConnections: 100}}
",
    closed: false,
    check,
};

/// The first version of Istio that serves v1.
const SINCE: Version = Version::new(1, 22);

const STABLE: [(&str, &[&str]); 2] = [
    (
        "networking.istio.io",
        &[
            "DestinationRule",
            "Gateway",
            "ServiceEntry",
            "Sidecar",
            "VirtualService",
            "WorkloadEntry",
            "WorkloadGroup",
        ],
    ),
    ("security.istio.io", &["AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"]),
];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    if cx.istio_version() < SINCE {
        return;
    }
    for (group, kinds) in STABLE {
        for object in kinds.iter().flat_map(|kind| cx.all_of(group, kind)) {
            if *object.api_version == format!("{group}/v1") {
                continue;
            }
            let message = format!(
                "{} is written as `{}`, which `v1` has superseded since Istio {SINCE}",
                title(object),
                object.api_version
            );
            out.add(object, "apiVersion", message).help("the fields are the same").fix(
                Fix::safe(format!("write `apiVersion: {group}/v1`")).set(
                    object,
                    "apiVersion",
                    &format!("{group}/v1"),
                ),
            );
        }
    }
}
