//! Pods that no selector and no port name can tell apart form one group; selectors are matched once a group.
use std::{collections::HashMap, sync::Arc};

use netloom_cluster::{Labels, Pod, Protocol, Snapshot};

/// Index of a group; stays the same while the compiler lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct GroupId(pub u32);

/// What selectors and port names can see of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Group {
    pub namespace: Arc<str>,
    pub namespace_labels: Labels,
    pub labels: Labels,
    /// Named ports in order of declaration.
    pub ports: Vec<(Arc<str>, Protocol, u16)>,
}

impl Group {
    fn of(pod: &Pod, namespace_labels: &Labels) -> Self {
        let ports = pod.containers.iter().flat_map(|c| &c.ports);
        Self {
            namespace: pod.namespace.clone(),
            namespace_labels: namespace_labels.clone(),
            labels: pod.labels.clone(),
            ports: ports.filter_map(|p| p.name.clone().map(|name| (name, p.protocol, p.port))).collect(),
        }
    }

    /// The number that a port name stands for: the first declaration of that protocol, as in [`Pod::named_port`].
    pub fn named_port(&self, name: &str, protocol: Protocol) -> Option<u16> {
        self.ports.iter().find(|(n, p, _)| *p == protocol && **n == *name).map(|&(_, _, port)| port)
    }
}

/// All groups seen, and the group of each pod.
#[derive(Clone, Debug, Default)]
pub(crate) struct Groups {
    ids: HashMap<Arc<Group>, GroupId>,
    pub all: Arc<Vec<Arc<Group>>>,
    /// By address of the shared pod, which the second field keeps alive so that the address stays its own.
    known: HashMap<usize, (Arc<Pod>, Labels, GroupId)>,
}

impl Groups {
    /// The group of every pod, by pod index; pods on the host's network have none, they are no policy's subject or peer.
    pub fn assign(&mut self, snapshot: &Snapshot) -> Vec<Option<GroupId>> {
        let mut known = HashMap::with_capacity(snapshot.pods.len());
        let assigned = snapshot
            .pods
            .iter()
            .map(|pod| {
                if pod.host_network {
                    return None;
                }
                let labels = &snapshot.namespace(pod.namespace_id).labels;
                let key = Arc::as_ptr(pod) as usize;
                let id = match self.known.get(&key) {
                    Some((_, seen, id)) if Arc::ptr_eq(seen, labels) || seen == labels => *id,
                    _ => self.intern(Group::of(pod, labels)),
                };
                known.insert(key, (pod.clone(), labels.clone(), id));
                Some(id)
            })
            .collect();
        self.known = known;
        assigned
    }

    fn intern(&mut self, group: Group) -> GroupId {
        if let Some(id) = self.ids.get(&group) {
            return *id;
        }
        let id = GroupId(self.all.len() as u32);
        let group = Arc::new(group);
        self.ids.insert(group.clone(), id);
        Arc::make_mut(&mut self.all).push(group);
        id
    }
}
