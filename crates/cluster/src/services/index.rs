//! Finds the pods of a selector without looking at all of them, and the pod of an address.
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, OnceLock},
};

use crate::{
    model::{Operator, Pod, Requirement, Selector},
    workloads::names::hash,
};

/// Pods by their labels.
#[derive(Default)]
pub struct PodIndex {
    pods: Arc<Vec<Arc<Pod>>>,
    by_label: HashMap<u64, Vec<u32>>,
    by_address: OnceLock<HashMap<IpAddr, u32>>,
}

impl PodIndex {
    /// Indexes the pods of a Snapshot.
    pub fn new(pods: Arc<Vec<Arc<Pod>>>) -> Self {
        let mut by_label: HashMap<u64, Vec<u32>> = HashMap::with_capacity(pods.len() * 2);
        for pod in pods.iter() {
            for (label, value) in pod.labels.iter() {
                by_label.entry(hash(&[&pod.namespace, label, value])).or_default().push(pod.id.0);
            }
        }
        Self { pods, by_label, by_address: OnceLock::new() }
    }

    /// The pods of a namespace that a Service's selector picks, in order.
    pub fn select(&self, namespace: &str, selector: &Selector) -> Vec<u32> {
        const NONE: &[u32] = &[];
        let candidates = |requirement: &Requirement| match &requirement.operator {
            Operator::In(values) if values.len() == 1 => {
                let key = hash(&[namespace, &requirement.key, &values[0]]);
                Some(self.by_label.get(&key).map_or(NONE, Vec::as_slice))
            }
            _ => None,
        };
        let Some(least) = selector.requirements.iter().filter_map(candidates).min_by_key(|c| c.len()) else {
            return Vec::new();
        };
        // The index knows hashes only: the labels themselves decide.
        let picked = |pod: &Pod| *pod.namespace == *namespace && selector.matches(&pod.labels);
        least.iter().copied().filter(|id| picked(&self.pods[*id as usize])).collect()
    }

    /// The pod that has an address to itself.
    pub fn of_address(&self, ip: IpAddr) -> Option<&Arc<Pod>> {
        let by_address = self.by_address.get_or_init(|| {
            let own = self.pods.iter().filter(|p| !p.host_network);
            own.flat_map(|p| p.ips.iter().map(|ip| (ip, p.id.0))).collect()
        });
        by_address.get(&ip).map(|id| &self.pods[*id as usize])
    }
}
