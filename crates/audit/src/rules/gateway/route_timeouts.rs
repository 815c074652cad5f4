//! GW010: timeouts of a route that contradict each other.
use netloom_objects::{Severity, gateway_api::HTTPRoute};

use super::support::milliseconds;
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "GW010",
    name: "route-timeouts",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A `backendRequest` timeout that is longer than the `request` timeout around it; and durations that \
           Gateway API does not read, such as `1.5s` or `30`.",
    why: "The API server refuses the route (the CRD's rules on `timeouts`; durations are those of GEP-2257: up to \
           four numbers of at most five digits with the units h, m, s and ms).",
    wrong: "\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: web
  namespace: shop
spec:
  parentRefs: [{name: edge, namespace: edge}]
  hostnames: [shop.example.org]
  rules:
    - timeouts: {request: 5s, backendRequest: 10s}
      backendRefs: [{name: web, port: 80}]
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
    - timeouts: {request: 15s, backendRequest: 10s}
      backendRefs: [{name: web, port: 80}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, route) in cx.all::<HTTPRoute>() {
        for (i, rule) in route.spec.rules.iter().enumerate() {
            let Some(timeouts) = &rule.timeouts else { continue };
            let path = format!("spec.rules[{i}].timeouts");
            let mut read = |field: &str, text: Option<&str>| {
                let text = text?;
                let value = milliseconds(text);
                if value.is_none() {
                    let message = format!("{}: `{text}` is no duration", title(object));
                    out.add(object, &format!("{path}.{field}"), message)
                        .help("write whole numbers with a unit, as in `10s`, `1m30s` or `500ms`");
                }
                value
            };
            let request = read("request", timeouts.request.as_deref());
            let attempt = read("backendRequest", timeouts.backend_request.as_deref());
            // `0s` stands for no limit.
            if let (Some(1..), (Some(request), Some(attempt))) = (request, (request, attempt))
                && attempt > request
            {
                let texts = (timeouts.request.as_deref(), timeouts.backend_request.as_deref());
                let message = format!(
                    "{}: one try at the backend may take {}, longer than the whole request, {}",
                    title(object),
                    texts.1.unwrap_or_default(),
                    texts.0.unwrap_or_default()
                );
                out.add(object, &format!("{path}.backendRequest"), message)
                    .help("`backendRequest` has to fit into `request`, several times if there are retries")
                    .related(object, &format!("{path}.request"), "the limit of the whole request");
            }
        }
    }
}
