//! OB017: an alert fires on a single sample.
use netloom_objects::Severity;

use super::{promql::text_of, support::rules};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "OB017",
    name: "alert-at-once",
    group: Group::Reliability,
    severity: Severity::Info,
    finds: "An alert without `for` whose query looks at the present only: it has no range such as `[5m]`.",
    why: "One scrape that is late or wrong pages somebody. `for` makes it wait until the state lasts \
            (Prometheus: \"Alerting rules\").",
    wrong: "\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: shop, namespace: monitoring}
spec:
  groups:
    - name: shop
      rules:
        - alert: TargetDown
          expr: up == 0
          labels: {severity: critical}
          annotations: {summary: a target is down, runbook_url: 'https://runbooks.acme.example/target-down'}
",
    right: "\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: shop, namespace: monitoring}
spec:
  groups:
    - name: shop
      rules:
        - alert: TargetDown
          expr: up == 0
          for: 5m
          labels: {severity: critical}
          annotations: {summary: a target is down, runbook_url: 'https://runbooks.acme.example/target-down'}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for rule in rules(cx) {
        let (Some(alert), Some(text)) = (&rule.rule.alert, text_of(rule.rule)) else { continue };
        let waits = rule.rule.for_.is_some();
        // A range, a recorded rate and an expression that always holds look at more than one sample, or mean to fire.
        let steady =
            text.contains('[') || text.contains(':') || text.contains("vector(") || text.contains("absent(");
        if !waits && !steady {
            let message = format!("{}: alert {alert} fires on one sample", title(rule.object));
            out.add(rule.object, &format!("{}.alert", rule.path), message)
                .help("add `for: 5m`, or as long as nobody need be told");
        }
    }
}
