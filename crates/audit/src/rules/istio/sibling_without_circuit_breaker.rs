//! IS013: of two hosts that share traffic, only one has a circuit breaker.
use std::collections::{HashMap, HashSet};

use netloom_objects::{
    Object, Severity,
    istio::{DestinationRule, VirtualService},
};

use super::support::{covers, full_host, parts};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS013",
    name: "sibling-without-circuit-breaker",
    group: Group::Reliability,
    severity: Severity::Info,
    finds: "A DestinationRule that bounds connections or leaves failing pods out, for a host that shares the traffic of a \
            route with another host for which there is no such rule.",
    why: "A DestinationRule holds for its host only. The share of the requests that goes to the other host (often the \
          canary, which is the likelier one to fail) has no bounds on connections and keeps being sent to failing pods.",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec:
  host: cart
  trafficPolicy:
    outlierDetection: {consecutive5xxErrors: 5, interval: 10s, baseEjectionTime: 30s}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec:
  hosts: [cart]
  http:
    - route:
        - destination: {host: cart}
          weight: 90
        - destination: {host: cart-next}
          weight: 10
",
    right: "\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec:
  host: cart
  trafficPolicy:
    outlierDetection: {consecutive5xxErrors: 5, interval: 10s, baseEjectionTime: 30s}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart-next, namespace: shop}
spec:
  host: cart-next
  trafficPolicy:
    outlierDetection: {consecutive5xxErrors: 5, interval: 10s, baseEjectionTime: 30s}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec:
  hosts: [cart]
  http:
    - route:
        - destination: {host: cart}
          weight: 90
        - destination: {host: cart-next}
          weight: 10
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut breakers: HashMap<String, &Object> = HashMap::new();
    let mut patterns = Vec::new();
    for (object, rule) in cx.all::<DestinationRule>() {
        let guards =
            parts(&rule.spec).iter().any(|p| p.outlier_detection.is_some() || p.connection_pool.is_some());
        if !guards {
            continue;
        }
        let host = full_host(cx, &rule.spec.host, namespace_of(object));
        if host.starts_with('*') {
            patterns.push(host);
        } else {
            breakers.insert(host, object);
        }
    }
    let has =
        |host: &str| breakers.contains_key(host) || patterns.iter().any(|pattern| covers(pattern, host));
    let mut told = HashSet::new();
    for (object, service) in cx.all::<VirtualService>() {
        for (r, route) in service.spec.http.iter().enumerate() {
            let host = |d: usize| full_host(cx, &route.route[d].destination.host, namespace_of(object));
            let hosts: Vec<String> = (0..route.route.len()).map(host).collect();
            let Some((guarded, rule)) = hosts.iter().find_map(|h| Some((h, *breakers.get(h)?))) else {
                continue;
            };
            for (d, bare) in hosts.iter().enumerate().filter(|(_, host)| !has(host)) {
                if !told.insert((guarded.clone(), bare.clone())) {
                    continue;
                }
                let message = format!(
                    "{} guards {guarded}, but {bare}, which shares its traffic, has no circuit breaker",
                    title(rule)
                );
                let finding = out.add(rule, "spec.host", message);
                finding.related(
                    object,
                    &format!("spec.http[{r}].route[{d}].destination.host"),
                    "a share of the requests goes here",
                );
                finding.help(format!("add a DestinationRule for {bare} with the same `trafficPolicy`"));
            }
        }
    }
}
