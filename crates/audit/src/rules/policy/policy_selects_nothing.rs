//! NP003: a policy whose podSelector selects no pod.
use netloom_objects::Severity;

use super::support::{is_near, words};
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP003",
    name: "policy-selects-nothing",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A policy whose `podSelector` selects no workload. Where the set may not be complete it speaks only \
          if a workload of the namespace has nearly these labels: the same value under another key, or a value \
          that differs by a letter or two.",
    why: "A policy that selects nothing is accepted, looks like protection and protects nothing. Most often a \
          label was renamed on one side, or `app` is meant and the chart writes `app.kubernetes.io/name`.",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: web}}
  template:
    metadata: {labels: {app.kubernetes.io/name: web}}
    spec: {containers: [{name: web, image: \"web:1\", ports: [{containerPort: 8080}]}]}
---
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
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: api}}
      ports:
        - port: 8080
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: web}}
  template:
    metadata: {labels: {app.kubernetes.io/name: web}}
    spec: {containers: [{name: web, image: \"web:1\", ports: [{containerPort: 8080}]}]}
---
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
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app.kubernetes.io/name: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: api}}
      ports:
        - port: 8080
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let (index, snapshot) = (cx.policy_index(), cx.snapshot());
    for view in index.policies.iter().filter(|view| !view.is_for_all()) {
        if view.subjects.iter().any(|group| !index.groups[*group].stand_in) {
            continue;
        }
        let selector = &view.policy.subject.pods;
        let near = index.in_namespace(snapshot, view.namespace).find(|group| is_near(selector, group));
        let closed = cx.is_closed("Pod", Some(view.namespace));
        if near.is_none() && !closed {
            continue;
        }
        let message = format!("{} selects no pod: none has {}", view.title(), words(selector));
        let finding = out.add(view.object, "spec.podSelector", message);
        finding.severity(if closed { Severity::Error } else { Severity::Warning });
        if let Some(workload) = near.and_then(|group| group.workload).map(|number| &cx.workloads()[number]) {
            finding.related(workload.object, &workload.path("metadata.labels"), "these labels come nearest");
            finding.help("select the labels that the pod template has");
        } else {
            finding.help("correct the selector, or remove the policy");
        }
    }
}
