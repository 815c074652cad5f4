//! Services with their addresses and endpoints, and what they say about the ports that pods listen on.
mod allocate;
mod endpoints;
mod index;
mod parse;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use netloom_objects::{Object, Typed};

use self::{
    allocate::{Allocated, Allocator},
    endpoints::Ground,
    index::PodIndex,
    parse::{Parsed, Shape},
};
use crate::{
    addresses::plan::plan,
    findings::{Findings, title},
    input::{Input, identity, namespace_of, same},
    model::{
        AddressPlan, Endpoint, Node, NodeId, Pod, Protocol, Service, ServiceId, ServiceKind, ServicePort,
        TargetPort,
    },
    options::Options,
    topology::Topology,
};

/// The result.
#[derive(Clone, Debug)]
pub struct ServicesBuilt {
    /// The whole address plan.
    pub plan: Arc<AddressPlan>,
    /// Sorted by namespace and name.
    pub services: Arc<Vec<Arc<Service>>>,
    /// The pods, with the ports that Services aim at where they declare none themselves.
    pub pods: Arc<Vec<Arc<Pod>>>,
    /// What there is to say.
    pub findings: Findings,
    /// What netloom chose by itself.
    pub notes: Vec<String>,
}

struct ParsedEntry {
    object: Arc<Object>,
    parsed: Arc<Parsed>,
    findings: Findings,
}

/// A Service as it was built, with all that went into it.
struct Entry {
    parsed: Arc<Parsed>,
    allocated: Allocated,
    /// The selected pods, and whether each is being deleted.
    selected: Vec<(Arc<Pod>, bool)>,
    /// The pods of the whole cluster, which listed endpoints are looked up in.
    pods: Arc<Vec<Arc<Pod>>>,
    nodes: Arc<Vec<Node>>,
    objects: Vec<Arc<Object>>,
    ids: Vec<u32>,
    service: Arc<Service>,
    findings: Findings,
}

type Key = (Arc<str>, Arc<str>);

/// Builds Services, and keeps what did not change.
#[derive(Default)]
pub struct Services {
    objects: Vec<Arc<Object>>,
    endpoint_objects: Vec<Arc<Object>>,
    topology: Option<Topology>,
    parsed: HashMap<usize, ParsedEntry>,
    allocator: Allocator,
    index: PodIndex,
    by_service: HashMap<Key, Vec<Arc<Object>>>,
    entries: HashMap<Key, Entry>,
    last: Option<ServicesBuilt>,
}

impl Services {
    /// The Services of these objects over these pods.
    pub fn update(&mut self, input: &Input, topology: &Topology, options: &Options) -> ServicesBuilt {
        let same_objects = same(&self.objects, &input.services);
        let same_endpoints = same(&self.endpoint_objects, &input.endpoints);
        let before = self.topology.as_ref();
        let same_pods =
            before.is_some_and(|t| Arc::ptr_eq(&t.pods, &topology.pods) && t.extras == topology.extras);
        let same_ground =
            before.is_some_and(|t| Arc::ptr_eq(&t.nodes, &topology.nodes) && t.ground == topology.ground);
        if let Some(last) = &self.last
            && same_objects
            && same_endpoints
            && same_pods
            && same_ground
        {
            return last.clone();
        }
        if !same_pods {
            self.index = PodIndex::new(topology.pods.clone());
        }
        let mut findings = Findings::default();
        if !same_endpoints || self.last.is_none() {
            self.by_service = by_service(&input.endpoints);
            self.endpoint_objects.clone_from(&input.endpoints);
        }
        let parsed = self.parse(&input.services, options, &mut findings);
        self.objects.clone_from(&input.services);
        let refs: Vec<&Parsed> = parsed.iter().map(|p| &**p).collect();
        let mut notes = Vec::new();
        let plan = plan(topology.ground, &allocate::given(&refs), options, &mut notes);
        let allocated = self.allocator.allocate(&refs, &plan, &mut findings);
        let services = self.build(&parsed, allocated, topology, &mut findings);
        self.say_strays(&parsed, &mut findings);
        let pods = self.listening(&parsed, topology);
        let built = ServicesBuilt {
            plan: keep(self.last.as_ref().map(|l| &l.plan), plan),
            services: keep_list(self.last.as_ref().map(|l| &l.services), services),
            pods,
            findings,
            notes,
        };
        self.topology = Some(topology.clone());
        self.last = Some(built.clone());
        built
    }

    /// The Services by themselves, sorted.
    fn parse(
        &mut self,
        objects: &[Arc<Object>],
        options: &Options,
        findings: &mut Findings,
    ) -> Vec<Arc<Parsed>> {
        let mut before = std::mem::take(&mut self.parsed);
        let mut out = Vec::with_capacity(objects.len());
        for object in objects {
            let Typed::Service(service) = &object.typed else { continue };
            let entry = before.remove(&identity(object)).unwrap_or_else(|| {
                let mut findings = Findings::default();
                let parsed = Arc::new(parse::parse(object, service, options, &mut findings));
                ParsedEntry { object: object.clone(), parsed, findings }
            });
            findings.0.extend(entry.findings.0.iter().cloned());
            out.push(entry.parsed.clone());
            self.parsed.insert(identity(&entry.object), entry);
        }
        out.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        out
    }

