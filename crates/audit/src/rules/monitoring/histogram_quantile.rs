//! OB011: a quantile of a histogram that has lost its buckets.
use std::ops::Range;

use netloom_objects::{Object, Severity};

use super::{
    labels::{Buckets, buckets},
    promql::text_of,
    query::{Aggregation, read},
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
    why: "The function reads the label `le` of each bucket: aggregated away, the result is empty. Behind an \
            operator the labels are those of its many side (`group_left`, `group_right`). Without \
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
        let Some(query) = read(text) else { continue };
        let path = format!("{}.expr", rule.path);
        for arguments in query.calls("histogram_quantile") {
            let Some(inside) = arguments.last() else { continue };
            let buckets = buckets(inside);
            if !buckets.found {
                continue;
            }
            if !buckets.lost.is_empty() || buckets.dropped.is_some() {
                let finding =
                    out.add(rule.object, &path, format!("{}: {}", title(rule.object), loss(text, &buckets)));
                finding.help(help(&buckets));
                if !buckets.tied && buckets.dropped.is_none() {
                    finding.fix(repair(rule.object, &path, text, &buckets.lost));
                }
            } else if buckets.raw {
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

/// What takes `le` away.
fn loss(text: &str, buckets: &Buckets<'_, '_>) -> String {
    let what = match buckets.lost.first() {
        Some(aggregation) => match &aggregation.grouping {
            Some(grouping) => {
                let word = if grouping.keeps { "by" } else { "without" };
                let list = text.get(grouping.at.clone()).unwrap_or_default();
                format!("`{word} {list}` takes the label `le` away")
            }
            None => format!("`{}` without `by` takes all labels away, `le` too", aggregation.operator),
        },
        None => {
            "the operator leaves only the labels by which it puts series together, and not `le`".to_owned()
        }
    };
    format!("{what}, which histogram_quantile reads")
}

fn help(buckets: &Buckets<'_, '_>) -> &'static str {
    let Some(aggregation) = buckets.lost.first() else { return "match by `le` too" };
    match &aggregation.grouping {
        Some(grouping) if grouping.keeps => "add `le` to the labels that are kept",
        Some(_) => "take `le` out of the labels that are dropped",
        None => "keep it: `sum by (le) (…)`",
    }
}

/// Keeps `le` in each of the aggregations; where one of them does more than forget it, there is no repair.
fn repair(object: &Object, path: &str, text: &str, lost: &[&Aggregation<'_>]) -> Option<Fix> {
    let mut title = None;
    let mut steps = Vec::new();
    for aggregation in lost {
        let (at, instead) = match &aggregation.grouping {
            Some(grouping) if grouping.keeps => {
                let kept = grouping.labels.join(", ");
                let list = if kept.is_empty() { "(le)".to_owned() } else { format!("({kept}, le)") };
                title.get_or_insert(format!("write `by {list}`"));
                (grouping.at.clone(), list)
            }
            None if aggregation.operator == "sum" => {
                title.get_or_insert("write `sum by (le)`".to_owned());
                (aggregation.at.clone(), "sum by (le) ".to_owned())
            }
            _ => return None,
        };
        steps.push((unique(text, at)?, instead));
    }
    let fix = steps.into_iter().fold(Fix::safe(title?), |fix, ((part, within), instead)| {
        let replaced = format!("{}{instead}{}", &part[..within.start], &part[within.end..]);
        fix.replace_within(object, path, part, &replaced)
    });
    fix.into()
}

/// The part of a text around a place that stands there only once and on one line, and where in it the place is.
fn unique(text: &str, at: Range<usize>) -> Option<(&str, Range<usize>)> {
    let stays = |c: &char| !matches!(c, '\n' | '\r' | '"' | '\'' | '\\');
    let (mut start, mut end) = (at.start, at.end);
    loop {
        let part = text.get(start..end)?;
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_cut = part.ends_with(is_word) && text[end..].starts_with(is_word);
        if !is_cut && text.matches(part).count() == 1 {
            return Some((part, at.start - start..at.end - start));
        }
        if let Some(next) = text[end..].chars().next().filter(stays) {
            end += next.len_utf8();
        } else {
            start -= text[..start].chars().next_back().filter(stays)?.len_utf8();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_by_what_is_around_it() {
        let text = "sum by (a) (x) / sum by (a) (y)";
        let (part, within) = unique(text, 24..27).unwrap();
        assert_eq!((part, &part[within]), ("(a) (y", "(a)"));
        assert_eq!(unique("(a)\n(a)", 0..3), None);
    }
}
