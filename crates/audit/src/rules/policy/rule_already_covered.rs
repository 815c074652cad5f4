//! NP020: a rule that another one covers.
use std::collections::HashMap;

use netloom_cluster::{PortMatch, Selector};
use netloom_objects::Severity;

use super::support::{RuleView, View};
use crate::{Context, Findings, Fix, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP020",
    name: "rule-already-covered",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A rule that another rule for the same pods already covers: one without peers, or with the same \
          peers, that opens at least the same ports.",
    why: "Rules only add, and their order means nothing, so the narrower one has no effect. Where the wider \
          one is `- {}` or names no peers, the careful rules beside it promise a protection that is not there.",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, image: \"api:1\", ports: [{containerPort: 8080}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: web}}
      ports:
        - port: 8080
    - ports:
        - port: 8080
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, image: \"api:1\", ports: [{containerPort: 8080}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: web}}
      ports:
        - port: 8080
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let index = cx.policy_index();
    let mut by_subject: HashMap<(&str, &Selector), Vec<&View<'_>>> = HashMap::new();
    for view in &index.policies {
        by_subject.entry((view.namespace, &view.policy.subject.pods)).or_default().push(view);
    }
    for ((namespace, _), views) in &by_subject {
        let rules: Vec<(&View<'_>, RuleView<'_>)> =
            views.iter().flat_map(|view| view.rules().into_iter().map(move |rule| (*view, rule))).collect();
        let mut wide: Vec<(&View<'_>, RuleView<'_>)> = rules.clone();
        if !views.first().is_some_and(|view| view.is_for_all()) {
            let all = index.views_for_all(namespace);
            wide.extend(all.flat_map(|view| view.rules().into_iter().map(move |rule| (view, rule))));
        }
        if rules.len() > MOST || wide.len() > MOST {
            continue;
        }
        for (number, (view, rule)) in rules.iter().enumerate() {
            let by = wide.iter().enumerate().find(|(other, (by, wider))| {
                let both_ways = covers_rule(wider, rule) && covers_rule(rule, wider);
                *other != number
                    && wider.direction == rule.direction
                    && covers_rule(wider, rule)
                    // Of two that say the same the later is the superfluous one; whole policies have a rule of their own.
                    && (!both_ways || (*other < number && std::ptr::eq(by.object, view.object)))
            });
            let Some((_, (by, wider))) = by else { continue };
            let open = wider.rule.peers.is_none() && rule.rule.peers.is_some();
            let message = if open {
                format!(
                    "{} names who may connect, and another rule for the same pods allows everyone",
                    view.title()
                )
            } else {
                format!("{} repeats what another rule for the same pods already allows", view.title())
            };
            let finding = out.add(view.object, &rule.path(), message);
            finding.related(by.object, &wider.path(), "this rule covers it");
            if open {
                finding
                    .help("remove the wider rule if these peers are all that is meant; otherwise this one");
            } else {
                finding.severity(Severity::Info).help("remove this rule");
                // Policies are removed one by one: only what stands beside it surely stays as long as this.
                if std::ptr::eq(by.object, view.object) {
                    finding.fix(Fix::safe("remove this rule").remove(view.object, &rule.path()));
                }
            }
        }
    }
}

/// Namespaces with more rules for one set of pods are generated.
const MOST: usize = 200;

fn covers_rule(wide: &RuleView<'_>, narrow: &RuleView<'_>) -> bool {
    let peers = match (&wide.rule.peers, &narrow.rule.peers) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => narrow.iter().all(|n| wide.iter().any(|w| w.peer == n.peer)),
    };
    let ports = match (&wide.rule.ports, &narrow.rule.ports) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => narrow.iter().all(|n| wide.iter().any(|w| holds(&w.port, &n.port))),
    };
    peers && ports
}

fn holds(wide: &PortMatch, narrow: &PortMatch) -> bool {
    match (wide, narrow) {
        (PortMatch::All(p), PortMatch::All(q) | PortMatch::Range(q, ..)) => p == q,
        (PortMatch::Range(p, low, high), PortMatch::Range(q, from, to)) => {
            p == q && low <= from && to <= high
        }
        _ => wide == narrow,
    }
}
