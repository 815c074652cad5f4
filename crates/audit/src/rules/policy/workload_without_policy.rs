//! NP022: a workload that was left out.
use std::collections::HashMap;

use netloom_objects::Severity;
use netloom_policy::Direction;

use super::support::{View, group_words, has_foreign_policies};
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP022",
    name: "workload-without-policy",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A workload whose ingress no policy is about, while most others of its namespace have policies and \
          the namespace has no default deny.",
    why: "It is the one door left open: most often it was added after the policies were written. Whoever gets \
          into it stands beside the pods that are protected.",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
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
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
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
metadata: {name: default-deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
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
    let mut protected: HashMap<&str, &View<'_>> = HashMap::new();
    // Doors less guards, by namespace.
    let mut open: HashMap<&str, i64> = HashMap::new();
    for (number, group) in index.groups.iter().enumerate() {
        if group.workload.is_none() || group.host_network || group.ports.is_empty() {
            continue;
        }
        let view = index.views_on(number).find(|view| view.policy.ingress.is_some());
        *open.entry(&group.namespace).or_default() += if view.is_some() { -1 } else { 1 };
        if let Some(view) = view {
            protected.entry(view.namespace).or_insert(view);
        }
    }
    for (number, group) in index.groups.iter().enumerate() {
        let Some(other) = protected.get(&*group.namespace) else { continue };
        // Where few are protected, those few are the exception, and this is not forgotten.
        if open.get(&*group.namespace).is_some_and(|more| *more > 0) {
            continue;
        }
        let Some(workload) = group.workload.map(|number| &cx.workloads()[number]) else { continue };
        // What serves nothing has no door.
        if group.host_network || workload.is_job() || group.ports.is_empty() {
            continue;
        }
        let judged = index.views_on(number).any(|view| view.policy.ingress.is_some())
            || group
                .pod
                .is_some_and(|pod| index.evaluator(cx).selecting(pod, Direction::Ingress).next().is_some());
        if judged || has_foreign_policies(cx, &group.namespace) {
            continue;
        }
        let message = format!(
            "{} admits everyone: no policy is about its ingress, while others of its namespace are protected",
            group_words(cx, group)
        );
        out.add(workload.object, &workload.path("metadata.labels"), message)
            .related(other.object, "metadata.name", "protects others")
            .help("add a policy that selects it, or a default deny for the namespace");
    }
}
