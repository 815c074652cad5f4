//! Who is compared: the workloads, pods and nodes of both sides, each with itself.
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use netloom_cluster::{NodeId, PodId, Snapshot, Workload};
use netloom_objects::ObjectRef;
use netloom_reach::{ClassId, EndpointId, EndpointKind, Party, Reach};

/// The number of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnitId(pub(crate) u32);

impl UnitId {
    /// Its place among the units.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A workload, a pod of one whose pods differ on either side, or a node.
#[derive(Clone, Debug)]
pub struct Unit {
    /// `namespace/name[Kind]`, as the table has it.
    pub name: Arc<str>,
    /// What it was; none where it was not there.
    pub before: Option<Member>,
    /// What it is; none where it is not there any more.
    pub after: Option<Member>,
}

/// A unit on one side.
#[derive(Clone, Debug)]
pub struct Member {
    /// Who it is.
    pub party: Party,
    /// The pod that policies select; none for a node.
    pub pod: Option<PodId>,
    /// The object that declares it.
    pub origin: Arc<ObjectRef>,
    pub(crate) class: ClassId,
}

/// The units of two sides, sorted by name, and those of each endpoint.
pub(crate) struct Units {
    pub all: Vec<Unit>,
    pub of_endpoint: [HashMap<EndpointId, Vec<UnitId>>; 2],
}

/// What is the same on both sides: a workload by namespace, kind and name, a node by name.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key<'r> {
    Workload(&'r str, &'r Workload),
    Node(&'r str),
}

impl Units {
    pub fn of(before: &Reach, after: &Reach) -> Self {
        let mut keyed: BTreeMap<Key<'_>, [Vec<EndpointId>; 2]> = BTreeMap::new();
        for (side, reach) in [before, after].into_iter().enumerate() {
            for endpoint in reach.endpoints().iter().filter(|e| !e.builtin) {
                let Some(id) = reach.find(&endpoint.name) else { continue };
                let namespace = endpoint.namespace.as_deref().unwrap_or_default();
                let key = match &endpoint.kind {
                    EndpointKind::Workload(workload) | EndpointKind::Pod(workload) => {
                        Key::Workload(namespace, workload)
                    }
                    EndpointKind::Node(_) => Key::Node(&endpoint.name),
                };
                keyed.entry(key).or_default()[side].push(id);
            }
        }
        // A pod is itself, whatever owns it on either side.
        let mut named: BTreeMap<Arc<str>, [Option<(Member, EndpointId)>; 2]> = BTreeMap::new();
        for ids in keyed.values() {
            let split = [before, after].iter().zip(ids).any(|(reach, ids)| is_split(reach, ids));
            for (side, (reach, ids)) in [before, after].into_iter().zip(ids).enumerate() {
                for (name, member, id) in ids.iter().flat_map(|id| members(reach, *id, split)) {
                    named.entry(name).or_default()[side] = Some((member, id));
                }
            }
        }
        let mut units = Self { all: Vec::with_capacity(named.len()), of_endpoint: Default::default() };
        for (nth, (name, sides)) in named.into_iter().enumerate() {
            let [(before, old), (after, new)] = sides.map(Option::unzip);
            for (of_endpoint, id) in units.of_endpoint.iter_mut().zip([old, new]) {
                id.into_iter().for_each(|id| of_endpoint.entry(id).or_default().push(UnitId(nth as u32)));
            }
            units.all.push(Unit { name, before, after });
        }
        units
    }

    /// A unit on one side: before, after.
    pub fn member(&self, unit: UnitId, side: usize) -> Option<&Member> {
        let unit = &self.all[unit.index()];
        if side == 0 { unit.before.as_ref() } else { unit.after.as_ref() }
    }
}

fn is_split(reach: &Reach, ids: &[EndpointId]) -> bool {
    ids.iter().any(|id| matches!(reach.endpoint(*id).kind, EndpointKind::Pod(_)))
}

/// An endpoint as it is compared: as a whole, or pod by pod.
fn members(reach: &Reach, id: EndpointId, split: bool) -> Vec<(Arc<str>, Member, EndpointId)> {
    let endpoint = reach.endpoint(id);
    let member = |party, pod, origin| Member { party, pod, origin, class: endpoint.class };
    if split {
        let of_pod = |pod: &PodId| {
            let name = reach.name_of(Party::Pod(*pod), None).into();
            let origin = reach.snapshot().pod(*pod).origin.clone();
            (name, member(Party::Pod(*pod), Some(*pod), origin), id)
        };
        return endpoint.pods.iter().map(of_pod).collect();
    }
    let first = endpoint.pods.first().copied();
    vec![(endpoint.name.clone(), member(Party::Endpoint(id), first, endpoint.origin.clone()), id)]
}

/// Whether everything about a unit that policies go by is the same on both sides.
pub(crate) fn is_alike(before: &Reach, old: &Member, after: &Reach, new: &Member) -> bool {
    let snapshots = (before.snapshot(), after.snapshot());
    match (old.pod, new.pod) {
        (Some(old), Some(new)) => pods_are_alike(snapshots.0, old, snapshots.1, new),
        (None, None) => match (node_of(before, old), node_of(after, new)) {
            (Some(old), Some(new)) => nodes_are_alike(snapshots.0, old, snapshots.1, new),
            _ => false,
        },
        _ => false,
    }
}

fn node_of(reach: &Reach, member: &Member) -> Option<NodeId> {
    let Party::Endpoint(id) = member.party else { return None };
    match reach.endpoint(id).kind {
        EndpointKind::Node(node) => Some(node),
        _ => None,
    }
}

fn pods_are_alike(before: &Snapshot, old: PodId, after: &Snapshot, new: PodId) -> bool {
    let (old, new) = (before.pod(old), after.pod(new));
    let namespaces = [before.namespace(old.namespace_id), after.namespace(new.namespace_id)];
    let ports = |pod: &netloom_cluster::Pod| -> Vec<_> {
        let named = pod.containers.iter().flat_map(|c| &c.ports).filter(|port| port.name.is_some());
        named.cloned().collect()
    };
    old.labels == new.labels
        && namespaces[0].name == namespaces[1].name
        && namespaces[0].labels == namespaces[1].labels
        && old.host_network == new.host_network
        && old.ips == new.ips
        && ports(old) == ports(new)
        && (!old.host_network || nodes_are_alike(before, old.node, after, new.node))
}

fn nodes_are_alike(before: &Snapshot, old: NodeId, after: &Snapshot, new: NodeId) -> bool {
    let (old, new) = (before.node(old), after.node(new));
    old.labels == new.labels && old.ips == new.ips
}
