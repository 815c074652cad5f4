//! NP016: a rule names addresses of pods.
use ipnet::IpNet;
use k8s_openapi::api::core::v1::Node;
use netloom_cluster::Peer;
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP016",
    name: "block-of-pod-addresses",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "An `ipBlock` inside the range of pod addresses, where that range is known: it was given, or Nodes of \
          the set have a `podCIDR`.",
    why: "Pods get a new address whenever they start, so the rule soon means another pod; and implementations \
          differ in whether an `ipBlock` matches pods at all (Cilium's does not). `ipBlock` is for what is \
          outside of the cluster.",
    wrong: "\
apiVersion: v1
kind: Node
metadata: {name: worker}
spec: {podCIDR: 10.244.1.0/24}
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
  policyTypes: [Egress]
  egress:
    - to:
        - ipBlock: {cidr: 10.244.1.0/28}
      ports:
        - port: 8080
",
    right: "\
apiVersion: v1
kind: Node
metadata: {name: worker}
spec: {podCIDR: 10.244.1.0/24}
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
  policyTypes: [Egress]
  egress:
    - to:
        - podSelector: {matchLabels: {app: api}}
      ports:
        - port: 8080
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let nodes = cx.all::<Node>().filter_map(|(_, node)| node.spec.as_ref());
    let nodes = nodes.flat_map(|spec| spec.pod_cidr.iter().chain(spec.pod_cidrs.iter().flatten()));
    let mut ranges: Vec<IpNet> = nodes.filter_map(|range| range.parse().ok()).collect();
    ranges.extend(cx.settings.cluster.pod_cidrs.iter());
    let ranges = IpNet::aggregate(&ranges);
    if ranges.is_empty() {
        return;
    }
    for view in &cx.policy_index().policies {
        for rule in view.rules() {
            for (number, peer) in rule.rule.peers.iter().flatten().enumerate() {
                let Peer::Block(net, _) = &peer.peer else { continue };
                let Some(range) = ranges.iter().find(|range| range.contains(net)) else { continue };
                let path = format!("{}[{number}].ipBlock.cidr", rule.peers_path());
                let message = format!(
                    "{} names pods by their addresses: {net} is in the pod range {range}",
                    view.title()
                );
                out.add(view.object, &path, message).help("select the pods by their labels");
            }
        }
    }
}
