//! NP021: a namespace without a default deny.
use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Namespace;
use netloom_cluster::Tier;
use netloom_objects::Severity;
use netloom_policy::Direction;

use super::support::{DIRECTIONS, has_foreign_policies};
use crate::{Context, Findings, Group, Rule, Workload};

pub static RULE: Rule = Rule {
    code: "NP021",
    name: "no-default-deny",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A namespace with workloads and without a default deny: no policy that selects all of its pods, for \
          ingress or for egress. Reported once a namespace; information where the set may not be complete.",
    why: "Pods that no policy selects take connections from everywhere and open them to everywhere. A default \
          deny turns what is forgotten into something that fails visibly, instead of something that is open \
          (CIS Kubernetes Benchmark 5.3.2; NSA/CISA Kubernetes Hardening Guide).",
    wrong: "\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: \"web:1\", ports: [{containerPort: 8080}]}]}
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
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: \"web:1\", ports: [{containerPort: 8080}]}]}
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
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let (index, snapshot) = (cx.policy_index(), cx.snapshot());
    let mut workloads: BTreeMap<&str, Vec<&Workload<'_>>> = BTreeMap::new();
    for workload in cx.workloads().iter().filter(|w| !w.host_network()) {
        workloads.entry(workload.namespace()).or_default().push(workload);
    }
    let admin = snapshot.policies.iter().any(|policy| policy.tier != Tier::NetworkPolicy);
    for (namespace, workloads) in workloads {
        if SYSTEM.contains(&namespace) || has_foreign_policies(cx, namespace) {
            continue;
        }
        let lacks = |direction: Direction| {
            let denied = index.views_for_all(namespace).any(|view| view.side(direction).is_some());
            let judged = || admin && workloads.iter().all(|w| is_judged(cx, w, direction));
            !denied && !judged()
        };
        let missing: Vec<&str> = DIRECTIONS.into_iter().filter(|d| lacks(*d)).map(Direction::name).collect();
        if missing.is_empty() {
            continue;
        }
        let open = match missing.as_slice() {
            ["ingress"] => "admits everyone",
            ["egress"] => "may connect to everything",
            _ => "admits everyone and may connect to everything",
        };
        let message = format!(
            "namespace {namespace} has no default deny of {}: a pod that no policy selects {open}",
            missing.join(" and ")
        );
        let finding = match cx.find::<Namespace>(None, namespace) {
            Some((object, _)) => out.add(object, "metadata.name", message),
            None => match workloads.first() {
                Some(workload) => out.add(workload.object, "metadata.name", message),
                None => continue,
            },
        };
        let types: Vec<&str> =
            missing.iter().map(|d| if *d == "ingress" { "Ingress" } else { "Egress" }).collect();
        finding.help(format!(
            "add a NetworkPolicy with `podSelector: {{}}`, `policyTypes: [{}]` and no rules",
            types.join(", ")
        ));
        if !cx.is_closed("NetworkPolicy", Some(namespace)) {
            finding.severity(Severity::Info);
        }
    }
}

/// What keeps the cluster alive is not the manifests' to isolate.
const SYSTEM: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// Whether a policy of the admin or baseline tier is about these pods.
fn is_judged<'a>(cx: &Context<'a>, workload: &Workload<'a>, direction: Direction) -> bool {
    cx.pods_of(workload).first().is_some_and(|pod| {
        cx.policies().selecting(pod.id, direction).any(|policy| &*policy.kind != "NetworkPolicy")
    })
}
