//! Finds the pods of a selector without looking at all of them, and the pod of an address.
use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
};

use crate::{
    fast::Map,
    model::{Operator, Pod, Requirement, Selector},
    workloads::names::hash,
};

/// With more changed pods than this everything is looked at anew.
const FEW: usize = 32;

/// Pods by their labels.
#[derive(Default)]
pub struct PodIndex {
    pods: Arc<Vec<Arc<Pod>>>,
    by_label: Map<u64, Vec<u32>>,
    by_address: OnceLock<Map<IpAddr, u32>>,
}

/// Which pods differ from those before.
pub enum Changed {
    /// These, each as it was and as it is, with its index.
    Few(Vec<(Arc<Pod>, Arc<Pod>)>),
    /// Too many to say, or their indices are others.
    Many,
}

impl Changed {
    /// Whether a selector picks one of the pods, or picked it.
    pub fn touch(&self, namespace: &str, selector: &Selector) -> bool {
        let picks = |pod: &Pod| *pod.namespace == *namespace && selector.matches(&pod.labels);
        match self {
            Self::Few(pods) => pods.iter().any(|(old, new)| picks(old) || picks(new)),
            Self::Many => true,
        }
    }
}

impl PodIndex {
    /// Takes the pods as they are now.
    pub fn update(&mut self, pods: &Arc<Vec<Arc<Pod>>>) -> Changed {
        let changed = self.changed(pods);
        self.by_address = OnceLock::new();
        match &changed {
            Changed::Few(few) => {
                for (old, new) in few {
                    for_labels(old, |key| {
                        if let Some(ids) = self.by_label.get_mut(&key) {
                            ids.retain(|id| *id != old.id.0);
                        }
                    });
                    for_labels(new, |key| {
                        let ids = self.by_label.entry(key).or_default();
                        let at = ids.partition_point(|id| *id < new.id.0);
                        ids.insert(at, new.id.0);
                    });
                }
            }
            Changed::Many => {
                self.by_label.clear();
                for pod in pods.iter() {
                    for_labels(pod, |key| self.by_label.entry(key).or_default().push(pod.id.0));
                }
            }
        }
        self.pods = pods.clone();
        changed
    }

    fn changed(&self, pods: &[Arc<Pod>]) -> Changed {
        if self.pods.len() != pods.len() {
            return Changed::Many;
        }
        let pairs = self.pods.iter().zip(pods).filter(|(old, new)| !Arc::ptr_eq(old, new));
        let few: Vec<_> = pairs.take(FEW + 1).map(|(old, new)| (old.clone(), new.clone())).collect();
        match few.len() {
            0..=FEW => Changed::Few(few),
            _ => Changed::Many,
        }
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

fn for_labels(pod: &Pod, mut each: impl FnMut(u64)) {
    for (label, value) in pod.labels.iter() {
        each(hash(&[&pod.namespace, label, value]));
    }
}
