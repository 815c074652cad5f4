//! Units: pods that one policy is about, with the selector that tells them from the others of their namespace.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use netloom_cluster::{Operator, Pod, PodId, Requirement, Selector, Snapshot, Workload};
use netloom_objects::{Location, Object, ObjectRef, ObjectSet, Typed};

use crate::selector::{Labelled, lasting, least};

/// The number of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnitId(u32);

impl UnitId {
    /// Its place among the units.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Pods that policies cannot tell apart: mostly those of one workload.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Its number.
    pub id: UnitId,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// What its policy is called.
    pub name: String,
    /// The workloads; several where they have the same labels.
    pub workloads: Vec<Workload>,
    /// Their pods.
    pub pods: Vec<PodId>,
    /// Selects these pods in their namespace.
    pub selector: Selector,
    /// Pods of other units that the selector selects too, because no selector tells them apart.
    pub also: Vec<String>,
    /// The object that declares the first workload.
    pub origin: Arc<ObjectRef>,
}

impl Unit {
    /// `namespace/name`.
    #[must_use]
    pub fn title(&self) -> String {
        let names: Vec<&str> = self.workloads.iter().map(|w| &*w.name).collect();
        format!("{}/{}", self.namespace, names.join("+"))
    }

    /// Whether no label tells its pods from others: its selector takes every pod that lacks some labels, or every pod.
    #[must_use]
    pub fn is_unlabelled(&self) -> bool {
        let asks = |r: &Requirement| matches!(r.operator, Operator::In(_) | Operator::Exists);
        !self.selector.requirements.iter().any(asks)
    }

    /// Whether no object of the input declares it: the cluster DNS that is taken as given.
    #[must_use]
    pub fn is_builtin(&self) -> bool {
        self.origin.at == Location::builtin()
    }
}

/// All units of a Snapshot: of every pod that policies can be about.
#[derive(Debug)]
pub struct Units {
    all: Vec<Unit>,
    of_pod: Vec<Option<UnitId>>,
}

/// The pods of one workload, with the labels that all of them have.
struct Kin<'s> {
    workload: &'s Workload,
    pods: Vec<&'s Arc<Pod>>,
    labels: BTreeMap<String, String>,
}

impl Units {
    /// Puts the pods of a Snapshot together, but those on the host's network: no policy is about them.
    #[must_use]
    pub fn of(objects: &ObjectSet, snapshot: &Snapshot) -> Self {
        let written = written_selectors(objects);
        let mut units = Self { all: Vec::new(), of_pod: vec![None; snapshot.pods.len()] };
        let mut namespaces: BTreeMap<&str, Vec<&Arc<Pod>>> = BTreeMap::new();
        for pod in snapshot.pods.iter().filter(|p| !p.host_network) {
            namespaces.entry(&pod.namespace).or_default().push(pod);
        }
        for (namespace, pods) in namespaces {
            units.add_namespace(namespace, &pods, &written);
        }
        units
    }

    fn add_namespace(&mut self, namespace: &str, pods: &[&Arc<Pod>], written: &WrittenSelectors<'_>) {
        let mut alike: BTreeMap<BTreeMap<String, String>, Vec<Kin<'_>>> = BTreeMap::new();
        for kin in kin(pods) {
            alike.entry(kin.labels.clone()).or_default().push(kin);
        }
        let labels: Vec<Labelled<'_>> =
            pods.iter().map(|pod| Labelled { pod: pod.id, labels: &pod.labels }).collect();
        let mut taken = BTreeSet::from(RESERVED.map(str::to_owned));
        let mut groups: Vec<Vec<Kin<'_>>> = alike.into_values().collect();
        groups.sort_by(|a, b| a[0].workload.name.cmp(&b[0].workload.name));
        for group in groups {
            let own: Vec<PodId> = group.iter().flat_map(|kin| &kin.pods).map(|pod| pod.id).collect();
            let key = (namespace, &*group[0].workload.kind, &*group[0].workload.name);
            let preferred = written.get(&key).copied();
            let selector = least(&group[0].labels, preferred, &own, &labels);
            let others = pods.iter().filter(|p| !own.contains(&p.id) && selector.matches(&p.labels));
            let also: BTreeSet<String> =
                others.map(|p| format!("{}/{}", p.namespace, p.workload.name)).collect();
            let id = UnitId(self.all.len() as u32);
            own.iter().for_each(|pod| self.of_pod[pod.0 as usize] = Some(id));
            self.all.push(Unit {
                id,
                namespace: group[0].pods[0].namespace.clone(),
                name: policy_name(&group, &mut taken),
                origin: group[0].pods[0].origin.clone(),
                workloads: group.iter().map(|kin| kin.workload.clone()).collect(),
                pods: own,
                selector,
                also: also.into_iter().collect(),
            });
        }
    }

