//! NP006: a namespace and pods as alternatives that were meant together.
use netloom_cluster::{Peer, PeerRef};
use netloom_objects::Severity;

use super::support::{is_elsewhere, words};
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP006",
    name: "either-instead-of-both",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "Two peers one after the other, of which the first selects a namespace and the second pods that are \
          not in the policy's own namespace but in another: they were meant as one.",
    why: "Items of `from` and `to` are alternatives. Written with two dashes this opens the whole namespace, \
          and beside it pods of the policy's own namespace, which do not exist. One dash means: these pods, in \
          that namespace (see the Kubernetes documentation on behaviour of `to` and `from` selectors).",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - to:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
        - podSelector: {matchLabels: {k8s-app: kube-dns}}
      ports:
        - {port: 53, protocol: UDP}
        - {port: 53, protocol: TCP}
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
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
    for view in &cx.policy_index().policies {
        for rule in view.rules() {
            let peers = rule.peers.unwrap_or_default();
            for (number, pair) in peers.windows(2).enumerate() {
                let [first, second] = pair else { continue };
                let halves = first.namespace_selector.is_some()
                    && first.pod_selector.is_none()
                    && second.pod_selector.is_some()
                    && second.namespace_selector.is_none();
                let second = rule.rule.peers.as_ref().and_then(|peers| peers.get(number + 1));
                let Some(PeerRef { peer: Peer::Pods(pods), .. }) = second.filter(|_| halves) else {
                    continue;
                };
                if !is_elsewhere(cx, pods, view.namespace) {
                    continue;
                }
                let path = format!("{}[{number}]", rule.peers_path());
                let message = format!(
                    "{} opens to the whole namespace: the pods {} stand behind a dash of their own, which means \
                     \"or\"",
                    view.title(),
                    words(&pods.pods)
                );
                let behind = format!("{}[{}]", rule.peers_path(), number + 1);
                out.add(view.object, &path, message)
                    .related(view.object, &behind, "an alternative, about the policy's own namespace")
                    .help("remove the dash before `podSelector`, so that both belong to one peer");
            }
        }
    }
}
