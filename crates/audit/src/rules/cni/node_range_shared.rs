//! CN012: two nodes give their pods the same addresses.
use ipnet::IpNet;
use k8s_openapi::api::core::v1::Node;
use netloom_objects::{Object, Severity};

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "CN012",
    name: "node-range-shared",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "Two Nodes with the same `podCIDR`, or one that is within that of another.",
    why: "Routes to the pods of one node lead to the other (Kubernetes: NodeSpec, `podCIDRs`; each node has a \
            range of its own).",
    wrong: "\
apiVersion: v1
kind: Node
metadata: {name: a}
spec: {podCIDR: 10.244.1.0/24}
---
apiVersion: v1
kind: Node
metadata: {name: b}
spec: {podCIDR: 10.244.1.0/24}
",
    right: "\
apiVersion: v1
kind: Node
metadata: {name: a}
spec: {podCIDR: 10.244.1.0/24}
---
apiVersion: v1
kind: Node
metadata: {name: b}
spec: {podCIDR: 10.244.2.0/24}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut ranges: Vec<(IpNet, &Object)> = cx
        .all::<Node>()
        .filter_map(|(object, node)| Some((node.spec.as_ref()?.pod_cidr.as_deref()?.parse().ok()?, object)))
        .collect();
    ranges.sort_by_key(|(net, object)| (net.network(), net.prefix_len(), object.locate("").line));
    let mut holder: Option<(IpNet, &Object)> = None;
    for (net, object) in ranges {
        match holder {
            Some((wide, first)) if wide.contains(&net.network()) => {
                let message = format!("{} has {net}, which {} has too ({wide})", title(object), title(first));
                out.add(object, "spec.podCIDR", message).help("give each node a range of its own").related(
                    first,
                    "spec.podCIDR",
                    "the other node",
                );
            }
            _ => holder = Some((net, object)),
        }
    }
}
