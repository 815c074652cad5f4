//! Workloads to the pods that they run.
mod expand;
mod labels;
mod live;
pub mod names;
mod owners;
mod runner;
pub mod template;

use std::sync::Arc;

use netloom_objects::{Object, ObjectRef, Typed};

use self::{owners::Owners, template::Template};
use crate::{
    fast::Set,
    findings::Findings,
    model::{Addrs, Labels, Workload},
    nodes::{NodeSpec, place::daemon_nodes},
    tracked::Tracked,
};

/// A pod before it has a node and addresses.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// What it is made of.
    pub template: Arc<Template>,
    /// Its labels: the template's and those that its controller adds.
    pub labels: Labels,
    /// What made it.
    pub workload: Workload,
    /// The node that the DaemonSet made it for.
    pub daemon_node: Option<Arc<str>>,
    /// Its host name, where it has one to be found by.
    pub hostname: Option<Arc<str>>,
    /// The headless Service that it is found under.
    pub subdomain: Option<Arc<str>>,
    /// Addresses that its status gives.
    pub given: Addrs,
    /// Addresses of its node that its status gives.
    pub host_ips: Addrs,
    /// Whether it is Ready.
    pub ready: bool,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// The object that declares it.
    pub origin: Arc<ObjectRef>,
}

/// The pods of one object.
#[derive(Clone, Debug, Default)]
struct Expansion {
    drafts: Vec<Draft>,
    findings: Findings,
}

/// The nodes that a DaemonSet was expanded for; none where it has a pod without one.
type NodeNames = Option<Vec<Arc<str>>>;

struct Entry {
    /// Whether the object names an owner.
    owned: bool,
    /// How it was expanded: whether its pods come from elsewhere, and the workload at the top of its owners.
    as_of: Option<(bool, Workload)>,
    /// A DaemonSet's template, and the nodes that it was expanded for, once it was.
    daemon: Option<(Arc<Template>, NodeNames)>,
    drafts: Vec<Arc<Draft>>,
    findings: Findings,
}

/// Expands workloads, and keeps what it expanded while the object stays.
#[derive(Default)]
pub struct Workloads {
    tracked: Tracked<Entry>,
    /// The pods of all entries, sorted.
    sorted: Vec<Arc<Draft>>,
    gone: Set<usize>,
    come: Vec<Arc<Draft>>,
}

impl Workloads {
    /// Expands all objects but DaemonSets, which need to know the nodes first.
    pub fn expand(&mut self, objects: &[Arc<Object>]) {
        let made = |object: &Arc<Object>| Entry {
            owned: owners::controller(object).is_some(),
            as_of: None,
            daemon: None,
            drafts: Vec::new(),
            findings: Findings::default(),
        };
        let Some(delta) = self.tracked.update(objects, made) else { return };
        delta.removed.iter().for_each(|(_, entry)| self.gone.extend(entry.drafts.iter().map(pointer)));
        let owners = self.tracked.entries.iter().any(|e| e.owned).then(|| Owners::new(objects));
        for (object, entry) in objects.iter().zip(&mut self.tracked.entries) {
            let as_of = match &owners {
                Some(owners) => (owners.covers(object), owners.workload(object)),
                None if entry.as_of.is_some() => continue,
                None => (false, Workload { kind: object.kind.clone(), name: object.name.clone() }),
            };
            if entry.as_of.as_ref() == Some(&as_of) {
                continue;
            }
            let expansion = match &object.typed {
                Typed::Pod(_) => expand_one(object, &as_of.1),
                Typed::DaemonSet(_) => Expansion::default(),
                _ if as_of.0 => Expansion::default(),
                _ => expand_one(object, &as_of.1),
            };
            entry.daemon = match &object.typed {
                Typed::DaemonSet(set) if !as_of.0 => Some((Arc::new(expand::daemon_template(set)), None)),
                _ => None,
            };
            entry.as_of = Some(as_of);
            entry.replace(expansion, &mut self.gone, &mut self.come);
        }
    }

