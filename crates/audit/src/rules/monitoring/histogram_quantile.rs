//! OB011: a quantile of a histogram that has lost its buckets.
use netloom_objects::Severity;

use super::{
    promql::{aggregations, calls, text_of},
    support::rules,
};
use crate::{Context, Findings, Fix, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "OB011",
    name: "histogram-quantile",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "`histogram_quantile` over a `_bucket` metric that is aggregated without `le`, or taken without \
            `rate`.",
    why: "The function reads the label `le` of each bucket: aggregated away, the result is empty. Without \
            `rate` it is the quantile of everything since the start of the process (Prometheus: \"Query \
            functions\", `histogram_quantile()`).",
    wrong: "\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: shop, namespace: monitoring}
spec:
  groups:
    - name: shop
      rules:
        - alert: ManyErrors
          expr: histogram_quantile(0.99, sum by (job) (rate(http_request_duration_seconds_bucket[5m]))) > 1
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

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for rule in rules(cx) {
        let Some(text) = text_of(rule.rule) else { continue };
        for inside in calls(text, "histogram_quantile") {
            if !inside.contains("_bucket") {
                continue;
            }
            let lost = aggregations(inside).into_iter().find(|(keeps, labels)| {
                let names = labels.split(',').map(str::trim).any(|label| label == "le");
                names != *keeps
            });
            let path = format!("{}.expr", rule.path);
            if let Some((keeps, labels)) = lost {
                let word = if keeps { "by" } else { "without" };
                let message = format!(
                    "{}: `{word} ({})` takes the label `le` away, which histogram_quantile reads",
                    title(rule.object),
                    labels.trim()
                );
                let help = match keeps {
                    true => "add `le` to the labels that are kept",
                    false => "take `le` out of the labels that are dropped",
                };
                let finding = out.add(rule.object, &path, message);
                finding.help(help);
                if keeps {
                    let kept = labels.trim();
                    let more = if kept.is_empty() { "(le)".to_owned() } else { format!("({kept}, le)") };
                    let fix = Fix::safe(format!("write `by {more}`"));
                    finding.fix(fix.replace_within(rule.object, &path, &format!("({labels})"), &more));
                }
                continue;
            }
            let over_time = ["rate(", "increase(", "delta(", "_over_time(", ":"];
            if !over_time.iter().any(|word| inside.contains(word)) {
                let message = format!(
                    "{}: the buckets are taken as they are, so this is the quantile of all time, not of now",
                    title(rule.object)
                );
                out.add(rule.object, &path, message)
                    .severity(Severity::Warning)
                    .help("take `rate(…_bucket[5m])`");
            }
        }
    }
}
