//! NP024: policies do not see pods on the host's network.
use netloom_cluster::Peer;
use netloom_objects::Severity;

use super::support::{Group as Pods, group_words};
use crate::{Context, Finding, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP024",
    name: "host-network-not-policed",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A policy for certain pods, all of which are on the host's network; or a peer whose pods all are.",
    why: "A pod with `hostNetwork: true` has the node's address. Policies neither protect it nor recognise it \
          as a peer: it looks like the node (Kubernetes documentation, \"NetworkPolicy and hostNetwork pods\"; \
          behaviour differs between implementations and is undefined).",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: agent, namespace: shop}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {hostNetwork: true, containers: [{name: agent, image: \"agent:1\", ports: [{containerPort: 9100}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: agent, namespace: shop}
spec:
  podSelector: {matchLabels: {app: agent}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: web}}
      ports:
        - port: 9100
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: agent, namespace: shop}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: agent, image: \"agent:1\", ports: [{containerPort: 9100}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: agent, namespace: shop}
spec:
  podSelector: {matchLabels: {app: agent}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: web}}
      ports:
        - port: 9100
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let (index, snapshot) = (cx.policy_index(), cx.snapshot());
    let all_on_host = |groups: &mut dyn Iterator<Item = usize>| {
        let mut first = None;
        for group in groups.map(|number| &index.groups[number]) {
            if !group.host_network {
                return None;
            }
            first.get_or_insert(group);
        }
        first
    };
    for view in &index.policies {
        if !view.is_for_all()
            && let Some(group) = all_on_host(&mut view.subjects.iter().copied())
        {
            let message = format!(
                "{} is not applied: {} is on the host's network",
                view.title(),
                group_words(cx, group)
            );
            let finding = out.add(view.object, "spec.podSelector", message);
            finding.help("guard the node's own ports by a firewall of the node, or take the pods off the host's network");
            point(cx, group, finding);
        }
        for rule in view.rules() {
            for (number, peer) in rule.rule.peers.iter().flatten().enumerate() {
                let Peer::Pods(pods) = &peer.peer else { continue };
                if pods.pods.requirements.is_empty() {
                    continue;
                }
                let Some(group) = all_on_host(&mut index.select(snapshot, pods)) else { continue };
                let path = format!("{}[{number}]", rule.peers_path());
                let message = format!(
                    "{} does not recognise {}, which is on the host's network: its address is the node's",
                    view.title(),
                    group_words(cx, group)
                );
                let finding = out.add(view.object, &path, message);
                finding.help("name the nodes' addresses by `ipBlock`");
                point(cx, group, finding);
            }
        }
    }
}

fn point(cx: &Context<'_>, group: &Pods, finding: &mut Finding) {
    if let Some(workload) = group.workload.map(|number| &cx.workloads()[number]) {
        finding.related(workload.object, &workload.path("spec.hostNetwork"), "on the host's network");
    }
}
