//! OB008: an alert does not say how bad it is.
use netloom_objects::Severity;

use super::support::rules;
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "OB008",
    name: "alert-without-severity",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "An alert without a label `severity`, on itself or on its group.",
    why: "Alertmanager routes by labels. Without one the alert ends at the route for everything else, or \
            nowhere.",
    wrong: "\
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
          expr: sum by (job) (rate(http_requests_total{code=~'5..'}[5m])) > 1
          for: 10m
          labels: {severity: warning}
          annotations:
            summary: '{{ $labels.job }} fails'
            runbook_url: https://runbooks.acme.example/many-errors
",
    closed: false,
    check,
};

/// Labels by which alerts are told apart in common setups.
const LABELS: [&str; 4] = ["severity", "priority", "level", "page"];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for rule in rules(cx) {
        let Some(alert) = &rule.rule.alert else { continue };
        let says =
            LABELS.iter().any(|l| rule.rule.labels.contains_key(*l) || rule.group.labels.contains_key(*l));
        if !says && alert != "Watchdog" {
            let message = format!("{}: alert {alert} has no label `severity`", title(rule.object));
            out.add(rule.object, &format!("{}.alert", rule.path), message)
                .help("add `labels: {severity: warning}`, or what your routes look for");
        }
    }
}
