//! Pods on their nodes, before they have addresses.
use std::{net::IpAddr, sync::Arc};

use crate::{model::NodeId, nodes::NodeSpec, workloads::Draft};

/// Nodes, and the pods that are there.
pub struct Population {
    /// In input order.
    pub specs: Vec<NodeSpec>,
    /// Sorted by namespace and name.
    pub drafts: Vec<Arc<Draft>>,
    /// The node of each pod.
    pub places: Vec<NodeId>,
    /// Whether no node takes the pod.
    pub pending: Vec<bool>,
    /// Where each pod was in those built last.
    pub before: Vec<Option<usize>>,
}

impl Population {
    /// Leaves out the pods without a node, but for those that `instead` has one for, by its place among them.
    pub fn of(
        specs: Vec<NodeSpec>,
        drafts: Vec<Arc<Draft>>,
        nodes: &[Option<NodeId>],
        before: Vec<Option<usize>>,
        instead: impl Fn(usize) -> Option<NodeId>,
    ) -> Self {
        let mut all = Self {
            specs,
            drafts: Vec::with_capacity(drafts.len()),
            places: Vec::with_capacity(drafts.len()),
            pending: Vec::with_capacity(drafts.len()),
            before: Vec::with_capacity(drafts.len()),
        };
        let mut homeless = 0;
        for ((draft, node), before) in drafts.into_iter().zip(nodes).zip(before) {
            let place = node.or_else(|| instead(homeless));
            homeless += usize::from(node.is_none());
            let Some(place) = place else { continue };
            all.drafts.push(draft);
            all.places.push(place);
            all.pending.push(node.is_none());
            all.before.push(before);
        }
        all
    }
}

/// The pods that have addresses of their nodes' ranges.
pub struct Tenants {
    /// How many each node has.
    pub counts: Vec<usize>,
    /// Addresses that objects give them, each with its node.
    pub addresses: Vec<(IpAddr, usize)>,
}

impl Tenants {
    /// Counts them.
    pub fn of(specs: &[NodeSpec], drafts: &[Arc<Draft>], places: &[NodeId]) -> Self {
        let mut tenants = Self { counts: vec![0; specs.len()], addresses: Vec::new() };
        for (draft, node) in drafts.iter().zip(places).filter(|(d, _)| !d.template.host_network) {
            tenants.counts[node.0 as usize] += 1;
            tenants.addresses.extend(draft.given.iter().map(|ip| (ip, node.0 as usize)));
        }
        tenants
    }
}
