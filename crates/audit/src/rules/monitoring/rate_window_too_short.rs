//! OB013: a rate over less than two scrapes.
use netloom_objects::Severity;

use super::{
    promql::{calls, ranges, text_of},
    support::{monitors, pod_monitors, rules, seconds},
};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "OB013",
    name: "rate-window-too-short",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A range of `rate` or `increase` that is shorter than twice the shortest `interval` of the monitors \
            of the set, where all of them say theirs.",
    why: "A rate needs two samples in its range; with fewer it is empty, and the alert never fires. Four \
            intervals bear a scrape that fails (Prometheus: \"Query functions\", `rate()`).",
    wrong: "\
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: api, namespace: shop}
spec:
  selector:
    matchLabels: {app: api}
  endpoints:
    - port: metrics
      interval: 30s
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: shop, namespace: monitoring}
spec:
  groups:
    - name: shop
      rules:
        - alert: ManyErrors
          expr: sum by (job) (rate(http_requests_total{code=~'5..'}[45s])) > 1
          for: 10m
          labels: {severity: warning}
          annotations:
            summary: '{{ $labels.job }} fails'
            runbook_url: https://runbooks.acme.example/many-errors
",
    right: "\
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: api, namespace: shop}
spec:
  selector:
    matchLabels: {app: api}
  endpoints:
    - port: metrics
      interval: 30s
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: shop, namespace: monitoring}
spec:
  groups:
    - name: shop
      rules:
        - alert: ManyErrors
          expr: sum by (job) (rate(http_requests_total{code=~'5..'}[2m])) > 1
          for: 10m
          labels: {severity: warning}
          annotations:
            summary: '{{ $labels.job }} fails'
            runbook_url: https://runbooks.acme.example/many-errors
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let services =
        monitors(cx).flat_map(|monitor| monitor.spec.endpoints.iter().map(|e| e.interval.as_deref()));
    let pods = pod_monitors(cx)
        .flat_map(|monitor| monitor.spec.pod_metrics_endpoints.iter().map(|e| e.interval.as_deref()));
    let intervals: Option<Vec<f64>> = services.chain(pods).map(|text| seconds(text?)).collect();
    let Some(shortest) = intervals.and_then(|all| all.into_iter().reduce(f64::min)) else { return };
    for rule in rules(cx) {
        let Some(text) = text_of(rule.rule) else { continue };
        let inside = ["rate", "increase"].into_iter().flat_map(|name| calls(text, name));
        let short = inside.flat_map(ranges).find(|range| seconds(range).is_some_and(|s| s < 2.0 * shortest));
        if let Some(range) = short {
            let message = format!(
                "{}: [{range}] holds no two samples, because nothing is scraped more often than every {shortest} s",
                title(rule.object)
            );
            out.add(rule.object, &format!("{}.expr", rule.path), message)
                .help(format!("take four intervals: [{}s]", 4.0 * shortest));
        }
    }
}
