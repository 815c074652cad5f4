//! NP034: a policy in a namespace that does not exist.
use k8s_openapi::api::core::v1::Namespace;
use netloom_objects::{Severity, edit_distance};

use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP034",
    name: "policy-in-unknown-namespace",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A policy in a namespace that no Namespace of the set declares and in which nothing else of the set \
          is.",
    why: "Without the namespace `kubectl apply` refuses the policy; where a namespace of that name is left \
          over from something else, the policy protects nothing. A slip in `metadata.namespace`, or a policy \
          that was copied, most often.",
    wrong: "\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
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
metadata: {name: web, namespace: shp}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: api}}
      ports:
        - port: 8080
",
    right: "\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
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
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: api}}
      ports:
        - port: 8080
",
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    if !cx.is_closed("Namespace", None) {
        return;
    }
    let index = cx.policy_index();
    for view in &index.policies {
        let known = ["default", "kube-system", "kube-public", "kube-node-lease"].contains(&view.namespace)
            || cx.find::<Namespace>(None, view.namespace).is_some()
            || cx.workloads_in(view.namespace).next().is_some()
            || !cx.pods_in(view.namespace).is_empty();
        if known {
            continue;
        }
        let message = format!("{} is in a namespace that does not exist", view.title());
        let finding = out.add(view.object, "metadata.namespace", message);
        let near = cx.all::<Namespace>().find(|(n, _)| edit_distance(&n.name, view.namespace) <= 2);
        match near {
            Some((namespace, _)) => finding
                .related(namespace, "metadata.name", "a similar name")
                .help(format!("write `namespace: {}`, if that is meant", namespace.name)),
            None => finding.help("declare the namespace, or correct the name"),
        };
    }
}
