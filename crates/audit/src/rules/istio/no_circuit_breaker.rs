//! IS060: a host of the mesh without any circuit breaker.
use std::collections::HashSet;

use netloom_objects::{
    Severity,
    istio::{DestinationRule, VirtualService},
};

use super::support::{Registry, covers, full_host, parts};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS060",
    name: "no-circuit-breaker",
    group: Group::Reliability,
    severity: Severity::Info,
    finds: "A Service that a VirtualService routes to over HTTP, for which no DestinationRule bounds connections or leaves \
            failing pods out.",
    why: "A pod that hangs keeps getting its share of the requests, and each of them holds a thread and a connection of \
          its caller until the timeout: a failure travels up the calls. `outlierDetection` leaves such a pod out, and \
          `connectionPool` bounds how many requests wait.",
    wrong: "\
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  selector: {app: cart}
  ports: [{name: http, port: 80}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec:
  hosts: [cart]
  http:
    - timeout: 3s
      route:
        - destination: {host: cart}
",
    right: "\
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  selector: {app: cart}
  ports: [{name: http, port: 80}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec:
  host: cart
  trafficPolicy:
    connectionPool: {http: {http1MaxPendingRequests: 100}}
    outlierDetection: {consecutive5xxErrors: 5, interval: 10s, baseEjectionTime: 30s}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec:
  hosts: [cart]
  http:
    - timeout: 3s
      route:
        - destination: {host: cart}
",
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let registry = Registry::new(cx);
    let guarded: Vec<String> = cx
        .all::<DestinationRule>()
        .filter(|(_, rule)| {
            parts(&rule.spec).iter().any(|p| p.outlier_detection.is_some() || p.connection_pool.is_some())
        })
        .map(|(object, rule)| full_host(cx, &rule.spec.host, namespace_of(object)))
        .collect();
    // Of two hosts that share traffic, the one without is found by another rule.
    let is_guarded = |host: &str| guarded.iter().any(|pattern| pattern == host || covers(pattern, host));
    let mut told = HashSet::new();
    for (object, service) in cx.all::<VirtualService>() {
        for (r, route) in service.spec.http.iter().enumerate() {
            let hosts: Vec<String> = route
                .route
                .iter()
                .map(|part| full_host(cx, &part.destination.host, namespace_of(object)))
                .collect();
            if hosts.iter().any(|host| is_guarded(host)) {
                continue;
            }
            for (d, host) in hosts.into_iter().enumerate() {
                let Some((target, _)) = registry.service(&host) else { continue };
                if !cx.is_closed("DestinationRule", target.reference.namespace.as_deref())
                    || !told.insert(host.clone())
                {
                    continue;
                }
                let message = format!("{} sends to {host}, which no circuit breaker guards", title(object));
                out.add(object, &format!("spec.http[{r}].route[{d}].destination.host"), message).help(
                    format!(
                        "add a DestinationRule for {host} with `outlierDetection` and a `connectionPool`"
                    ),
                );
            }
        }
    }
}
