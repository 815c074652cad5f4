//! Endpoints: workloads, the pods of those whose pods differ, and nodes.
use std::{collections::HashMap, sync::Arc};

use netloom_cluster::{NamespaceId, NodeId, Pod, PodId, Snapshot, Workload};
use netloom_objects::{Location, ObjectRef};

use crate::{classes::ClassId, names};

/// The number of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EndpointId(pub(crate) u32);

impl EndpointId {
    /// Its place among the endpoints.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What an endpoint is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointKind {
    /// All pods of a workload; a bare pod is its own.
    Workload(Workload),
    /// One pod of a workload whose pods differ.
    Pod(Workload),
    /// A node that is declared.
    Node(NodeId),
}

/// Someone in the cluster who connects and is connected to.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// `namespace/name[Kind]`, `name[Node]`. No two have the same.
    pub name: Arc<str>,
    /// Its namespace; none for a node.
    pub namespace: Option<Arc<str>>,
    /// What it is.
    pub kind: EndpointKind,
    /// Its pods; none for a node.
    pub pods: Vec<PodId>,
    /// Its class.
    pub class: ClassId,
    /// The object that declares it.
    pub origin: Arc<ObjectRef>,
    /// Whether no object of the input declares it: the cluster DNS that is taken as given.
    pub builtin: bool,
}

/// The endpoints of a Snapshot, sorted by name.
pub(crate) fn endpoints(snapshot: &Snapshot, of_pod: &[ClassId], of_node: &[ClassId]) -> Vec<Endpoint> {
    let mut places: HashMap<(NamespaceId, &Workload), usize> = HashMap::new();
    let mut workloads: Vec<Vec<&Arc<Pod>>> = Vec::new();
    for pod in snapshot.pods.iter() {
        let place = *places.entry((pod.namespace_id, &pod.workload)).or_insert_with(|| {
            workloads.push(Vec::new());
            workloads.len() - 1
        });
        workloads[place].push(pod);
    }
    let class = |pod: &Pod| of_pod[pod.id.0 as usize];
    let mut endpoints = Vec::with_capacity(workloads.len());
    for pods in workloads {
        let Some(first) = pods.first() else { continue };
        if pods.iter().all(|pod| class(pod) == class(first)) {
            let kind = EndpointKind::Workload(first.workload.clone());
            let ids = pods.iter().map(|p| p.id).collect();
            endpoints.push(endpoint(first, names::workload(first), kind, ids, class(first)));
        } else {
            endpoints.extend(pods.iter().map(|pod| {
                let kind = EndpointKind::Pod(pod.workload.clone());
                endpoint(pod, names::pod(pod), kind, vec![pod.id], class(pod))
            }));
        }
    }
    for node in snapshot.nodes.iter() {
        let Some(origin) = &node.origin else { continue };
        endpoints.push(Endpoint {
            name: names::node(node),
            namespace: None,
            kind: EndpointKind::Node(node.id),
            pods: Vec::new(),
            class: of_node[node.id.0 as usize],
            origin: origin.clone(),
            builtin: false,
        });
    }
    endpoints.sort_by(|a, b| a.name.cmp(&b.name));
    endpoints
}

fn endpoint(pod: &Pod, name: Arc<str>, kind: EndpointKind, pods: Vec<PodId>, class: ClassId) -> Endpoint {
    Endpoint {
        name,
        namespace: Some(pod.namespace.clone()),
        kind,
        pods,
        class,
        origin: pod.origin.clone(),
        builtin: pod.origin.at == Location::builtin(),
    }
}