    /// All of them, by namespace and name.
    #[must_use]
    pub fn all(&self) -> &[Unit] {
        &self.all
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, id: UnitId) -> &Unit {
        &self.all[id.index()]
    }

    /// Those of a namespace.
    #[must_use]
    pub fn in_namespace(&self, namespace: &str) -> &[Unit] {
        let start = self.all.partition_point(|unit| *unit.namespace < *namespace);
        let end = self.all.partition_point(|unit| *unit.namespace <= *namespace);
        &self.all[start..end]
    }

    /// The unit of a pod; none of one on the host's network.
    #[must_use]
    pub fn of_pod(&self, pod: PodId) -> Option<UnitId> {
        self.of_pod.get(pod.0 as usize).copied().flatten()
    }

    /// The unit of a workload.
    #[must_use]
    pub fn of_workload(&self, namespace: &str, kind: &str, name: &str) -> Option<UnitId> {
        let is = |w: &Workload| *w.kind == *kind && *w.name == *name;
        self.in_namespace(namespace).iter().find(|unit| unit.workloads.iter().any(is)).map(|unit| unit.id)
    }
}

/// Names of policies that stand beside those of units.
pub(crate) const DEFAULT_DENY: &str = "default-deny";
/// See [`DEFAULT_DENY`].
pub(crate) const ALLOW_DNS: &str = "allow-dns";
const RESERVED: [&str; 2] = [DEFAULT_DENY, ALLOW_DNS];

/// The pods by workload, with the labels that all pods of a workload have and that are not one pod's own.
fn kin<'s>(pods: &[&'s Arc<Pod>]) -> Vec<Kin<'s>> {
    let mut places: HashMap<&Workload, usize> = HashMap::new();
    let mut all: Vec<Kin<'_>> = Vec::new();
    for &pod in pods {
        let place = *places.entry(&pod.workload).or_insert_with(|| {
            all.push(Kin { workload: &pod.workload, pods: Vec::new(), labels: lasting(&pod.labels) });
            all.len() - 1
        });
        let kin = &mut all[place];
        kin.labels.retain(|key, value| pod.labels.get(key) == Some(value));
        kin.pods.push(pod);
    }
    all
}

/// The name of a unit's policy: its workload's, with the kind behind it where two have the same.
fn policy_name(group: &[Kin<'_>], taken: &mut BTreeSet<String>) -> String {
    let first = group[0].workload;
    let plain = first.name.to_string();
    let with_kind = format!("{}-{}", first.name, first.kind.to_ascii_lowercase());
    let numbered = (2..).map(|nth| format!("{with_kind}-{nth}"));
    let mut candidates = [plain, with_kind.clone()].into_iter().chain(numbered);
    // There is no end of candidates.
    let name = candidates.find(|name| !taken.contains(name)).unwrap_or(with_kind);
    taken.insert(name.clone());
    name
}

/// The namespace that an object is in.
pub(crate) fn namespace_of(object: &Object) -> &str {
    object.reference.namespace.as_deref().unwrap_or("default")
}

type WrittenSelectors<'a> = HashMap<(&'a str, &'a str, &'a str), &'a BTreeMap<String, String>>;

/// `spec.selector.matchLabels` of workloads, by namespace, kind and name.
fn written_selectors(objects: &ObjectSet) -> WrittenSelectors<'_> {
    let all = objects.objects().filter_map(|object| {
        let namespace = object.reference.namespace.as_deref().unwrap_or("default");
        Some(((namespace, &*object.kind, &*object.name), selector_of(object)?))
    });
    all.collect()
}

fn selector_of(object: &Object) -> Option<&BTreeMap<String, String>> {
    match &object.typed {
        Typed::Deployment(o) => o.spec.as_ref()?.selector.match_labels.as_ref(),
        Typed::StatefulSet(o) => o.spec.as_ref()?.selector.match_labels.as_ref(),
        Typed::DaemonSet(o) => o.spec.as_ref()?.selector.match_labels.as_ref(),
        Typed::ReplicaSet(o) => o.spec.as_ref()?.selector.match_labels.as_ref(),
        Typed::ReplicationController(o) => o.spec.as_ref()?.selector.as_ref(),
        Typed::Runner(o) => match o.groups.as_slice() {
            [group] => group.selector.as_ref()?.match_labels.as_ref(),
            _ => None,
        },
        _ => None,
    }
}
