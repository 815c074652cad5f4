//! OB014: two groups of rules of one name, or two rules that write one series.
use std::collections::{BTreeMap, HashMap};

use netloom_objects::{Severity, prometheus::PrometheusRule};

use super::promql::text_of;
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "OB014",
    name: "duplicate-rule-group",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "Two groups of a PrometheusRule with one name, and two rules of a group with the same `alert` or \
            `record` and the same labels.",
    why: "Prometheus refuses a file with a group name twice (\"groupname … is repeated in the same file\"), and \
            promtool rules that produce one series twice.",
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
          labels: {severity: warning}
          annotations:
            summary: '{{ $labels.job }} fails'
            runbook_url: https://runbooks.acme.example/many-errors
    - name: shop
      rules:
        - record: job:http_requests:rate5m
          expr: sum by (job) (rate(http_requests_total[5m]))
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
    - name: shop-recorded
      rules:
        - record: job:http_requests:rate5m
          expr: sum by (job) (rate(http_requests_total[5m]))
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, content) in cx.all::<PrometheusRule>() {
        let mut names: HashMap<&str, usize> = HashMap::new();
        for (at, group) in content.spec.groups.iter().enumerate() {
            if let Some(first) = names.get(group.name.as_str()) {
                let message = format!("{}: there are two groups `{}`", title(object), group.name);
                out.add(object, &format!("spec.groups[{at}].name"), message)
                    .help("rename one, or join them")
                    .related(object, &format!("spec.groups[{first}].name"), "the first one");
            } else {
                names.insert(&group.name, at);
            }
            type Key<'r> = (Option<&'r str>, Option<&'r str>, &'r BTreeMap<String, String>);
            let mut series: HashMap<Key<'_>, usize> = HashMap::new();
            for (nth, rule) in group.rules.iter().enumerate() {
                let key = (rule.alert.as_deref(), rule.record.as_deref(), &rule.labels);
                let Some(first) = series.get(&key) else {
                    series.insert(key, nth);
                    continue;
                };
                let same = text_of(&group.rules[*first]) == text_of(rule);
                // One name with several conditions is a common way to write a disjunction.
                if !same && rule.record.is_none() {
                    continue;
                }
                let (field, name) = match (&rule.alert, &rule.record) {
                    (Some(alert), _) => ("alert", alert),
                    (_, Some(record)) => ("record", record),
                    _ => continue,
                };
                let message = format!("{}: {name} is there twice, with the same labels", title(object));
                out.add(object, &format!("spec.groups[{at}].rules[{nth}].{field}"), message)
                    .severity(if same { Severity::Warning } else { Severity::Error })
                    .help("remove one, or tell them apart by a label")
                    .related(object, &format!("spec.groups[{at}].rules[{first}].{field}"), "the first one");
            }
        }
    }
}
