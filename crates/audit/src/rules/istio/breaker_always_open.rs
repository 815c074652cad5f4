//! IS062: a circuit breaker that lets next to nothing through.
use netloom_objects::{Severity, istio::DestinationRule};

use super::support::parts;
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS062",
    name: "breaker-always-open",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "A `connectionPool` with room for a single connection, request or pending request.",
    why: "Each proxy answers 503 with the flag `UO` as soon as a second request waits: two requests at a time are enough. The \
          number is from Istio's own demonstration of how a circuit breaker trips, and not one for traffic.",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec:
  host: cart
  trafficPolicy:
    connectionPool:
      http: {http1MaxPendingRequests: 1}
",
    right: "\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec:
  host: cart
  trafficPolicy:
    connectionPool:
      http: {http1MaxPendingRequests: 100}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, rule) in cx.all::<DestinationRule>() {
        for part in parts(&rule.spec) {
            let Some(pool) = part.connection_pool else { continue };
            let http = pool.http.as_ref();
            let bounds = [
                ("tcp.maxConnections", pool.tcp.as_ref().and_then(|tcp| tcp.max_connections), "connection"),
                (
                    "http.http1MaxPendingRequests",
                    http.and_then(|http| http.http1_max_pending_requests),
                    "waiting request",
                ),
                ("http.http2MaxRequests", http.and_then(|http| http.http2_max_requests), "request"),
            ];
            for (field, bound, what) in bounds {
                if bound != Some(1) {
                    continue;
                }
                let message = format!("{} has room for one {what}: the second one is refused", title(object));
                out.add(object, &format!("{}.connectionPool.{field}", part.path), message)
                    .help("write what the pods can take, with room for a peak; measure it under load");
            }
        }
    }
}
