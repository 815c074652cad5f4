//! Services with their addresses and endpoints, and what they say about the ports that pods listen on.
mod allocate;
mod endpoints;
mod index;
mod node_ports;
mod parse;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use netloom_objects::{Object, Typed};

use self::{
    allocate::{Allocated, Allocator, Claim},
    endpoints::Ground,
    index::{Changed, PodIndex},
    parse::{Parsed, Shape},
};
use crate::{
    addresses::plan::plan,
    dns,
    fast::Set,
    findings::{Findings, title},
    input::{Input, keep, keep_list, namespace_of, same},
    model::{
        AddressPlan, Endpoint, NodeId, Pod, Protocol, Service, ServiceId, ServiceKind, ServicePort,
        TargetPort,
    },
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
    /// The pods, with the ports that Services aim at where they declare none themselves.
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

/// One Service with all that went into it.
struct Entry {
    /// Tells the object.
    object: usize,
    /// Its index in the Snapshot when it was built last.
    id: ServiceId,
    /// Whether something other than pods and nodes changed since it was built.
    dirty: bool,
    parsed: Arc<Parsed>,
    allocated: Allocated,
    /// The lists of its endpoints.
    lists: Vec<Arc<Object>>,
    /// As it was when it was built last.
    built: Option<Built>,
}

struct Built {
    parsed: Arc<Parsed>,
    allocated: Allocated,
    /// The selected pods, and whether each is being deleted.
    selected: Vec<(Arc<Pod>, bool)>,
    /// The pods that listed endpoints were looked up in; none where nothing was.
    looked_up_in: Option<Arc<Vec<Arc<Pod>>>>,
    lists: Vec<Arc<Object>>,
    service: Arc<Service>,
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
        if let Some(last) = &self.last
            && !new_services
            && !new_lists
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
        let plan = keep(old_plan, plan(topology.ground, &given, options, &mut notes));
        let same_plan = old_plan.is_some_and(|old| Arc::ptr_eq(old, &plan));
        if new_services || !same_plan {
            self.allocation.0.clear();
            let claims: Vec<Claim<'_>> = self.entries.iter().map(Entry::claim).collect();
            let allocated = self.allocator.allocate(&claims, &plan, &mut self.allocation);
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
            pods: self.listening(topology),
            findings,
            notes,
        };
        self.topology = Some(topology.clone());
        self.last = Some(built.clone());
        built
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
        let mut services = Vec::with_capacity(self.entries.len());
        for (i, entry) in self.entries.iter_mut().enumerate() {
            entry.build(ServiceId(i as u32), &ground, changed, same_nodes);
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

    /// Gives pods that declare no ports those that Services aim at.
    fn listening(&self, topology: &Topology) -> Arc<Vec<Arc<Pod>>> {
        if topology.extras.iter().all(|e| e.declares) {
            return topology.pods.clone();
        }
        let mut added: BTreeMap<u32, Vec<(Protocol, u16)>> = BTreeMap::new();
        for entry in &self.entries {
            let selected = entry.built.iter().flat_map(|b| &b.selected);
            for (pod, _) in selected.filter(|(pod, _)| !topology.extras[pod.id.0 as usize].declares) {
                let numbers = entry.parsed.ports.iter().filter_map(|p| match p.target {
                    TargetPort::Number(number) => Some((p.protocol, number)),
                    TargetPort::Name(_) => None,
                });
                added.entry(pod.id.0).or_default().extend(numbers);
            }
        }
        let before = self.last.as_ref().map(|l| &l.pods);
        let mut pods: Vec<Arc<Pod>> = (*topology.pods).clone();
        for (id, ports) in added {
            let base = &mut pods[id as usize];
            let mut pod = Pod::clone(base);
            pod.listening.extend(ports);
            pod.listening.sort_unstable();
            pod.listening.dedup();
            *base = keep(before.and_then(|pods| pods.get(id as usize)), pod);
        }
        keep_list(before, pods)
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

impl Entry {
    fn claim(&self) -> Claim<'_> {
        Claim { now: &self.parsed, before: self.built.as_ref().map(|b| (&*b.parsed, &b.allocated)) }
    }

    /// Builds the Service, unless it is built as it is to be.
    fn build(&mut self, id: ServiceId, ground: &Ground<'_>, changed: &Changed, same_nodes: bool) {
        let topology = ground.topology;
        let parsed = &self.parsed;
        let same_ground = same_nodes
            && match (&parsed.selector, &self.built) {
                (_, None) => false,
                (_, Some(built)) if built.looked_up_in.is_some() => {
                    built.looked_up_in.as_ref().is_some_and(|pods| Arc::ptr_eq(pods, &topology.pods))
                }
                (None, Some(_)) => true,
                (Some(selector), Some(_)) => !changed.touch(&parsed.namespace, selector),
            };
        if same_ground && !self.dirty {
            self.renumber(id);
            return;
        }
        let selected = parsed.selector.as_ref().map_or_else(Vec::new, |selector| {
            let pod =
                |id: u32| (topology.pods[id as usize].clone(), topology.extras[id as usize].terminating);
            ground.index.select(&parsed.namespace, selector).into_iter().map(pod).collect()
        });
        if let Some(built) = &mut self.built {
            let looks_up = built.looked_up_in.is_some();
            let as_it_was = (Arc::ptr_eq(&built.parsed, parsed) || built.parsed == *parsed)
                && built.allocated == self.allocated
                && same(&built.lists, &self.lists)
                && same_selection(&built.selected, &selected)
                && if looks_up { same_ground } else { same_nodes };
            if as_it_was {
                built.parsed = parsed.clone();
                self.dirty = false;
                self.renumber(id);
                return;
            }
        }
        let mut findings = Findings::default();
        let looks_up = selected.is_empty() && !self.lists.is_empty();
        let endpoints = match &parsed.shape {
            Shape::ExternalName(_) => Vec::new(),
            _ if looks_up => endpoints::of_objects(parsed, &self.lists, ground),
            _ => endpoints::of_pods(parsed, &selected, ground),
        };
        say_targets(parsed, &selected, endpoints.is_empty(), &mut findings);
        let service = assemble(parsed, &self.allocated, endpoints, id);
        let service = keep(self.built.as_ref().map(|b| &b.service), service);
        self.built = Some(Built {
            parsed: parsed.clone(),
            allocated: self.allocated.clone(),
            selected,
            looked_up_in: looks_up.then(|| topology.pods.clone()),
            lists: self.lists.clone(),
            service,
            findings,
        });
        self.id = id;
        self.dirty = false;
    }

    /// The same Service, at another index perhaps.
    fn renumber(&mut self, id: ServiceId) {
        if let Some(built) = self.built.as_mut().filter(|_| self.id != id) {
            if built.service.id != id {
                built.service = Arc::new(Service { id, ..Service::clone(&built.service) });
            }
            self.id = id;
        }
    }
}

fn same_selection(a: &[(Arc<Pod>, bool)], b: &[(Arc<Pod>, bool)]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| Arc::ptr_eq(&a.0, &b.0) && a.1 == b.1)
}

fn assemble(parsed: &Parsed, allocated: &Allocated, endpoints: Vec<Endpoint>, id: ServiceId) -> Service {
    let port = |(port, node_port): (&ServicePort, &Option<u16>)| ServicePort {
        node_port: *node_port,
        ..port.clone()
    };
    Service {
        id,
        name: parsed.name.clone(),
        namespace: parsed.namespace.clone(),
        kind: match &parsed.shape {
            Shape::Virtual => ServiceKind::Virtual(allocated.ips),
            Shape::Headless => ServiceKind::Headless,
            Shape::ExternalName(name) => ServiceKind::ExternalName(name.clone()),
        },
        ports: parsed.ports.iter().zip(&allocated.node_ports).map(port).collect(),
        has_selector: parsed.selector.is_some(),
        endpoints: Arc::new(endpoints),
        affinity: parsed.affinity,
        internal_policy: parsed.internal_policy,
        external_policy: parsed.external_policy,
        distribution: parsed.distribution,
        lb_ips: allocated.lb.clone(),
        external_ips: parsed.external_ips.clone(),
        source_ranges: parsed.source_ranges.clone(),
        health_check_node_port: allocated.health,
        publish_not_ready: parsed.publish_not_ready,
        origin: parsed.origin.clone(),
    }
}

/// Says where a selector or a target port hits nothing.
fn say_targets(parsed: &Parsed, selected: &[(Arc<Pod>, bool)], empty: bool, findings: &mut Findings) {
    let name = format!("Service {}/{}", parsed.namespace, parsed.name);
    if parsed.selector.is_none() {
        return;
    }
    if selected.is_empty() {
        if empty {
            findings
                .warning(parsed.origin.at.clone(), format!("{name} selects no pod: it has no endpoints"))
                .help("compare spec.selector with the labels of the pods, in the same namespace");
        }
        return;
    }
    for port in &parsed.ports {
        match &port.target {
            TargetPort::Name(target) => {
                if selected.iter().all(|(pod, _)| pod.named_port(target, port.protocol).is_none()) {
                    findings
                        .warning(
                            port.origin.at.clone(),
                            format!("{name}: none of its pods has a {} port named {target:?}: port {} leads nowhere", port.protocol, port.port),
                        )
                        .help(known_ports(selected));
                }
            }
            TargetPort::Number(target) => {
                let wanted = (port.protocol, *target);
                let declared = |pod: &Pod| pod.containers.iter().any(|c| !c.ports.is_empty());
                if selected.iter().all(|(pod, _)| declared(pod) && !pod.listening.contains(&wanted)) {
                    findings
                        .warning(
                            port.origin.at.clone(),
                            format!("{name}: none of its pods declares port {target}/{}: port {} leads nowhere here", port.protocol, port.port),
                        )
                        .help(known_ports(selected));
                }
            }
        }
    }
}

fn known_ports(selected: &[(Arc<Pod>, bool)]) -> String {
    let mut known: Vec<String> = Vec::new();
    for port in selected.iter().flat_map(|(pod, _)| pod.containers.iter()).flat_map(|c| &c.ports) {
        let text = match &port.name {
            Some(name) => format!("{name} ({}/{})", port.port, port.protocol),
            None => format!("{}/{}", port.port, port.protocol),
        };
        if !known.contains(&text) {
            known.push(text);
        }
    }
    match known.is_empty() {
        true => "its pods declare no ports".to_owned(),
        false => format!("its pods declare {}", known.join(", ")),
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
