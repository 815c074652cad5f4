//! OB016: a template of an alert that cannot be filled in.
use netloom_objects::Severity;

use super::support::rules;
use crate::{
    Context, Findings, Group, Rule,
    words::{entry, title},
};

pub static RULE: Rule = Rule {
    code: "OB016",
    name: "alert-template",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A label or annotation of an alert whose `{{` and `}}` do not match, or that uses a variable which \
            templates of alerts do not have.",
    why: "Templates know `$labels`, `$value`, `$externalLabels` and `$externalURL`. With any other variable \
            Prometheus refuses the rules, or sends \"error expanding template\" in place of the text (Prometheus: \
            \"Template reference\").",
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
            summary: '{{ $label.job }} fails'
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
        if rule.rule.alert.is_none() {
            continue;
        }
        let labels = rule.rule.labels.iter().map(|(key, text)| ("labels", key, text));
        let annotations = rule.rule.annotations.iter().map(|(key, text)| ("annotations", key, text));
        for (field, key, text) in labels.chain(annotations) {
            let Some(why) = fault(text) else { continue };
            let path = entry(&format!("{}.{field}", rule.path), key);
            out.add(
                rule.object,
                &path,
                format!("{}: `{key}` cannot be filled in: {why}", title(rule.object)),
            )
            .help("templates know `$labels`, `$value`, `$externalLabels` and `$externalURL`");
        }
    }
}

fn fault(text: &str) -> Option<String> {
    let (opened, closed) = (text.matches("{{").count(), text.matches("}}").count());
    if opened != closed {
        return Some(format!("{opened} `{{{{` and {closed} `}}}}`"));
    }
    let mut known = vec!["labels", "value", "externalLabels", "externalURL"];
    let parts: Vec<&str> =
        text.split("{{").skip(1).filter_map(|part| part.split_once("}}")).map(|p| p.0).collect();
    // Variables that the template makes itself.
    for part in &parts {
        for (at, _) in part.match_indices('$') {
            let name = name_at(&part[at + 1..]);
            if part[at + 1 + name.len()..].trim_start().starts_with([':', ',']) {
                known.push(name);
            }
        }
        if part.contains(":=") {
            known.extend(part.match_indices('$').map(|(at, _)| name_at(&part[at + 1..])));
        }
    }
    for part in &parts {
        let code = part.split('"').step_by(2).collect::<Vec<_>>().join(" ");
        let code = code.split('`').step_by(2).collect::<Vec<_>>().join(" ");
        for (at, _) in code.match_indices('$') {
            let name = name_at(&code[at + 1..]);
            if !name.is_empty() && !known.contains(&name) {
                return Some(format!("there is no `${name}`"));
            }
        }
    }
    None
}

fn name_at(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}
