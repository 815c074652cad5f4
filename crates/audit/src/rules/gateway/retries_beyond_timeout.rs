//! GW011: retries that do not fit into the time of the request.
use netloom_objects::{Severity, gateway_api::HTTPRoute};

use super::support::milliseconds;
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "GW011",
    name: "retries-beyond-timeout",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "A rule whose retries, each as long as `backendRequest` allows, take longer than the `request` timeout.",
    why: "The last tries are cut off, or never begin: the clients see a timeout where the retries were meant to \
           help (GEP-1731: `attempts` are retries beside the first try; the request timeout holds for all of them).",
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
    - timeouts: {request: 10s, backendRequest: 4s}
      retry: {attempts: 3, codes: [503]}
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
    - timeouts: {request: 16s, backendRequest: 4s}
      retry: {attempts: 3, codes: [503]}
      backendRefs: [{name: web, port: 80}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, route) in cx.all::<HTTPRoute>() {
        for (i, rule) in route.spec.rules.iter().enumerate() {
            let (Some(timeouts), Some(retry)) = (&rule.timeouts, &rule.retry) else { continue };
            let read = |text: &Option<String>| text.as_deref().and_then(milliseconds).filter(|ms| *ms > 0);
            let (Some(request), Some(attempt)) = (read(&timeouts.request), read(&timeouts.backend_request))
            else {
                continue;
            };
            let Some(retries) = retry.attempts.and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0) else {
                continue;
            };
            let pauses = read(&retry.backoff).unwrap_or(0).saturating_mul(retries);
            let needed = attempt.saturating_mul(retries + 1).saturating_add(pauses);
            if needed <= request || attempt > request {
                continue;
            }
            let fit = request.saturating_sub(pauses) / attempt;
            let message = format!(
                "{}: the first try and {retries} retries of {} can take {}, but the request ends after {}, in the {} try",
                title(object),
                timeouts.backend_request.as_deref().unwrap_or_default(),
                seconds(needed),
                seconds(request),
                ordinal(fit + 1)
            );
            let path = format!("spec.rules[{i}]");
            out.add(object, &format!("{path}.timeouts.request"), message)
                .help(format!("give the request {}, or make the tries shorter or fewer", seconds(needed)))
                .related(object, &format!("{path}.retry.attempts"), "the retries");
        }
    }
}

fn seconds(ms: u64) -> String {
    if ms.is_multiple_of(1000) { format!("{}s", ms / 1000) } else { format!("{ms}ms") }
}

fn ordinal(n: u64) -> String {
    match n {
        1 => "first".to_owned(),
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        n => format!("{n}th"),
    }
}
