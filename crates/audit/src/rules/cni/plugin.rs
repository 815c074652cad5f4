//! Which CNI plugins and policy engines a set has.
use crate::{Context, Workload};

/// What a plugin does about policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plugin {
    /// Connects pods, and knows no policies.
    Flannel,
    /// Enforces policies.
    Engine,
}

/// Parts of the names of images, and what they are.
const IMAGES: [(&str, Plugin); 18] = [
    ("/flannel:", Plugin::Flannel),
    ("/flannel@", Plugin::Flannel),
    ("-flannel:", Plugin::Flannel),
    ("flannelcni-flannel", Plugin::Flannel),
    ("calico/node", Plugin::Engine),
    ("calico-node", Plugin::Engine),
    ("cilium/cilium", Plugin::Engine),
    ("antrea", Plugin::Engine),
    ("kube-router", Plugin::Engine),
    ("weave-kube", Plugin::Engine),
    ("weave-npc", Plugin::Engine),
    ("ovn-kube", Plugin::Engine),
    ("kube-ovn", Plugin::Engine),
    ("kube-network-policies", Plugin::Engine),
    ("kindnetd", Plugin::Engine),
    ("azure-npm", Plugin::Engine),
    ("network-policy-agent", Plugin::Engine),
    ("romana/agent", Plugin::Engine),
];

/// The plugins of a set, each with the workload that it runs as; an operator's are not there themselves.
pub(super) fn plugins<'c, 'a>(cx: &'c Context<'a>) -> Vec<(Plugin, Option<&'c Workload<'a>>)> {
    let mut found = Vec::new();
    if !cx.all_of("operator.tigera.io", "Installation").is_empty() {
        found.push((Plugin::Engine, None));
    }
    for workload in cx.workloads() {
        let containers = workload.spec.containers.iter();
        for image in containers.filter_map(|container| container.image.as_deref()) {
            if let Some((_, plugin)) = IMAGES.iter().find(|(part, _)| image.contains(part)) {
                found.push((*plugin, Some(workload)));
            }
        }
    }
    found
}
