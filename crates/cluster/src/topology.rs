//! Namespaces, nodes and pods with their addresses: everything but Services and policies.
mod given;

use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::Arc,
};

use self::given::{Reserved, refuse_impossible};
use crate::{
    addresses::{
        family,
        plan::{Given, Ground, ground, roomy},
        pool::Pool,
        special::special_address,
    },
    fast::{Map, Set},
    findings::Findings,
    input::{Input, same},
    model::{Addrs, Family, Namespace, NamespaceId, Nets, Node, NodeId, Pod, PodId},
    namespaces::namespaces,
    nodes::{
        self, NodeSpec, Nodes,
        blocks::Blocks,
        fit::Wants,
        made::Making,
        place::{Placed, place},
    },
    options::{Addressing, Options, Pending},
    population::{Population, Tenants},
    workloads::{self, Draft, Workloads, template::Template},
};

/// What Services need to know of a pod beyond [`Pod`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extra {
    /// It is being deleted.
    pub terminating: bool,
    /// Its containers declare ports.
    pub declares: bool,
}

/// The result.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    /// Sorted by name.
    pub namespaces: Arc<Vec<Namespace>>,
    /// In input order.
    pub nodes: Arc<Vec<Node>>,
    /// Sorted by namespace and name.
    pub pods: Arc<Vec<Arc<Pod>>>,
    /// For each pod.
    pub extras: Arc<Vec<Extra>>,
    /// The ranges of nodes and pods.
    pub ground: Ground,
    /// What there is to say.
    pub findings: Findings,
    /// What netloom chose by itself.
    pub notes: Vec<String>,
}

impl Topology {
    /// Takes what is the same from the one before, so that whoever compares pointers sees no change.
    #[must_use]
    pub fn after(mut self, before: Option<&Self>) -> Self {
        let Some(before) = before else { return self };
        if self.namespaces == before.namespaces {
            self.namespaces = before.namespaces.clone();
        }
        if self.nodes == before.nodes {
            self.nodes = before.nodes.clone();
        }
        if same(&self.pods, &before.pods) {
            self.pods = before.pods.clone();
        }
        self
    }
}

/// A pod as it was built, with what went into it.
struct Last {
    draft: Arc<Draft>,
    pod: Arc<Pod>,
    node: Arc<str>,
}

/// Builds the topology, and remembers where pods are and which addresses they and the nodes have.
#[derive(Default)]
pub struct Topologist {
    workloads: Workloads,
    blocks: Blocks,
    node_ips: HashMap<Arc<str>, Addrs>,
    pools: HashMap<(Arc<str>, Family), Pool>,
    /// Sorted by namespace and name.
    last: Vec<Last>,
    /// How many nodes were made last.
    made: Option<usize>,
}

impl Topologist {
    /// Builds it anew; what did not change comes out as it was.
    pub fn build(&mut self, input: &Input, options: &Options) -> Topology {
        let mut findings = Findings::default();
        let mut notes = Vec::new();
        let namespaces = namespaces(input, &mut notes);
        self.workloads.expand(&input.workloads().objects);
        let Population { mut specs, drafts, places, pending, before } =
            self.populate(input, options, &mut findings, &mut notes);
        let tenants = Tenants::of(&specs, &drafts, &places);
        refuse_impossible(&mut specs, &mut findings);
        let reserved = Reserved::of(&input.services().objects);
        let ground = ground(&given(&specs, &drafts, &reserved), options, &mut notes);
        let ground = roomy(ground, &tenants.counts, options, &mut notes);
        let nodes = self.nodes(&specs, &tenants, ground, (options, &reserved), &mut findings);
        say_foreign_host_ips(&nodes, &drafts, &places, &mut findings);
        let ips =
            self.addresses(&nodes, &drafts, &places, &pending, &before, (options, &reserved), &mut findings);
        let (mut pods, extras) = self.assemble(drafts, &places, &pending, &before, &ips, &namespaces, &nodes);
        nodes::ports::refuse_taken(&mut pods, &nodes, &mut findings);
        Topology {
            namespaces: Arc::new(namespaces),
            nodes: Arc::new(nodes),
            pods: Arc::new(pods),
            extras: Arc::new(extras),
            ground,
            findings,
            notes,
        }
    }

