//! Services with their addresses and endpoints, and what they say about the ports that pods listen on.
mod aims;
mod allocate;
mod endpoints;
mod entry;
mod index;
mod listening;
mod node_ports;
mod parse;
mod shared;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use netloom_objects::{Object, Typed};

use self::{
    allocate::{Allocated, Allocator, Claim},
    endpoints::Ground,
    entry::{Built, Entry},
    index::{Changed, PodIndex},
    parse::Parsed,
    shared::Shared,
};
use crate::{
    addresses::plan::plan,
    dns,
    fast::Set,
    findings::{Findings, title},
    input::{Input, keep, keep_list, namespace_of},
    model::{AddressPlan, NodeId, Pod, Service, ServiceId},
    options::Options,
    topology::Topology,
    tracked::{Tracked, identity},
};

/// The result.
#[derive(Clone, Debug)]
pub struct ServicesBuilt {
    /// The whole address plan.
    pub plan: Arc<AddressPlan>,
    /// Sorted by namespace and name.
    pub services: Arc<Vec<Arc<Service>>>,
    /// Which of them is the cluster's DNS.
    pub dns: Option<ServiceId>,
    /// The pods, with the ports that Services and monitors aim at.
    pub pods: Arc<Vec<Arc<Pod>>>,
    /// What there is to say.
    pub findings: Findings,
    /// What netloom chose by itself.
    pub notes: Vec<String>,
}

struct ParsedEntry {
    parsed: Arc<Parsed>,
    findings: Findings,
}

type Key = (Arc<str>, Arc<str>);

/// Builds Services, and keeps what did not change.
#[derive(Default)]
pub struct Services {
    tracked: Tracked<ParsedEntry>,
    lists: Tracked<Option<Key>>,
    by_service: HashMap<Key, Vec<Arc<Object>>>,
    /// Sorted by namespace and name.
    entries: Vec<Entry>,
    allocator: Allocator,
    /// What the last allocation had to say.
    allocation: Findings,
    topology: Option<Topology>,
    index: PodIndex,
    /// The version of the list of monitors.
    monitors: u64,
    last: Option<ServicesBuilt>,
}

impl Services {
    /// The Services of these objects over these pods.
    pub fn update(&mut self, input: &Input, topology: &Topology, options: &Options) -> ServicesBuilt {
        let before = self.topology.take();
        let before = before.as_ref();
        let same_pods =
            before.is_some_and(|t| Arc::ptr_eq(&t.pods, &topology.pods) && t.extras == topology.extras);
        let same_nodes = before.is_some_and(|t| Arc::ptr_eq(&t.nodes, &topology.nodes));
        let same_ground = before.is_some_and(|t| t.ground == topology.ground);
        let new_services = self.take_services(&input.services().objects, options);
        let new_lists = self.take_lists(&input.endpoints().objects);
        let new_monitors = std::mem::replace(&mut self.monitors, input.monitors().version) != self.monitors;
        if let Some(last) = &self.last
            && !new_services
            && !new_lists
            && !new_monitors
            && same_pods
            && same_nodes
            && same_ground
        {
            self.topology = Some(topology.clone());
            return last.clone();
        }
        let changed = match same_pods {
            true => Changed::Few(Vec::new()),
            false if before.is_some_and(|t| t.extras == topology.extras) => self.index.update(&topology.pods),
            false => {
                self.index.update(&topology.pods);
                Changed::Many
            }
        };
        let mut notes = Vec::new();
        let given = allocate::given(self.entries.iter().map(|e| &*e.parsed));
        let old_plan = self.last.as_ref().map(|l| &l.plan);
        let others = self.others(topology);
        let services = (&*given, self.entries.len());
        let plan = keep(old_plan, plan(topology.ground, services, &others, options, &mut notes));
        let same_plan = old_plan.is_some_and(|old| Arc::ptr_eq(old, &plan));
        if new_services || !same_plan {
            self.allocation.0.clear();
            let claims: Vec<Claim<'_>> = self.entries.iter().map(Entry::claim).collect();
            let allocated = self.allocator.allocate(&claims, (&plan, &others), &mut self.allocation);
            for (entry, allocated) in self.entries.iter_mut().zip(allocated) {
                entry.dirty |= entry.allocated != allocated;
                entry.allocated = allocated;
            }
        }
        let services = self.build(topology, &changed, same_nodes);
        let mut findings = self.allocation.clone();
        self.tracked.entries.iter().for_each(|e| findings.0.extend(e.findings.0.iter().cloned()));
        for entry in &self.entries {
            findings.0.extend(entry.built.iter().flat_map(|b| b.findings.0.iter().cloned()));
        }
        self.say_strays(&mut findings);
        let built = ServicesBuilt {
            plan,
            dns: self.dns(),
            services: keep_list(self.last.as_ref().map(|l| &l.services), services),
            pods: self.listening(topology, &input.monitors().objects),
            findings,
            notes,
        };
        self.topology = Some(topology.clone());
        self.last = Some(built.clone());
        built
    }

    /// The addresses of pods and nodes, and those that Services have beside their ClusterIPs.
    fn others(&self, topology: &Topology) -> Vec<std::net::IpAddr> {
        let pods = topology.pods.iter().flat_map(|p| p.ips.iter());
        let nodes = topology.nodes.iter().flat_map(|n| n.ips.iter());
        let external = self.entries.iter().flat_map(|e| e.parsed.outward());
        pods.chain(nodes).chain(external).collect()
    }

