//! IS069: two Sidecars for the same pods.
use std::{collections::HashMap, iter};

use netloom_objects::{Object, Severity, istio::Sidecar};

use super::support::shown;
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS069",
    name: "sidecars-for-one-pod",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "Two Sidecars of one namespace with the same selector, or with two that select the same pods of the set.",
    why: "A proxy takes one of them, and it is not defined which: what a pod may reach changes with the order in \
            which they were read (Istio's reference of Sidecar; istioctl analyze, IST0110).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: web, namespace: shop}
spec:
  workloadSelector: {labels: {app: web}}
  egress: [{hosts: [\"./*\"]}]
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: front, namespace: shop}
spec:
  workloadSelector: {labels: {tier: front}}
  egress: [{hosts: [\"./*\", \"istio-system/*\"]}]
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web, tier: front}}
spec: {containers: [{name: web, image: web:1}]}
",
    right: "\
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: web, namespace: shop}
spec:
  workloadSelector: {labels: {app: web}}
  egress: [{hosts: [\"./*\"]}]
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: front, namespace: shop}
spec:
  workloadSelector: {labels: {app: front}}
  egress: [{hosts: [\"./*\", \"istio-system/*\"]}]
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web, tier: front}}
spec: {containers: [{name: web, image: web:1}]}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut taken: HashMap<(&str, String), &Object> = HashMap::new();
    for (object, sidecar) in cx.all::<Sidecar>() {
        let Some(labels) = sidecar.spec.workload_selector.as_ref().map(|selector| &selector.labels) else {
            continue;
        };
        if labels.is_empty() {
            continue;
        }
        let namespace = namespace_of(object);
        let pods = cx.workloads_with(namespace, labels).map(|workload| title(workload.object));
        let claims: Vec<String> =
            iter::once(format!("the pods with {}", shown(labels))).chain(pods).collect();
        let other = claims.iter().find_map(|claim| Some((claim, *taken.get(&(namespace, claim.clone()))?)));
        if let Some((claim, other)) = other {
            let message = format!(
                "{} and {} are both for {claim}: it is not defined which of them holds",
                title(other),
                title(object)
            );
            out.add(object, "spec.workloadSelector.labels", message)
                .related(other, "spec.workloadSelector.labels", "the other one")
                .help("put them together, or let their selectors exclude each other");
        }
        for claim in claims {
            taken.entry((namespace, claim)).or_insert(object);
        }
    }
}