    /// Expands DaemonSets.
    pub fn expand_daemons(&mut self, specs: &[NodeSpec]) {
        for (object, entry) in self.tracked.pairs() {
            let Some((_, workload)) = entry.as_of.clone() else { continue };
            let Some((template, before)) = entry.daemon.take() else { continue };
            let nodes = daemon_nodes(specs, &template.wants);
            if before.is_none_or(|before| before != nodes) {
                let expansion = expand::daemon_set(object, &workload, &template, &nodes);
                entry.replace(expansion, &mut self.gone, &mut self.come);
            }
            entry.daemon = Some((template, Some(nodes)));
        }
    }

    /// What all pods are made of, with repetitions.
    pub fn templates(&self) -> impl Iterator<Item = &Arc<Template>> {
        self.tracked.entries.iter().flat_map(|entry| {
            let daemon = entry.daemon.as_ref().map(|(template, _)| template);
            let drafts = if daemon.is_some() { &[][..] } else { &entry.drafts[..] };
            // Pods of one template stand side by side.
            let runs = drafts.chunk_by(|a, b| Arc::ptr_eq(&a.template, &b.template));
            daemon.into_iter().chain(runs.filter_map(|run| run.first()).map(|draft| &draft.template))
        })
    }

    /// The pods of all objects but DaemonSets, in no order.
    pub fn bare(&self) -> impl Iterator<Item = &Arc<Draft>> {
        self.tracked.entries.iter().filter(|e| e.daemon.is_none()).flat_map(|e| &e.drafts)
    }

    /// All pods by namespace and name; of those with the same name only the first.
    pub fn sorted(&mut self, findings: &mut Findings) -> Vec<Arc<Draft>> {
        if !self.gone.is_empty() {
            let gone = std::mem::take(&mut self.gone);
            self.sorted.retain(|draft| !gone.contains(&pointer(draft)));
        }
        self.sorted.append(&mut self.come);
        self.sorted.sort_by(|a, b| compare(a, b).then_with(|| a.origin.at.cmp(&b.origin.at)));
        for entry in &self.tracked.entries {
            findings.0.extend(entry.findings.0.iter().cloned());
        }
        let mut unique = self.sorted.clone();
        unique.dedup_by(|later, first| {
            let same = compare(later, first).is_eq();
            // What comes last in the names of most pods is made up: in a cluster it is another for each.
            if same && !matches!(&*later.workload.kind, "Pod" | "StatefulSet") {
                let name = Arc::from(format!("{}{}", later.name, later.workload.kind.to_ascii_lowercase()));
                *later = Arc::new(Draft { name, ..Draft::clone(later) });
                return false;
            }
            if same {
                let message =
                    format!("two pods are called {}/{}: the second is left out", later.namespace, later.name);
                findings
                    .error(later.origin.at.clone(), message)
                    .related(first.origin.at.clone(), "the first one");
            }
            same
        });
        unique.sort_by(|a, b| compare(a, b));
        unique
    }
}

/// Tells drafts apart, for as long as both are held.
fn pointer(draft: &Arc<Draft>) -> usize {
    Arc::as_ptr(draft) as usize
}

/// By namespace and name.
pub fn compare(a: &Draft, b: &Draft) -> std::cmp::Ordering {
    let namespaces = match Arc::ptr_eq(&a.namespace, &b.namespace) {
        true => std::cmp::Ordering::Equal,
        false => a.namespace.cmp(&b.namespace),
    };
    namespaces.then_with(|| a.name.cmp(&b.name))
}

impl Entry {
    /// Takes a new expansion.
    fn replace(&mut self, expansion: Expansion, gone: &mut Set<usize>, come: &mut Vec<Arc<Draft>>) {
        gone.extend(self.drafts.iter().map(pointer));
        self.drafts = expansion.drafts.into_iter().map(Arc::new).collect();
        come.extend(self.drafts.iter().cloned());
        self.findings = expansion.findings;
    }
}

fn expand_one(object: &Arc<Object>, workload: &Workload) -> Expansion {
    match &object.typed {
        Typed::Pod(pod) => live::pod(object, pod, workload),
        Typed::Runner(of) => runner::pods(object, of, workload),
        _ => expand::workload(object, workload),
    }
}
