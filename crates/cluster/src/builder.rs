//! Objects to a Snapshot, again and again: what did not change is not built again.
use std::{collections::BTreeMap, sync::Arc};

use netloom_objects::{Diagnostic, Object, ObjectSet};

use crate::{
    dns, dns_files,
    findings::Findings,
    input::{Input, keep, same},
    model::{DnsServers, Pod, Snapshot},
    operators::Operators,
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
    /// Those of the builtin objects that the input lacks.
    added: Vec<Arc<Object>>,
    operators: Operators,
    input: Input,
    /// Versions of the lists that the topology was built of.
    versions: [u64; 4],
    topologist: Topologist,
    topology: Option<Topology>,
    services: Services,
    policies: Policies,
    dns_servers: Arc<DnsServers>,
    /// What the DNS servers were found in.
    dns_seen: Option<[u64; 3]>,
    dns_pods: Option<Arc<Vec<Arc<Pod>>>>,
}

impl Builder {
    /// A builder that has seen no objects yet.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            builtin: if options.add_dns { dns::objects() } else { Vec::new() },
            options,
            added: Vec::new(),
            operators: Operators::default(),
            input: Input::default(),
            versions: [0; 4],
            topologist: Topologist::default(),
            topology: None,
            services: Services::default(),
            policies: Policies::default(),
            dns_servers: Arc::default(),
            dns_seen: None,
            dns_pods: None,
        }
    }

    /// The Snapshot of these objects.
    pub fn build(&mut self, objects: &ObjectSet) -> Built {
        self.update(objects);
        let topology = self.topology();
        let services = self.services.update(&self.input, &topology, &self.options);
        let seen =
            [self.input.silent_version(), self.input.workloads().version, self.input.services().version];
        if self.dns_seen != Some(seen)
            || !self.dns_pods.as_ref().is_some_and(|p| Arc::ptr_eq(p, &services.pods))
        {
            let service = services.dns.map(|id| &*services.services[id.0 as usize]);
            let found = dns_files::find(&self.input, &services.pods, service);
            self.dns_servers = keep(Some(&self.dns_servers), found);
            self.dns_seen = Some(seen);
            self.dns_pods = Some(services.pods.clone());
        }
        let (policies, policy_findings) = self.policies.update(&self.input.policies().objects);
        let snapshot = Snapshot {
            zone: Arc::from(self.options.zone.trim_end_matches('.')),
            plan: services.plan,
            namespaces: topology.namespaces.clone(),
            nodes: topology.nodes.clone(),
            pods: services.pods,
            services: services.services,
            policies,
            dns_service: services.dns,
            dns_servers: self.dns_servers.clone(),
        };
        let mut notes: Vec<String> = dns::note(&self.added, &snapshot).into_iter().collect();
        notes.extend(topology.notes.iter().chain(&services.notes).cloned());
        let diagnostics = merged([&topology.findings, &services.findings, policy_findings]);
        Built { snapshot, diagnostics, notes, ignored: self.input.ignored().clone() }
    }

    /// Takes the objects, and those of the builtin ones that are missing among them.
    fn update(&mut self, objects: &ObjectSet) {
        let mut own: Vec<&Arc<Object>> = objects.objects().collect();
        let made = self.operators.make(&own).to_vec();
        own.extend(&made);
        let mut all = own.clone();
        all.extend(&self.added);
        let versions =
            |input: &Input| (input.services().version, input.workloads().version, input.namespaces().version);
        let before = versions(&self.input);
        self.input.update(&all);
        if self.builtin.is_empty() || (self.topology.is_some() && versions(&self.input) == before) {
            return;
        }
        let added = dns::missing(&self.input, &self.builtin);
        if !same(&added, &self.added) {
            self.added = added;
            let all: Vec<&Arc<Object>> = own.into_iter().chain(&self.added).collect();
            self.input.update(&all);
        }
    }

    fn topology(&mut self) -> Topology {
        let input = &self.input;
        let versions = [
            input.namespaces().version,
            input.nodes().version,
            input.workloads().version,
            input.namespace_names().1,
        ];
        match &self.topology {
            Some(topology) if versions == self.versions => topology.clone(),
            before => {
                let topology = self.topologist.build(input, &self.options).after(before.as_ref());
                self.topology = Some(topology.clone());
                self.versions = versions;
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
