//! IS014: connections that are given up after a request or two.
use netloom_objects::{Severity, istio::DestinationRule};

use super::support::parts;
use crate::{Context, Findings, Fix, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS014",
    name: "keep-alive-defeated",
    group: Group::Performance,
    severity: Severity::Warning,
    finds: "`maxRequestsPerConnection` of 1 to 5.",
    why: "Each connection between two proxies costs a TCP and a mutual TLS handshake. A small bound makes one for every \
          few requests, and leaves ports in TIME_WAIT; 1 switches keep-alive off (Istio's reference of HTTPSettings). \
          Without the field connections are kept.",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec:
  host: cart
  trafficPolicy:
    connectionPool:
      http: {http2MaxRequests: 200, maxRequestsPerConnection: 1}
",
    right: "\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec:
  host: cart
  trafficPolicy:
    connectionPool:
      http: {http2MaxRequests: 200}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, rule) in cx.all::<DestinationRule>() {
        for part in parts(&rule.spec) {
            let http = part.connection_pool.and_then(|pool| pool.http.as_ref());
            let Some(most) =
                http.and_then(|http| http.max_requests_per_connection).filter(|n| (1..=5).contains(n))
            else {
                continue;
            };
            let message = match most {
                1 => format!(
                    "{} gives every connection up after one request: there is no keep-alive",
                    title(object)
                ),
                most => format!(
                    "{} gives every connection up after {most} requests, which defeats keep-alive",
                    title(object)
                ),
            };
            let path = format!("{}.connectionPool.http.maxRequestsPerConnection", part.path);
            let finding = out.add(object, &path, message);
            finding.fix(Fix::proposed("remove it: connections are then kept").remove(object, &path));
        }
    }
}
