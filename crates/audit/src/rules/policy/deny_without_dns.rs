//! NP040: a namespace shuts off all egress, and no policy of it opens the way to DNS.
use std::collections::HashSet;

use netloom_cluster::Protocol;
use netloom_objects::Severity;
use netloom_policy::Direction;

use super::support::{has_foreign_policies, opens};
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP040",
    name: "deny-without-dns",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "A policy that isolates the egress of all pods of a namespace, where no policy of that namespace has a \
            rule for port 53. It speaks where the set has no workloads in the namespace; where it has, NP001 names \
            them.",
    why: "The pods of the namespace stand in another repository, or come later: whichever they are, the first \
            thing that they cannot do is resolve a name. It shows as timeouts of five seconds, not as a refusal.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: dns, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
    - to:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
          podSelector: {matchLabels: {k8s-app: kube-dns}}
      ports:
        - {port: 53, protocol: UDP}
        - {port: 53, protocol: TCP}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let index = cx.policy_index();
    let mut told = HashSet::new();
    for view in index.policies.iter().filter(|view| view.is_for_all()) {
        if view.side(Direction::Egress).is_none() || has_foreign_policies(cx, view.namespace) {
            continue;
        }
        let asks = |view: &super::support::View<'_>| {
            view.policy.egress.iter().flatten().any(|rule| opens(rule, Protocol::Udp, 53))
        };
        let has_workloads = cx.workloads_in(view.namespace).any(|workload| !workload.host_network());
        if has_workloads || index.views_of(view.namespace).any(asks) || !told.insert(view.namespace) {
            continue;
        }
        let message = format!(
            "{} isolates the egress of all pods of namespace {}, and no policy there opens port 53: they cannot \
             resolve names",
            view.title(),
            view.namespace
        );
        let path = if view.object.is_written("spec.egress") { "spec.egress" } else { "spec.policyTypes" };
        out.add(view.object, path, message).help(
            "add a policy that allows UDP and TCP 53 to the pods labelled `k8s-app: kube-dns` in namespace kube-system",
        );
    }
}
