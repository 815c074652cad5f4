//! What rules read: the objects by kind and name, the workloads, and the compiled World.
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use netloom_cluster::{Operator, Pod, Requirement, Selector, Snapshot};
use netloom_explain::World;
use netloom_objects::{Object, ObjectSet};
use netloom_policy::{Compiler, PolicySet};

use crate::{Kind, Settings, Version, Workload, rules::policy::Index};

type Name<'a> = (&'a str, &'a str, Option<&'a str>, &'a str);

/// The workloads whose pods have a label: by namespace, key and value the list, and in it their indices.
#[derive(Default)]
struct LabelIndex<'a> {
    numbers: HashMap<(&'a str, &'a str, &'a str), usize>,
    lists: Vec<Vec<usize>>,
}

/// The workloads that a selector picks in a namespace, by both.
type Picked = HashMap<Selector, HashMap<String, Arc<[usize]>>>;

/// The set of manifests, ready for questions.
pub struct Context<'a> {
    /// What the user says about the cluster.
    pub settings: &'a Settings,
    /// The objects as they were read.
    pub set: &'a ObjectSet,
    snapshot: &'a Snapshot,
    kinds: HashMap<(&'a str, &'a str), Vec<&'a Object>>,
    names: HashMap<Name<'a>, &'a Object>,
    workloads: Vec<Workload<'a>>,
    by_namespace: HashMap<&'a str, Vec<usize>>,
    by_label: OnceLock<LabelIndex<'a>>,
    /// The workloads that selectors picked: many objects have the same one.
    picked: Mutex<Picked>,
    pods: HashMap<(&'a str, &'a str, &'a str), Vec<&'a Arc<Pod>>>,
    policies: OnceLock<Arc<PolicySet>>,
    world: OnceLock<World>,
    policy_index: OnceLock<Index<'a>>,
}

impl<'a> Context<'a> {
    /// The objects of a set by kind and name; `snapshot` is the set's.
    #[must_use]
    pub fn new(set: &'a ObjectSet, snapshot: &'a Snapshot, settings: &'a Settings) -> Self {
        let mut kinds: HashMap<_, Vec<_>> = HashMap::new();
        let mut names = HashMap::new();
        let mut workloads: Vec<Workload<'a>> = Vec::new();
        let mut by_namespace: HashMap<_, Vec<_>> = HashMap::new();
        for object in set.objects() {
            let (group, kind) = (group_of(object), &*object.kind);
            kinds.entry((group, kind)).or_default().push(&**object);
            names.insert((group, kind, object.reference.namespace.as_deref(), &*object.name), &**object);
            for workload in Workload::all_of(object) {
                by_namespace.entry(workload.namespace()).or_default().push(workloads.len());
                workloads.push(workload);
            }
        }
        let mut pods: HashMap<_, Vec<_>> = HashMap::new();
        for pod in snapshot.pods.iter() {
            pods.entry((&*pod.namespace, &*pod.workload.kind, &*pod.workload.name)).or_default().push(pod);
        }
        Self {
            settings,
            set,
            snapshot,
            kinds,
            names,
            workloads,
            by_namespace,
            by_label: OnceLock::new(),
            picked: Mutex::default(),
            pods,
            policies: OnceLock::new(),
            world: OnceLock::new(),
            policy_index: OnceLock::new(),
        }
    }

    /// The version of Kubernetes that the manifests are for.
    #[must_use]
    pub fn kube_version(&self) -> Version {
        self.settings.kube_version
    }

    /// The version of Istio that the manifests are for.
    #[must_use]
    pub fn istio_version(&self) -> Version {
        self.settings.istio_version
    }

    /// Whether every object of a kind in a namespace (none: cluster-scoped) is in the set, so that one that is not
    /// there does not exist.
    #[must_use]
    pub fn is_closed(&self, kind: &str, namespace: Option<&str>) -> bool {
        self.settings.closed.has(kind, namespace)
    }

    /// All objects of a kind, in the order of the input.
    pub fn all<K: Kind + 'a>(&self) -> impl Iterator<Item = (&'a Object, &'a K)> + use<'a, K> {
        self.all_of(K::GROUP, K::KIND).into_iter().filter_map(|object| Some((object, K::of(&object.typed)?)))
    }