    /// Nodes, and pods on them. Nodes that are made are as many as pods need to be apart from each other.
    fn populate(
        &mut self,
        input: &Input,
        options: &Options,
        findings: &mut Findings,
        notes: &mut Vec<String>,
    ) -> Population {
        let templates: Vec<Arc<Template>> = self.workloads.templates().cloned().collect();
        let making = Making::of(templates.iter());
        let Nodes { mut specs, made } =
            nodes::nodes(&input.nodes().objects, self.workloads.bare(), &making, options, notes);
        // A network that runs keeps the nodes that it has.
        let running = self.made.filter(|_| options.pending == Pending::LeftOut);
        if made && let Some(count) = running {
            let any = Wants::default();
            while specs.len() < count && making.make_another(&mut specs, &any) {}
        }
        let mut most = usize::MAX;
        let mut enough = specs.len();
        loop {
            let mut said = Findings::default();
            self.workloads.expand_daemons(&specs);
            let drafts = self.workloads.sorted(&mut said);
            let before = self.before(&drafts);
            // Pods that ask otherwise of their neighbours are placed anew, as a rollout would.
            let stays = |(at, draft): (&Option<usize>, &Arc<Draft>)| {
                let last = &self.last[(*at)?];
                (last.draft.template.neighbours == draft.template.neighbours).then_some(&*last.node)
            };
            let previous: Vec<Option<&str>> = before.iter().zip(&drafts).map(stays).collect();
            let Placed { nodes, crowded } = place(&specs, &drafts, &previous, options.pending, &mut said);
            if made && running.is_none() && !crowded.is_empty() && most > 0 {
                if crowded.len() < most {
                    (most, enough) = (crowded.len(), specs.len());
                    for draft in crowded.iter().map(|at| &drafts[*at]) {
                        making.make_another(&mut specs, &draft.template.wants);
                    }
                    if specs.len() > enough {
                        continue;
                    }
                } else {
                    // More nodes do not help.
                    specs.truncate(enough);
                    most = 0;
                    continue;
                }
            }
            if made {
                self.made = Some(specs.len());
                if specs.len() > options.nodes.max(1) as usize {
                    let names: Vec<&str> = specs.iter().map(|s| &*s.name).collect();
                    let count = names.len();
                    notes.push(format!(
                        "no Node objects: {count} made, as pods ask for: {}",
                        names.join(", ")
                    ));
                }
            }
            findings.0.append(&mut said.0);
            let count = specs.len();
            return Population::of(specs, drafts, &nodes, before, |nth| match options.pending {
                Pending::Analysed => Some(NodeId((nth % count) as u32)),
                Pending::LeftOut => None,
            });
        }
    }

    /// Where each draft was in the pods built last; both are sorted alike.
    fn before(&self, drafts: &[Arc<Draft>]) -> Vec<Option<usize>> {
        let mut at = 0;
        let find = |draft: &Arc<Draft>| {
            while let Some(last) = self.last.get(at) {
                if Arc::ptr_eq(&last.draft, draft) {
                    return Some(at);
                }
                match workloads::compare(&last.draft, draft) {
                    Ordering::Less => at += 1,
                    Ordering::Equal => return Some(at),
                    Ordering::Greater => return None,
                }
            }
            None
        };
        drafts.iter().map(find).collect()
    }

    /// The nodes with their addresses and pod ranges.
    fn nodes(
        &mut self,
        specs: &[NodeSpec],
        tenants: &Tenants,
        ground: Ground,
        (options, reserved): (&Options, &Reserved),
        findings: &mut Findings,
    ) -> Vec<Node> {
        let assigned = match options.addressing {
            Addressing::Assigned => {
                self.blocks.assign(ground.pods, specs, &tenants.counts, &tenants.addresses)
            }
            Addressing::Known => Ok(specs.iter().map(|s| s.pod_cidrs).collect()),
        };
        let cidrs = match assigned {
            Ok(cidrs) => cidrs,
            Err(error) => {
                let at = specs.first().and_then(|s| s.origin.as_ref()).map(|o| o.at.clone());
                findings.error(at.unwrap_or_else(netloom_objects::Location::builtin), error.to_string());
                specs.iter().map(|s| s.pod_cidrs).collect()
            }
        };
        let ips = self.node_addresses(specs, ground.nodes, (options, reserved), findings);
        let node = |(i, ((spec, ips), pod_cidrs)): (usize, ((&NodeSpec, Addrs), Nets))| Node {
            id: NodeId(i as u32),
            name: spec.name.clone(),
            labels: spec.labels.clone(),
            ips,
            pod_cidrs,
            origin: spec.origin.clone(),
        };
        specs.iter().zip(ips).zip(cidrs).enumerate().map(node).collect()
    }

