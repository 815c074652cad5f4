//! Objects to a Snapshot, again and again: what did not change is not built again.
use std::{collections::BTreeMap, sync::Arc};

use netloom_objects::{Diagnostic, Object, ObjectSet};

use crate::{
    dns,
    findings::Findings,
    input::{Input, same},
    model::{ServiceId, Snapshot},
    options::Options,
    policies::Policies,
    services::Services,
    topology::{Topologist, Topology},
};

/// A Snapshot, and what there is to say about the objects that it was made of.
#[derive(Clone, Debug)]
pub struct Built {
    /// The state of the cluster.
    pub snapshot: Snapshot,
    /// Findings that need more than one object to see, and what netloom reads but does not act on. What is wrong
    /// inside one object is [`ObjectSet::all_diagnostics`].
    pub diagnostics: Vec<Diagnostic>,
    /// What netloom added or chose by itself, a sentence each.
    pub notes: Vec<String>,
    /// How many objects are of kinds that say nothing to netloom, by apiVersion and kind.
    pub ignored: BTreeMap<(Arc<str>, Arc<str>), usize>,
}

/// Builds the Snapshot of one set of objects.
#[must_use]
pub fn build(objects: &ObjectSet, options: &Options) -> Built {
    Builder::new(options.clone()).build(objects)
}

/// Builds Snapshots of a set of objects that changes.
///
/// A pod that stays keeps its node and addresses, a Service its addresses and node ports. Nodes, pods, Services
/// and policies that come out as before are the same [`Arc`] as before, and so are the lists of them.
pub struct Builder {
    options: Options,
    builtin: Vec<Arc<Object>>,
    input: Input,
    topologist: Topologist,
    topology: Option<Topology>,
    services: Services,
    policies: Policies,
}

impl Builder {
    /// A builder that has seen no objects yet.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            builtin: if options.add_dns { dns::objects() } else { Vec::new() },
            options,
            input: Input::default(),
            topologist: Topologist::default(),
            topology: None,
            services: Services::default(),
            policies: Policies::default(),
        }
    }

    /// The Snapshot of these objects.
    pub fn build(&mut self, objects: &ObjectSet) -> Built {
        let mut input = Input::sort(objects.objects());
        let added: Vec<Arc<Object>> = dns::missing(&input, &self.builtin).into_iter().cloned().collect();
        added.iter().for_each(|object| input.add(object));
        let topology = self.topology(&input);
        let services = self.services.update(&input, &topology, &self.options);
        let (policies, policy_findings) = self.policies.update(&input.policies);
        let dns_service = dns::service(&input).and_then(|wanted| {
            let wanted = (wanted.reference.namespace.as_deref()?, &*wanted.name);
            let at = services.services.binary_search_by(|s| (&*s.namespace, &*s.name).cmp(&wanted)).ok()?;
            Some(ServiceId(at as u32))
        });
        let snapshot = Snapshot {
            zone: Arc::from(self.options.zone.trim_end_matches('.')),
            plan: services.plan,
            namespaces: topology.namespaces.clone(),
            nodes: topology.nodes.clone(),
            pods: services.pods,
            services: services.services,
            policies,
            dns_service,
        };
        let mut notes: Vec<String> = dns::note(&added, &snapshot).into_iter().collect();
        notes.extend(topology.notes.iter().chain(&services.notes).cloned());
        let diagnostics = merged([&topology.findings, &services.findings, policy_findings]);
        self.input = input;
        Built { snapshot, diagnostics, notes, ignored: objects.other_kinds() }
    }

    fn topology(&mut self, input: &Input) -> Topology {
        let unchanged = same(&self.input.namespaces, &input.namespaces)
            && same(&self.input.nodes, &input.nodes)
            && same(&self.input.workloads, &input.workloads)
            && self.input.namespace_names == input.namespace_names;
        match &self.topology {
            Some(topology) if unchanged => topology.clone(),
            before => {
                let topology = self.topologist.build(input, &self.options).after(before.as_ref());
                self.topology = Some(topology.clone());
                topology
            }
        }
    }
}

/// All findings in the order of the input.
fn merged(findings: [&Findings; 3]) -> Vec<Diagnostic> {
    let mut all: Vec<Diagnostic> = findings.into_iter().flat_map(|f| f.0.iter().cloned()).collect();
    all.sort_by(|a, b| (&a.at, a.severity).cmp(&(&b.at, b.severity)));
    all
}