    /// The object of a kind by namespace (none for cluster-scoped kinds) and name.
    #[must_use]
    pub fn find<K: Kind + 'a>(&self, namespace: Option<&str>, name: &str) -> Option<(&'a Object, &'a K)> {
        let object = self.find_any(K::GROUP, K::KIND, namespace, name)?;
        Some((object, K::of(&object.typed)?))
    }

    /// The object of any kind, typed or not, by API group (empty for the core group), kind, namespace and name.
    #[must_use]
    pub fn find_any(
        &self,
        group: &str,
        kind: &str,
        namespace: Option<&str>,
        name: &str,
    ) -> Option<&'a Object> {
        self.names.get(&(group, kind, namespace, name)).copied()
    }

    /// All objects of any kind, typed or not, by API group and kind.
    #[must_use]
    pub fn all_of(&self, group: &str, kind: &str) -> Vec<&'a Object> {
        self.kinds.get(&(group, kind)).cloned().unwrap_or_default()
    }

    /// Everything that has pods.
    #[must_use]
    pub fn workloads(&self) -> &[Workload<'a>] {
        &self.workloads
    }

    /// Everything in a namespace that has pods.
    pub fn workloads_in(&self, namespace: &str) -> impl Iterator<Item = &Workload<'a>> {
        let indices = self.by_namespace.get(namespace).map_or(&[][..], Vec::as_slice);
        indices.iter().map(|index| &self.workloads[*index])
    }

    /// The workloads of a namespace whose pods a selector of labels (`spec.selector` of a Service) selects.
    pub fn workloads_with(
        &self,
        namespace: &str,
        labels: &BTreeMap<String, String>,
    ) -> impl Iterator<Item = &Workload<'a>> + use<'_, 'a> {
        let requirement = |(key, value): (&String, &String)| Requirement {
            key: key.clone(),
            operator: Operator::In(vec![value.clone()]),
        };
        self.workloads_selected(
            namespace,
            &Selector { requirements: labels.iter().map(requirement).collect() },
        )
    }

    /// The workloads of a namespace whose pods a label selector selects.
    pub fn workloads_selected(
        &self,
        namespace: &str,
        selector: &Selector,
    ) -> impl Iterator<Item = &Workload<'a>> + use<'_, 'a> {
        let known = {
            let picked = self.picked.lock().unwrap_or_else(PoisonError::into_inner);
            picked.get(selector).and_then(|by_namespace| by_namespace.get(namespace)).cloned()
        };
        let indices = known.unwrap_or_else(|| {
            let indices = self.pick(namespace, selector);
            let mut picked = self.picked.lock().unwrap_or_else(PoisonError::into_inner);
            picked.entry(selector.clone()).or_default().insert(namespace.to_owned(), indices.clone());
            indices
        });
        (0..indices.len()).map(move |nth| &self.workloads[indices[nth]])
    }

    fn pick(&self, namespace: &str, selector: &Selector) -> Arc<[usize]> {
        let wanted = selector.requirements.iter().filter_map(|requirement| match &requirement.operator {
            Operator::In(values) => match values.as_slice() {
                [value] => Some((requirement.key.as_str(), value.as_str())),
                _ => None,
            },
            _ => None,
        });
        let is_picked =
            |index: &&usize| self.labels_of(&self.workloads[**index]).any(|own| selector.matches(own));
        self.candidates(namespace, wanted).iter().filter(is_picked).copied().collect()
    }

    /// The labels of a workload's pods: of its template, and of each of its pods with what its controller adds.
    fn labels_of(&self, workload: &Workload<'a>) -> impl Iterator<Item = &BTreeMap<String, String>> {
        let of_pods = self.pods_of(workload).iter().map(|pod| &*pod.labels);
        std::iter::once(workload.labels()).chain(of_pods)
    }

    /// The Snapshot's pods of a namespace: those that operators make among them.
    #[must_use]
    pub fn pods_in(&self, namespace: &str) -> &'a [Arc<Pod>] {
        let pods = &self.snapshot.pods;
        let start = pods.partition_point(|pod| *pod.namespace < *namespace);
        let end = pods.partition_point(|pod| *pod.namespace <= *namespace);
        &pods[start..end]
    }

    /// The workloads that have the rarest of some labels; all of the namespace where no label is asked for.
    fn candidates<'s>(
        &self,
        namespace: &'s str,
        labels: impl Iterator<Item = (&'s str, &'s str)>,
    ) -> &[usize] {
        let index = self.by_label.get_or_init(|| {
            let mut index = LabelIndex::default();
            for (at, workload) in self.workloads.iter().enumerate() {
                let of_pods = self.pods_of(workload).iter().flat_map(|pod| pod.labels.iter());
                for (key, value) in workload.labels().iter().chain(of_pods) {
                    let next = index.lists.len();
                    let list = *index.numbers.entry((workload.namespace(), key, value)).or_insert(next);
                    if list == next {
                        index.lists.push(Vec::new());
                    }
                    if index.lists[list].last() != Some(&at) {
                        index.lists[list].push(at);
                    }
                }
            }
            index
        });
        let with = labels.map(|(key, value)| {
            let list = index.numbers.get(&(namespace, key, value)).copied();
            list.map_or(&[][..], |list| index.lists[list].as_slice())
        });
        let all = self.by_namespace.get(namespace).map_or(&[][..], Vec::as_slice);
        with.min_by_key(|with| with.len()).unwrap_or(all)
    }

    /// The Snapshot's pods of a workload.
    #[must_use]
    pub fn pods_of(&self, workload: &Workload<'a>) -> &[&'a Arc<Pod>] {
        let key = (workload.namespace(), &*workload.object.kind, workload.name());
        self.pods.get(&key).map_or(&[], Vec::as_slice)
    }

    /// The labels of a namespace. Where no Namespace object declares it, only `kubernetes.io/metadata.name` is known.
    #[must_use]
    pub fn namespace_labels(&self, namespace: &str) -> Option<&'a BTreeMap<String, String>> {
        let id = self.snapshot.find_namespace(namespace)?;
        Some(&self.snapshot.namespace(id).labels)
    }

    /// The Snapshot of the set.
    #[must_use]
    pub fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    /// The compiled policies: ask these about verdicts, never the manifests.
    pub fn policies(&self) -> &PolicySet {
        self.policies.get_or_init(|| Compiler::default().compile(self.snapshot))
    }

    /// The policies, with the pods that they select.
    pub(crate) fn policy_index(&self) -> &Index<'a> {
        self.policy_index.get_or_init(|| Index::new(self))
    }

    /// The compiled World, for questions about whole ways (Services, names). Dearer than [`Self::policies`].
    pub fn world(&self) -> &World {
        self.world.get_or_init(|| World::compile(self.snapshot.clone()))
    }
}

/// `networking.k8s.io` of `networking.k8s.io/v1`; empty for the core group. Calico serves its kinds under two groups,
/// which stand for the same objects.
pub(crate) fn group_of(object: &Object) -> &str {
    match object.group() {
        "projectcalico.org" => "crd.projectcalico.org",
        group => group,
    }
}
