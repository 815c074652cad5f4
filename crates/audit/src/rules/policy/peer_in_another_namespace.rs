//! NP008: a podSelector alone for pods of another namespace.
use netloom_cluster::{NamespaceMatch, Peer, PodPeer, Selector};
use netloom_objects::Severity;

use super::support::{is_elsewhere, words};
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP008",
    name: "peer-in-another-namespace",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A peer with a `podSelector` alone, whose pods are in another namespace than the policy, and none in \
          its own.",
    why: "A `podSelector` without a `namespaceSelector` is about the namespace of the policy itself. Pods of \
          another namespace are named by both together.",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: prometheus, namespace: monitoring}
spec:
  selector: {matchLabels: {app: prometheus}}
  template:
    metadata: {labels: {app: prometheus}}
    spec: {containers: [{name: prometheus, image: \"prometheus:1\"}]}
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
        - podSelector: {matchLabels: {app: prometheus}}
      ports:
        - port: 8080
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: prometheus, namespace: monitoring}
spec:
  selector: {matchLabels: {app: prometheus}}
  template:
    metadata: {labels: {app: prometheus}}
    spec: {containers: [{name: prometheus, image: \"prometheus:1\"}]}
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
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}
          podSelector: {matchLabels: {app: prometheus}}
      ports:
        - port: 8080
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let (index, snapshot) = (cx.policy_index(), cx.snapshot());
    for view in &index.policies {
        for rule in view.rules() {
            let peers = rule.peers.unwrap_or_default();
            for (number, peer) in rule.rule.peers.iter().flatten().enumerate() {
                let Peer::Pods(pods) = &peer.peer else { continue };
                // Behind a namespaceSelector of its own it has a rule of its own.
                let is_half = number > 0
                    && peers
                        .get(number - 1)
                        .is_some_and(|p| p.namespace_selector.is_some() && p.pod_selector.is_none());
                if is_half || !is_elsewhere(cx, pods, view.namespace) {
                    continue;
                }
                let anywhere = PodPeer {
                    namespaces: NamespaceMatch::Labels(Selector::default()),
                    pods: pods.pods.clone(),
                };
                let Some(there) = index.select_real(snapshot, &anywhere).next() else { continue };
                let path = format!("{}[{number}].podSelector", rule.peers_path());
                let message = format!(
                    "{} means the pods {} of its own namespace, where there are none: they are in namespace {}",
                    view.title(),
                    words(&pods.pods),
                    there.namespace
                );
                let finding = out.add(view.object, &path, message);
                finding.help(format!(
                    "add `namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {}}}}}` to the same peer",
                    there.namespace
                ));
                if let Some(workload) = there.workload {
                    finding.related(cx.workloads()[workload].object, "metadata.name", "these pods");
                }
            }
        }
    }
}
