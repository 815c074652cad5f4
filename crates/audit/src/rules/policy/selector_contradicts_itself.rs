//! NP032: a selector that can select nothing.
use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use netloom_objects::Severity;

use super::support::{View, escape};
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP032",
    name: "selector-contradicts-itself",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A selector of a policy whose requirements cannot hold together: two values for one label, a label \
          that has to be there and must not.",
    why: "All requirements of a selector have to hold. One that contradicts another makes it select nothing; \
          alternatives are written as the `values` of one `In`.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector:
    matchLabels: {app: web}
    matchExpressions:
      - {key: app, operator: In, values: [api, worker]}
  policyTypes: [Ingress]
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector:
    matchLabels: {app: web}
    matchExpressions:
      - {key: tier, operator: In, values: [api, worker]}
  policyTypes: [Ingress]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for view in &cx.policy_index().policies {
        if let Some(selector) = &view.spec.pod_selector {
            judge(view, "spec.podSelector", selector, out);
        }
        for rule in view.rules() {
            for (number, peer) in rule.peers.unwrap_or_default().iter().enumerate() {
                let base = format!("{}[{number}]", rule.peers_path());
                for (field, selector) in
                    [("podSelector", &peer.pod_selector), ("namespaceSelector", &peer.namespace_selector)]
                {
                    if let Some(selector) = selector {
                        judge(view, &format!("{base}.{field}"), selector, out);
                    }
                }
            }
        }
    }
}

/// What a selector says of one label so far.
#[derive(Default)]
struct Said<'s> {
    values: Option<Vec<&'s str>>,
    not: Vec<&'s str>,
    absent: bool,
    present: bool,
    path: String,
}

fn judge(view: &View<'_>, base: &str, selector: &LabelSelector, out: &mut Findings<'_>) {
    let mut said: BTreeMap<&str, Said<'_>> = BTreeMap::new();
    for (key, value) in selector.match_labels.iter().flatten() {
        let path = format!("{base}.matchLabels.{}", escape(key));
        said.insert(key, Said { values: Some(vec![value]), present: true, path, ..Said::default() });
    }
    for (number, expression) in selector.match_expressions.iter().flatten().enumerate() {
        let path = format!("{base}.matchExpressions[{number}]");
        let values: Vec<&str> = expression.values.iter().flatten().map(String::as_str).collect();
        let before =
            said.entry(&expression.key).or_insert_with(|| Said { path: path.clone(), ..Said::default() });
        match expression.operator.as_str() {
            "In" => {
                before.present = true;
                let both = |old: Vec<_>| old.into_iter().filter(|v| values.contains(v)).collect();
                before.values = Some(before.values.take().map_or_else(|| values.clone(), both));
            }
            "NotIn" => before.not.extend(values),
            "Exists" => before.present = true,
            "DoesNotExist" => before.absent = true,
            _ => {}
        }
        let none_left = before
            .values
            .as_ref()
            .is_some_and(|values| values.iter().all(|value| before.not.contains(value)));
        if none_left || (before.present && before.absent) {
            let message = format!(
                "{}: this selector selects nothing: its requirements on {} cannot hold together",
                view.title(),
                expression.key
            );
            let finding = out.add(view.object, &path, message);
            if before.path != path {
                finding.related(view.object, &before.path, "this one contradicts it");
            }
            finding.help("write alternatives as `values` of one `In`");
            return;
        }
    }
}
