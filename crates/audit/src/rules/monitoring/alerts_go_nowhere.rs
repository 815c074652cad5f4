//! OB020: alerts that Prometheus keeps to itself.
use netloom_objects::Severity;

use super::support::rules;
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "OB020",
    name: "alerts-go-nowhere",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "A Prometheus without `alerting`, in a set whose PrometheusRules have alerts. Silent where its own configuration \
            is given in a Secret.",
    why: "It evaluates the alerts, shows them on its own page and tells nobody. Only an Alertmanager routes, groups and \
          sends them.",
    wrong: "\
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: main, namespace: monitoring}
spec:
  ruleSelector: {}
  serviceAccountName: prometheus
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: shop, namespace: monitoring}
spec:
  groups:
    - name: shop
      rules:
        - alert: TargetDown
          expr: up == 0
          for: 10m
          labels: {severity: critical}
          annotations: {summary: down, runbook_url: \"https://runbooks.acme.example/down\"}
",
    right: "\
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: main, namespace: monitoring}
spec:
  ruleSelector: {}
  serviceAccountName: prometheus
  alerting:
    alertmanagers:
      - {name: alertmanager-operated, namespace: monitoring, port: web}
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: shop, namespace: monitoring}
spec:
  groups:
    - name: shop
      rules:
        - alert: TargetDown
          expr: up == 0
          for: 10m
          labels: {severity: critical}
          annotations: {summary: down, runbook_url: \"https://runbooks.acme.example/down\"}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let Some(alert) = rules(cx).find(|rule| rule.rule.alert.is_some()) else { return };
    for object in cx.all_of("monitoring.coreos.com", "Prometheus") {
        let more = "spec.additionalAlertManagerConfigs";
        // One that selects no rules evaluates none.
        let evaluates = object.is_written("spec.ruleSelector");
        if !evaluates || object.count("spec.alerting.alertmanagers") > 0 || object.is_written(more) {
            continue;
        }
        let place = if object.is_written("spec.alerting") { "spec.alerting" } else { "spec.ruleSelector" };
        out.add(
            object,
            place,
            format!("{} evaluates alerts and sends them to no Alertmanager", title(object)),
        )
        .help("name the Alertmanager's Service in `spec.alerting.alertmanagers`")
        .related(alert.object, &format!("{}.alert", alert.path), "an alert");
    }
}
