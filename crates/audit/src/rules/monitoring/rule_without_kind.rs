//! OB015: a rule that neither alerts nor records, or does both.
use netloom_objects::Severity;

use super::support::{rules, seconds};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "OB015",
    name: "rule-without-kind",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A rule with both `alert` and `record` or with neither; a `record` that has `for` or \
            `annotations`, or whose name Prometheus takes since version 3 alone (a warning); and durations of a rule \
            that Prometheus cannot read.",
    why: "Prometheus refuses the file of rules (Prometheus: \"Defining recording rules\"; `rulefmt`).",
    wrong: "\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: shop, namespace: monitoring}
spec:
  groups:
    - name: shop
      rules:
        - record: job:http_requests:rate5m
          alert: TooManyRequests
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
        - record: job:http_requests:rate5m
          expr: sum by (job) (rate(http_requests_total[5m]))
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for place in rules(cx) {
        let (rule, who) = (place.rule, title(place.object));
        if place.object.holds_fault(&place.path) {
            continue;
        }
        let mut add = |field: &str, message: String, help: &str| {
            let path = if field.is_empty() { place.path.clone() } else { format!("{}.{field}", place.path) };
            let severity =
                if field == "record" && rule.alert.is_none() { Severity::Warning } else { RULE.severity };
            out.add(place.object, &path, format!("{who}: {message}")).severity(severity).help(help);
        };
        match (&rule.alert, &rule.record) {
            (Some(_), Some(_)) => {
                add("record", "a rule cannot both alert and record".to_owned(), "make two rules of it");
            }
            (None, None) => {
                add("", "this rule has neither `alert` nor `record`".to_owned(), "say what it does")
            }
            (None, Some(record)) if !is_metric(record) => add(
                "record",
                format!(
                    "`{record}` is a name for Prometheus 3 alone, which queries have to quote: `{{\"{record}\"}}`"
                ),
                "take letters, digits, `_` and `:` only, as in `job:http_requests:rate5m`",
            ),
            (None, Some(record)) => {
                let written = |field: &str| place.object.is_written(&format!("{}.{field}", place.path));
                for field in ["for", "annotations"].into_iter().filter(|field| written(field)) {
                    add(field, format!("{record} is recorded, which knows no `{field}`"), "drop it");
                }
            }
            (Some(_), None) => {}
        }
        for (field, text) in [("for", &rule.for_), ("keep_firing_for", &rule.keep_firing_for)] {
            if let Some(text) = text.as_deref().filter(|text| seconds(text).is_none()) {
                add(field, format!("`{text}` is no duration of Prometheus"), "write `10m`, `1h30m`, `1d`");
            }
        }
    }
}

fn is_metric(name: &str) -> bool {
    let mut bytes = name.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_' || b == b':');
    first && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':')
}
