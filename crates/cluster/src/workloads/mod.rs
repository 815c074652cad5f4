//! Workloads to the pods that they run.
mod expand;
mod live;
pub mod names;
mod owners;
pub mod template;

use std::{collections::HashMap, sync::Arc};

use netloom_objects::{Object, ObjectRef, Typed};

use self::{owners::Owners, template::Template};
use crate::{
    findings::Findings,
    input::identity,
    model::{Addrs, Labels, Workload},
    nodes::{NodeSpec, place::daemon_nodes},
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

struct Entry {
    object: Arc<Object>,
    covered: bool,
    workload: Workload,
    /// The nodes that a DaemonSet was expanded for.
    nodes: Option<Vec<Arc<str>>>,
    expansion: Expansion,
}

/// Expands workloads, and keeps what it expanded while the object stays.
#[derive(Default)]
pub struct Workloads {
    entries: HashMap<usize, Entry>,
}

impl Workloads {
    /// The pods of all objects but DaemonSets, which need to know the nodes first.
    pub fn expand(&mut self, objects: &[Arc<Object>], findings: &mut Findings) -> Vec<Draft> {
        let owners = Owners::new(objects);
        let mut before = std::mem::take(&mut self.entries);
        let mut drafts = Vec::with_capacity(objects.len());
        for object in objects {
            let covered = owners.covers(object);
            let workload = owners.workload(object);
            let kept = before.remove(&identity(object));
            let kept = kept.filter(|e| e.covered == covered && e.workload == workload);
            let entry = kept.unwrap_or_else(|| {
                let expansion = match &object.typed {
                    Typed::Pod(_) => expand_one(object, &workload),
                    _ if covered => Expansion::default(),
                    _ => expand_one(object, &workload),
                };
                Entry { object: object.clone(), covered, workload, nodes: None, expansion }
            });
            if !matches!(object.typed, Typed::DaemonSet(_)) {
                drafts.extend(entry.expansion.drafts.iter().cloned());
                findings.0.extend(entry.expansion.findings.0.iter().cloned());
            }
            self.entries.insert(identity(&entry.object), entry);
        }
        drafts
    }

    /// Adds the pods of DaemonSets.
    pub fn expand_daemons(
        &mut self,
        objects: &[Arc<Object>],
        specs: &[NodeSpec],
        drafts: &mut Vec<Draft>,
        findings: &mut Findings,
    ) {
        for object in objects {
            let Typed::DaemonSet(set) = &object.typed else { continue };
            let Some(entry) = self.entries.get_mut(&identity(object)).filter(|e| !e.covered) else {
                continue;
            };
            let template = entry.template(set);
            let nodes = daemon_nodes(specs, &template.wants);
            if entry.nodes.as_ref() != Some(&nodes) {
                entry.expansion = expand::daemon_set(object, &entry.workload, &template, &nodes);
                entry.nodes = Some(nodes);
            }
            drafts.extend(entry.expansion.drafts.iter().cloned());
            findings.0.extend(entry.expansion.findings.0.iter().cloned());
        }
    }
}

impl Entry {
    fn template(&self, set: &k8s_openapi::api::apps::v1::DaemonSet) -> Arc<Template> {
        match self.expansion.drafts.first() {
            Some(draft) => draft.template.clone(),
            None => Arc::new(expand::daemon_template(set)),
        }
    }
}

fn expand_one(object: &Arc<Object>, workload: &Workload) -> Expansion {
    match &object.typed {
        Typed::Pod(pod) => live::pod(object, pod, workload),
        _ => expand::workload(object, workload),
    }
}

/// Info for every `hostPort`: netloom reads it and does not act on it.
fn say_host_ports(object: &Object, spec_path: &str, template: &Template, findings: &mut Findings) {
    for path in &template.host_port_paths {
        findings
            .info(
                object.locate(&format!("{spec_path}.{path}")),
                format!(
                    "{}: hostPort is not programmed: the port is not reachable at the node's address",
                    crate::findings::title(object)
                ),
            )
            .help("reach the pod through a Service of type NodePort, or give it hostNetwork");
    }
}

/// Drops all but the first of pods with the same name, and sorts by namespace and name.
pub fn sort(drafts: &mut Vec<Draft>, findings: &mut Findings) {
    drafts.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    drafts.dedup_by(|later, first| {
        let same = later.namespace == first.namespace && later.name == first.name;
        if same {
            findings
                .error(
                    later.origin.at.clone(),
                    format!("two pods are called {}/{}: the second is left out", later.namespace, later.name),
                )
                .related(first.origin.at.clone(), "the first one");
        }
        same
    });
}
