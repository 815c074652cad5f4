//! OB012: a query that Prometheus cannot read.
use netloom_objects::Severity;

use super::{
    promql::{fault, rangeless, text_of},
    support::rules,
};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "OB012",
    name: "query-syntax",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "An `expr` that is empty, whose brackets or quotes do not close, that has a variable of Grafana, or in which `rate`, `irate`, \
            `increase`, `delta`, `deriv` or `…_over_time` is given no range.",
    why: "Prometheus refuses the file of rules as a whole; the operator leaves the object out and says so in \
            its log only (Prometheus: \"Querying basics\", range vectors).",
    wrong: "\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: shop, namespace: monitoring}
spec:
  groups:
    - name: shop
      rules:
        - alert: ManyErrors
          expr: sum by (job) (rate(http_requests_total{code=~'5..'})) > 1
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

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for rule in rules(cx) {
        let name = rule.rule.alert.as_deref().or(rule.rule.record.as_deref()).unwrap_or("a rule");
        let path = format!("{}.expr", rule.path);
        let Some(text) = text_of(rule.rule) else { continue };
        let who = title(rule.object);
        if let Some(why) = fault(text) {
            out.add(rule.object, &path, format!("{who}: the query of {name} cannot be read: {why}"))
                .help("try it in Prometheus, or with `promtool check rules`");
        } else if let Some(function) = rangeless(text) {
            let message = format!("{who}: `{function}` in the query of {name} needs a range");
            out.add(rule.object, &path, message).help(format!("write `{function}(…[5m])`"));
        }
    }
}