    fn node_addresses(
        &mut self,
        specs: &[NodeSpec],
        range: Nets,
        (options, reserved): (&Options, &Reserved),
        findings: &mut Findings,
    ) -> Vec<Addrs> {
        let mut owners: HashMap<IpAddr, &NodeSpec> = HashMap::new();
        for spec in specs {
            for ip in spec.ips.iter() {
                let Some(first) = owners.insert(ip, spec) else { continue };
                let at = |s: &NodeSpec| {
                    s.origin.as_ref().map(|o| o.at.clone()).unwrap_or_else(netloom_objects::Location::builtin)
                };
                findings
                    .error(
                        at(spec),
                        format!("nodes {} and {} both have the address {ip}", first.name, spec.name),
                    )
                    .related(at(first), "the other one");
            }
        }
        let mut used: Set<IpAddr> = owners.into_keys().chain(reserved.all()).collect();
        let mut out: Vec<Addrs> = specs.iter().map(|s| nodes::restrict_addrs(s.ips, options)).collect();
        if options.addressing == Addressing::Known {
            return out;
        }
        for (spec, ips) in specs.iter().zip(&mut out) {
            let before = self.node_ips.get(&spec.name).copied().unwrap_or_default();
            for ip in before.iter().filter(|ip| range.contains(*ip)) {
                if ips.of(Family::of(ip)).is_none() && used.insert(ip) {
                    ips.fill(ip);
                }
            }
        }
        for net in range.iter() {
            // The first address is left to a router, as everywhere.
            let mut pool = Pool::new(net, 2);
            for (spec, ips) in specs.iter().zip(&mut out).filter(|(_, ips)| ips.of(family(net)).is_none()) {
                match pool.take(&mut used) {
                    Some(ip) => ips.fill(ip),
                    None => {
                        let message =
                            format!("the node range {net} has no address left for node {}", spec.name);
                        let at = spec.origin.as_ref().map(|o| o.at.clone());
                        findings
                            .error(at.unwrap_or_else(netloom_objects::Location::builtin), message)
                            .help("choose a larger one with --node-cidr");
                    }
                }
            }
        }
        self.node_ips = specs.iter().map(|s| s.name.clone()).zip(out.iter().copied()).collect();
        out
    }

