//! OB009: an alert does not say what is wrong or what to do.
use netloom_objects::Severity;

use super::support::rules;
use crate::{
    Context, Findings, Group, Rule,
    words::{list_of, title},
};

pub static RULE: Rule = Rule {
    code: "OB009",
    name: "alert-without-runbook",
    group: Group::Reliability,
    severity: Severity::Info,
    finds: "An alert without an annotation `summary`, `description` or `message`, or without `runbook_url`.",
    why: "Who is woken reads the annotations first (Prometheus: \"Alerting rules\"; the rules of kube-prometheus \
            and its runbooks).",
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
        let Some(alert) = &rule.rule.alert else { continue };
        let has = |names: &[&str]| names.iter().any(|name| rule.rule.annotations.contains_key(*name));
        let mut missing = Vec::new();
        if !has(&["summary", "description", "message"]) {
            missing.push("`summary`");
        }
        if !has(&["runbook_url", "runbook", "playbook", "playbook_url"]) {
            missing.push("`runbook_url`");
        }
        if missing.is_empty() || alert == "Watchdog" || alert == "InfoInhibitor" {
            continue;
        }
        let field = if rule.object.is_written(&format!("{}.annotations", rule.path)) {
            "annotations"
        } else {
            "alert"
        };
        let message = format!("{}: alert {alert} has no {}", title(rule.object), list_of(&missing));
        out.add(rule.object, &format!("{}.{field}", rule.path), message)
            .help("say in `annotations` what is wrong, and where it is written what to do");
    }
}
