//! OB018: everything is measured, and nobody is told.
use netloom_objects::Severity;

use super::support::{monitors, pod_monitors, rules};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "OB018",
    name: "monitored-without-alerts",
    group: Group::Reliability,
    severity: Severity::Info,
    finds: "A set with ServiceMonitors or PodMonitors in which no PrometheusRule has an alert. It speaks where \
            the set has all PrometheusRules.",
    why: "Metrics without alerts are found when users call.",
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
          expr: sum by (job) (rate(http_requests_total{code=~'5..'}[5m])) > 1
          for: 10m
          labels: {severity: warning}
          annotations:
            summary: '{{ $labels.job }} fails'
            runbook_url: https://runbooks.acme.example/many-errors
",
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let service = monitors(cx).map(|monitor| monitor.object).next();
    let Some(first) = service.or_else(|| pod_monitors(cx).map(|monitor| monitor.object).next()) else {
        return;
    };
    let namespace = first.reference.namespace.as_deref();
    if !cx.is_closed("PrometheusRule", namespace) || rules(cx).any(|rule| rule.rule.alert.is_some()) {
        return;
    }
    out.add(
        first,
        "metadata.name",
        format!("{} has metrics scraped, and no alert looks at any", title(first)),
    )
    .help("add a PrometheusRule: errors, latency, and targets that are down");
}
