//! OB016: a template of an alert that cannot be filled in.
use netloom_objects::Severity;

use super::support::rules;
use crate::{
    Context, Findings, Fix, Group, Rule,
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
            let Some((why, unknown)) = fault(text) else { continue };
            let path = entry(&format!("{}.{field}", rule.path), key);
            let message = format!("{}: `{key}` cannot be filled in: {why}", title(rule.object));
            let finding = out.add(rule.object, &path, message);
            finding.help("templates know `$labels`, `$value`, `$externalLabels` and `$externalURL`");
            if let Some((unknown, near)) = unknown.and_then(|name| Some((name, nearest_variable(name)?))) {
                let fix = Fix::safe(format!("write `${near}`"));
                let (from, to) = (format!("${unknown}"), format!("${near}"));
                finding.fix(fix.replace_within(rule.object, &path, &from, &to));
            }
        }
    }
}

/// A variable that one letter makes of another name.
fn nearest_variable(name: &str) -> Option<&'static str> {
    VARIABLES.into_iter().find(|known| netloom_objects::edit_distance(known, name) == 1)
}

const VARIABLES: [&str; 4] = ["labels", "value", "externalLabels", "externalURL"];

/// Why a template cannot be filled in, and the variable that it is about.
fn fault(text: &str) -> Option<(String, Option<&str>)> {
    let (opened, closed) = (text.matches("{{").count(), text.matches("}}").count());
    if opened != closed {
        return Some((format!("{opened} `{{{{` and {closed} `}}}}`"), None));
    }
    let mut known = VARIABLES.to_vec();
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
                let written = text.match_indices(name).map(|(at, found)| &text[at..at + found.len()]).next();
                return Some((format!("there is no `${name}`"), written));
            }
        }
    }
    None
}

fn name_at(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}
