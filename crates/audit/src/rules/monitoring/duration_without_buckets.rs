//! OB010: an alert compares a latency that has no such series.
use std::collections::HashSet;

use netloom_objects::Severity;

use super::{
    promql::{compared_metric, text_of},
    support::rules,
};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "OB010",
    name: "duration-without-buckets",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "An alert that compares a metric with `latency` or `duration` and a unit of time in its name as it \
            is, without a suffix of histograms and summaries, while no rule of the set records it.",
    why: "Instrumented latencies are histograms or summaries; these have the series `_bucket`, `_sum` and \
            `_count` (or the label `quantile`) and none with the bare name, so the alert never fires \
            (Prometheus: \"Histograms and summaries\"). Metrics that are known to be plain numbers (`probe_…`, \
            `scrape_…`, `…_last_…`) are left alone.",
    wrong: "\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: shop, namespace: monitoring}
spec:
  groups:
    - name: shop
      rules:
        - alert: ManyErrors
          expr: http_request_duration_seconds > 1
          for: 10m
          labels: {severity: warning}
          annotations:
            summary: '{{ $labels.job }} fails'
            runbook_url: https://runbooks.acme.example/many-errors
",
    right: "\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: shop, namespace: monitoring}
spec:
  groups:
    - name: shop
      rules:
        - alert: ManyErrors
          expr: histogram_quantile(0.99, sum by (job, le) (rate(http_request_duration_seconds_bucket[5m]))) > 1
          for: 10m
          labels: {severity: warning}
          annotations:
            summary: '{{ $labels.job }} fails'
            runbook_url: https://runbooks.acme.example/many-errors
",
    closed: false,
    check,
};

/// Parts of names of metrics that are plain numbers.
const PLAIN: [&str; 12] = [
    "probe_",
    "scrape_",
    "last_",
    "_last",
    "node_",
    "kube_",
    "rule_group_",
    "_max",
    "_min",
    "avg",
    "p99",
    "p95",
];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let recorded: HashSet<&str> = rules(cx).filter_map(|rule| rule.rule.record.as_deref()).collect();
    for rule in rules(cx) {
        let (Some(alert), Some(text)) = (&rule.rule.alert, text_of(rule.rule)) else { continue };
        let Some((metric, selector)) = compared_metric(text) else { continue };
        let timed = ["_seconds", "_milliseconds", "_ms"].iter().any(|unit| metric.ends_with(unit));
        if !timed
            || !(metric.contains("latency") || metric.contains("duration"))
            || PLAIN.iter().any(|part| metric.contains(part))
            || selector.contains("quantile")
            || recorded.contains(metric)
        {
            continue;
        }
        let message = format!(
            "{}: alert {alert} compares `{metric}`, but latencies have the series `{metric}_bucket`, `_sum` and `_count` \
             and none of this name",
            title(rule.object)
        );
        out.add(rule.object, &format!("{}.expr", rule.path), message).help(format!(
            "write `histogram_quantile(0.99, sum by (le) (rate({metric}_bucket[5m])))`, with a metric that is exported"
        ));
    }
}
