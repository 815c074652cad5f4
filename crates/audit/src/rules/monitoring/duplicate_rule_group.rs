//! OB014: two groups of rules of one name, or two rules that write one series.
use std::collections::{BTreeMap, HashMap};

use netloom_objects::{Severity, prometheus::PrometheusRule};

use super::{labels::are_disjoint, promql::text_of, query::read};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "OB014",
    name: "duplicate-rule-group",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "Two groups of a PrometheusRule with one name; and (a warning) two rules of a group with the same `alert` \
            or `record`, the same labels, and queries that can have series of the same labels.",
    why: "Prometheus refuses a file with a group name twice (\"groupname … is repeated in the same file\"). Of two rules \
            that make one series the second writes over the first. Several recordings of one name are usual where \
            their queries ask for different values of a label that the result keeps (`code=~\"2..\"`, `code=~\"5..\"`).",
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
                let earlier = text_of(&group.rules[*first]);
                let same = earlier == text_of(rule);
                let parsed = earlier.and_then(read).zip(text_of(rule).and_then(read));
                let apart = parsed.is_none_or(|(one, other)| are_disjoint(&one, &other));
                // One alert with several conditions is a common way to write a disjunction.
                if !same && (rule.record.is_none() || apart) {
                    continue;
                }
                let (field, name) = match (&rule.alert, &rule.record) {
                    (Some(alert), _) => ("alert", alert),
                    (_, Some(record)) => ("record", record),
                    _ => continue,
                };
                let message = format!("{}: {name} is there twice, with the same labels", title(object));
                out.add(object, &format!("spec.groups[{at}].rules[{nth}].{field}"), message)
                    .severity(Severity::Warning)
                    .help("remove one, or tell them apart by a label")
                    .related(object, &format!("spec.groups[{at}].rules[{first}].{field}"), "the first one");
            }
        }
    }
}