    /// Takes the Service objects as they are now; whether they changed.
    fn take_services(&mut self, objects: &[Arc<Object>], options: &Options) -> bool {
        let read = |object: &Arc<Object>| {
            let mut findings = Findings::default();
            let parsed = Arc::new(parse::parse(object, options, &mut findings));
            ParsedEntry { parsed, findings }
        };
        let Some(delta) = self.tracked.update(objects, read) else { return false };
        let gone: Set<usize> = delta.removed.iter().map(|(object, _)| identity(object)).collect();
        let mut parted: HashMap<Key, Built> = HashMap::new();
        if !gone.is_empty() {
            for entry in self.entries.extract_if(.., |e| gone.contains(&e.object)) {
                parted.extend(entry.built.map(|b| (entry.parsed.key(), b)));
            }
        }
        for at in delta.made {
            let parsed = self.tracked.entries[at].parsed.clone();
            let key = parsed.key();
            self.entries.push(Entry {
                object: identity(&objects[at]),
                id: ServiceId(u32::MAX),
                dirty: true,
                parsed,
                allocated: Allocated::default(),
                lists: self.by_service.get(&key).cloned().unwrap_or_default(),
                built: parted.remove(&key),
            });
        }
        self.entries.sort_by(|a, b| a.parsed.names().cmp(&b.parsed.names()));
        true
    }

    /// Takes the lists of endpoints as they are now; whether they changed.
    fn take_lists(&mut self, objects: &[Arc<Object>]) -> bool {
        let Some(delta) = self.lists.update(objects, |o| service_of(o)) else { return false };
        let mut touched: Vec<Key> = delta.removed.into_iter().filter_map(|(_, key)| key).collect();
        touched.extend(delta.made.into_iter().filter_map(|at| self.lists.entries[at].clone()));
        let touched: HashSet<Key> = touched.into_iter().collect();
        touched.iter().for_each(|key| _ = self.by_service.remove(key));
        for (object, key) in objects.iter().zip(&self.lists.entries) {
            if let Some(key) = key.as_ref().filter(|key| touched.contains(key)) {
                self.by_service.entry(key.clone()).or_default().push(object.clone());
            }
        }
        for key in touched {
            if let Ok(at) = self.entries.binary_search_by(|e| e.parsed.names().cmp(&(&key.0, &key.1))) {
                self.entries[at].lists = self.by_service.get(&key).cloned().unwrap_or_default();
                self.entries[at].dirty = true;
            }
        }
        true
    }

    fn build(&mut self, topology: &Topology, changed: &Changed, same_nodes: bool) -> Vec<Arc<Service>> {
        let nodes: HashMap<Arc<str>, NodeId> =
            topology.nodes.iter().map(|n| (n.name.clone(), n.id)).collect();
        let ground = Ground { topology, index: &self.index, nodes: &nodes };
        let mut shared = Shared::default();
        let mut services = Vec::with_capacity(self.entries.len());
        for (i, entry) in self.entries.iter_mut().enumerate() {
            entry.build(ServiceId(i as u32), (&ground, &mut shared), changed, same_nodes);
            services.extend(entry.built.as_ref().map(|b| b.service.clone()));
        }
        services
    }

    /// The cluster's DNS: `kube-system/kube-dns`, else the first one labelled `k8s-app: kube-dns`.
    fn dns(&self) -> Option<ServiceId> {
        let names = (dns::NAMESPACE, dns::SERVICE);
        let at = self.entries.binary_search_by(|e| e.parsed.names().cmp(&names)).ok();
        let labelled = || self.entries.iter().position(|e| e.parsed.labelled_dns);
        at.or_else(labelled).map(|at| ServiceId(at as u32))
    }

    /// Lists of endpoints whose Service is not there.
    fn say_strays(&self, findings: &mut Findings) {
        let claimed = self.entries.iter().filter(|e| e.built.as_ref().is_some_and(|b| !b.lists.is_empty()));
        if claimed.count() == self.by_service.len() && self.lists.entries.iter().all(Option::is_some) {
            return;
        }
        for (object, key) in self.lists.objects().iter().zip(&self.lists.entries) {
            let Some((namespace, name)) = key else {
                findings
                    .warning(
                        object.reference.at.clone(),
                        format!("{} names no Service: nothing uses it", title(object)),
                    )
                    .help("set the label kubernetes.io/service-name");
                continue;
            };
            let wanted = (&**namespace, &**name);
            if self.entries.binary_search_by(|e| e.parsed.names().cmp(&wanted)).is_err() {
                let message = format!(
                    "{} belongs to Service {namespace}/{name}, which is not there: nothing uses it",
                    title(object)
                );
                findings.info(object.reference.at.clone(), message);
            }
        }
    }
}

/// The Service that a list of endpoints belongs to.
fn service_of(object: &Object) -> Option<(Arc<str>, Arc<str>)> {
    let name = match &object.typed {
        Typed::EndpointSlice(_) => Arc::from(object.labels().get("kubernetes.io/service-name")?.as_str()),
        _ => object.name.clone(),
    };
    Some((namespace_of(object), name))
}