    /// The addresses of every pod: its node's, those given, those it had, or new ones. None where none is left.
    #[allow(clippy::too_many_arguments, reason = "each is a part of what is being built")]
    fn addresses(
        &mut self,
        nodes: &[Node],
        drafts: &[Arc<Draft>],
        places: &[NodeId],
        pending: &[bool],
        before: &[Option<usize>],
        (options, reserved): (&Options, &Reserved),
        findings: &mut Findings,
    ) -> Vec<Option<Addrs>> {
        let of_nodes: Map<IpAddr, &Node> =
            nodes.iter().flat_map(|node| node.ips.iter().map(move |ip| (ip, node))).collect();
        let mut owners: Map<IpAddr, &Draft> = Map::default();
        let mut out = vec![Addrs::default(); drafts.len()];
        for ((draft, node), ips) in drafts.iter().zip(places).zip(&mut out) {
            if draft.template.host_network {
                *ips = nodes[node.0 as usize].ips;
                continue;
            }
            for ip in nodes::restrict_addrs(draft.given, options).iter() {
                match (owners.get(&ip), of_nodes.get(&ip), special_address(ip)) {
                    (Some(first), ..) => say_duplicate(ip, draft, first, findings),
                    (None, Some(node), _) => {
                        say_impossible(ip, draft, &format!("the address of node {}", node.name), findings);
                    }
                    (None, None, Some(why)) => say_impossible(ip, draft, why, findings),
                    (None, None, None) => {
                        owners.insert(ip, draft);
                        ips.fill(ip);
                    }
                }
            }
        }
        if options.addressing == Addressing::Known {
            return out.into_iter().map(Some).collect();
        }
        let mut used: Set<IpAddr> = owners.into_keys().collect();
        used.extend(of_nodes.into_keys().chain(reserved.all()));
        for ((before, node), ips) in before.iter().zip(places).zip(&mut out) {
            let Some(before) = before.map(|at| &self.last[at].pod).filter(|p| !p.host_network) else {
                continue;
            };
            for ip in before.ips.iter().filter(|ip| nodes[node.0 as usize].pod_cidrs.contains(*ip)) {
                if ips.of(Family::of(ip)).is_none() && used.insert(ip) {
                    ips.fill(ip);
                }
            }
        }
        let mut full: BTreeMap<NodeId, (usize, &Draft)> = BTreeMap::new();
        let mut complete = Vec::with_capacity(out.len());
        for (((draft, node), pending), mut ips) in drafts.iter().zip(places).zip(pending).zip(out) {
            let there = &nodes[node.0 as usize];
            let mut whole = true;
            for wanted in options.families.iter() {
                if ips.of(wanted).is_some() {
                    continue;
                }
                match self.pool(there, wanted).and_then(|pool| pool.take(&mut used)) {
                    Some(ip) => ips.fill(ip),
                    None => whole = false,
                }
            }
            // One that does not run may be without an address.
            whole |= *pending;
            if !whole {
                full.entry(*node).or_insert((0, draft)).0 += 1;
            }
            complete.push(whole.then_some(ips));
        }
        // A node without any range was told of already.
        let full = full.into_iter().map(|(node, full)| (&nodes[node.0 as usize], full));
        for (node, (count, draft)) in full.filter(|(node, _)| node.pod_cidrs.iter().next().is_some()) {
            let nets: Vec<String> = node.pod_cidrs.iter().map(|n| n.to_string()).collect();
            let message = format!(
                "node {} has no address left for {count} of its pods, in {}: they stay out of the network",
                node.name,
                nets.join(" and ")
            );
            findings
                .error(draft.origin.at.clone(), message)
                .help("give the node a larger podCIDR, or choose a larger range with --pod-cidr");
        }
        complete
    }

    fn pool(&mut self, node: &Node, wanted: Family) -> Option<&mut Pool> {
        let net = crate::addresses::of(node.pod_cidrs, wanted)?;
        let pool = self.pools.entry((node.name.clone(), wanted)).or_insert_with(|| Pool::of_pods(net));
        if pool.net() != net {
            *pool = Pool::of_pods(net);
        }
        Some(pool)
    }

    /// Numbers the pods; one that is as it was stays the same [`Arc`].
    #[allow(clippy::too_many_arguments, reason = "each is a part of what is being built")]
    fn assemble(
        &mut self,
        drafts: Vec<Arc<Draft>>,
        places: &[NodeId],
        pending: &[bool],
        before: &[Option<usize>],
        ips: &[Option<Addrs>],
        namespaces: &[Namespace],
        nodes: &[Node],
    ) -> (Vec<Arc<Pod>>, Vec<Extra>) {
        let mut pods = Vec::with_capacity(drafts.len());
        let mut extras = Vec::with_capacity(drafts.len());
        let mut now = Vec::with_capacity(drafts.len());
        let mut namespace = NamespaceId(0);
        let states = places.iter().zip(pending);
        for (((draft, (node, pending)), before), ips) in drafts.into_iter().zip(states).zip(before).zip(ips) {
            let Some(ips) = *ips else { continue };
            let pending = *pending;
            if namespaces.get(namespace.0 as usize).is_none_or(|n| n.name != draft.namespace) {
                let found = namespaces.binary_search_by(|n| n.name.cmp(&draft.namespace));
                namespace = NamespaceId(found.unwrap_or_default() as u32);
            }
            extras.push(Extra { terminating: draft.terminating, declares: draft.template.declares });
            let id = PodId(pods.len() as u32);
            let last = before.map(|at| &self.last[at]);
            let kept = last.filter(|last| {
                let old = &last.pod;
                let same = (old.id, old.node, old.ips, old.namespace_id, old.pending)
                    == (id, *node, ips, namespace, pending);
                let made = || Pod { pending, ..pod(&draft, id, *node, ips, namespace) };
                same && (Arc::ptr_eq(&last.draft, &draft) || **old == made())
            });
            let pod = match kept {
                Some(last) => last.pod.clone(),
                None => Arc::new(Pod { pending, ..pod(&draft, id, *node, ips, namespace) }),
            };
            let name = &nodes[node.0 as usize].name;
            now.push(Last { draft, pod: pod.clone(), node: name.clone() });
            pods.push(pod);
        }
        self.last = now;
        (pods, extras)
    }
}