    fn build(
        &mut self,
        parsed: &[Arc<Parsed>],
        allocated: Vec<Allocated>,
        topology: &Topology,
        findings: &mut Findings,
    ) -> Vec<Arc<Service>> {
        let nodes: HashMap<Arc<str>, NodeId> =
            topology.nodes.iter().map(|n| (n.name.clone(), n.id)).collect();
        let ground = Ground { topology, index: &self.index, nodes: &nodes };
        let mut before = std::mem::take(&mut self.entries);
        let mut services = Vec::with_capacity(parsed.len());
        for (i, (parsed, allocated)) in parsed.iter().zip(allocated).enumerate() {
            let key = (parsed.namespace.clone(), parsed.name.clone());
            let objects = self.by_service.get(&key).map_or(&[][..], Vec::as_slice);
            let id = ServiceId(i as u32);
            let entry = Entry::new(before.remove(&key), parsed, allocated, objects, id, &ground);
            findings.0.extend(entry.findings.0.iter().cloned());
            services.push(entry.service.clone());
            self.entries.insert(key, entry);
        }
        services
    }

    /// Gives pods that declare no ports those that Services aim at.
    fn listening(&self, parsed: &[Arc<Parsed>], topology: &Topology) -> Arc<Vec<Arc<Pod>>> {
        let mut added: BTreeMap<u32, Vec<(Protocol, u16)>> = BTreeMap::new();
        for service in parsed {
            let Some(entry) = self.entries.get(&(service.namespace.clone(), service.name.clone())) else {
                continue;
            };
            for id in entry.ids.iter().filter(|id| !topology.extras[**id as usize].declares) {
                let numbers = service.ports.iter().filter_map(|p| match p.target {
                    TargetPort::Number(number) => Some((p.protocol, number)),
                    TargetPort::Name(_) => None,
                });
                added.entry(*id).or_default().extend(numbers);
            }
        }
        if added.is_empty() {
            return topology.pods.clone();
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
    fn say_strays(&self, parsed: &[Arc<Parsed>], findings: &mut Findings) {
        for object in &self.endpoint_objects {
            let Some((namespace, name)) = service_of(object) else {
                findings
                    .warning(
                        object.reference.at.clone(),
                        format!("{} names no Service: nothing uses it", title(object)),
                    )
                    .help("set the label kubernetes.io/service-name");
                continue;
            };
            let wanted = (&*namespace, &*name);
            if parsed.binary_search_by(|s| (&*s.namespace, &*s.name).cmp(&wanted)).is_err() {
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
    fn new(
        before: Option<Self>,
        parsed: &Arc<Parsed>,
        allocated: Allocated,
        objects: &[Arc<Object>],
        id: ServiceId,
        ground: &Ground<'_>,
    ) -> Self {
        let topology = ground.topology;
        let before = before
            .filter(|b| (Arc::ptr_eq(&b.parsed, parsed) || b.parsed == *parsed) && b.allocated == allocated);
        let before = before.filter(|b| same(&b.objects, objects) && Arc::ptr_eq(&b.nodes, &topology.nodes));
        let ids = match (&before, &parsed.selector) {
            (_, None) => Vec::new(),
            (Some(before), _) if Arc::ptr_eq(&before.pods, &topology.pods) => before.ids.clone(),
            (_, Some(selector)) => ground.index.select(&parsed.namespace, selector),
        };
        let extra =
            |id: &u32| (topology.pods[*id as usize].clone(), topology.extras[*id as usize].terminating);
        let selected: Vec<(Arc<Pod>, bool)> = ids.iter().map(extra).collect();
        if let Some(before) = before {
            let unchanged = before.selected.len() == selected.len()
                && before.selected.iter().zip(&selected).all(|(a, b)| Arc::ptr_eq(&a.0, &b.0) && a.1 == b.1)
                && (!selected.is_empty() || objects.is_empty() || Arc::ptr_eq(&before.pods, &topology.pods));
            if unchanged {
                return before.renumbered(parsed, id, ids, selected, topology);
            }
        }
        let mut findings = Findings::default();
        let endpoints = match (&parsed.shape, ids.is_empty()) {
            (Shape::ExternalName(_), _) => Vec::new(),
            (_, false) => endpoints::of_pods(parsed, &ids, ground),
            (_, true) => endpoints::of_objects(parsed, objects, ground),
        };
        say_targets(parsed, &selected, endpoints.is_empty(), &mut findings);
        let service = Arc::new(assemble(parsed, &allocated, endpoints, id));
        Self {
            parsed: parsed.clone(),
            allocated,
            selected,
            pods: topology.pods.clone(),
            nodes: topology.nodes.clone(),
            objects: objects.to_vec(),
            ids,
            service,
            findings,
        }
    }

    /// The same Service, at another index perhaps.
    fn renumbered(
        self,
        parsed: &Arc<Parsed>,
        id: ServiceId,
        ids: Vec<u32>,
        selected: Vec<(Arc<Pod>, bool)>,
        topology: &Topology,
    ) -> Self {
        let service = match self.service.id == id {
            true => self.service,
            false => Arc::new(Service { id, ..Service::clone(&self.service) }),
        };
        Self { service, parsed: parsed.clone(), ids, selected, pods: topology.pods.clone(), ..self }
    }
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

fn by_service(objects: &[Arc<Object>]) -> HashMap<Key, Vec<Arc<Object>>> {
    let mut out: HashMap<Key, Vec<Arc<Object>>> = HashMap::new();
    for object in objects {
        if let Some(key) = service_of(object) {
            out.entry(key).or_default().push(object.clone());
        }
    }
    out
}

/// The old value where the new one is the same, so that whoever compares pointers sees no change.
fn keep<T: PartialEq>(before: Option<&Arc<T>>, now: T) -> Arc<T> {
    match before {
        Some(before) if **before == now => before.clone(),
        _ => Arc::new(now),
    }
}

/// The old list where the new one holds the very same values.
pub fn keep_list<T>(before: Option<&Arc<Vec<Arc<T>>>>, now: Vec<Arc<T>>) -> Arc<Vec<Arc<T>>> {
    match before {
        Some(before) if same(before, &now) => before.clone(),
        _ => Arc::new(now),
    }
}