fn pod(draft: &Draft, id: PodId, node: NodeId, ips: Addrs, namespace_id: NamespaceId) -> Pod {
    let template = &draft.template;
    Pod {
        id,
        name: draft.name.clone(),
        namespace: draft.namespace.clone(),
        namespace_id,
        labels: draft.labels.clone(),
        workload: draft.workload.clone(),
        node,
        ips,
        host_network: template.host_network,
        service_account: template.service_account.clone(),
        hostname: draft.hostname.clone(),
        subdomain: draft.subdomain.clone(),
        containers: template.containers.clone(),
        listening: template.listening.clone(),
        aimed: Vec::new(),
        host_ports: template.forwarded.clone(),
        ready: draft.ready,
        pending: false,
        dns_policy: template.dns_policy,
        dns_config: template.dns_config.clone(),
        host_aliases: template.host_aliases.clone(),
        run: template.run.clone(),
        origin: draft.origin.clone(),
    }
}

/// A `hostIP` that the pod's node does not have, loopback addresses among them: nothing leads from it to the pod.
fn say_foreign_host_ips(nodes: &[Node], drafts: &[Arc<Draft>], places: &[NodeId], findings: &mut Findings) {
    let mut said = Set::default();
    for (draft, node) in drafts.iter().zip(places) {
        let node = &nodes[node.0 as usize];
        for port in draft.template.forwarded.iter().filter(|p| !node.ips.iter().any(|ip| p.is_at(ip))) {
            let Some(ip) = port.ip.filter(|ip| said.insert((Arc::as_ptr(&draft.template), *ip))) else {
                continue;
            };
            let message = format!(
                "{}/{}: hostPort {} is at hostIP {ip}, which is no address of node {}: it is not programmed",
                draft.namespace, draft.name, port.port, node.name
            );
            findings
                .info(draft.origin.at.clone(), message)
                .help("leave hostIP out, or give the node's own address");
        }
    }
}

fn say_duplicate(ip: IpAddr, draft: &Draft, first: &Draft, findings: &mut Findings) {
    findings
        .error(
            draft.origin.at.clone(),
            format!(
                "pods {}/{} and {}/{} both have the address {ip}: the second gets another",
                first.namespace, first.name, draft.namespace, draft.name
            ),
        )
        .related(first.origin.at.clone(), "the other one");
}

fn say_impossible(ip: IpAddr, draft: &Draft, why: &str, findings: &mut Findings) {
    let (namespace, name) = (&draft.namespace, &draft.name);
    findings.error(
        draft.origin.at.clone(),
        format!("pod {namespace}/{name} has the address {ip}, which is {why}: it gets another"),
    );
}

fn given(specs: &[NodeSpec], drafts: &[Arc<Draft>], reserved: &Reserved) -> Given {
    let pods = drafts.iter().filter(|d| !d.template.host_network);
    Given {
        pod_nets: specs.iter().flat_map(|s| s.pod_cidrs.iter()).collect(),
        pods: pods.flat_map(|d| d.given.iter()).collect(),
        nodes: specs.iter().flat_map(|s| s.ips.iter()).collect(),
        services: reserved.cluster_ips.clone(),
    }
}
