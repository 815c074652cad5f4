//! Which policy selects which group, and an evaluator that also knows pods which only the policies speak of.
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use netloom_cluster::{
    Addrs, DnsConfig, DnsPolicy, Labels, NamespaceId, NamespaceMatch, NodeId, Operator, Peer, Pod, PodId,
    PodPeer, Protocol, Selector, Snapshot, Workload as Owner,
};
use netloom_policy::{Compiler, Direction, PolicySet};

use super::{
    selectors::is_compatible,
    views::{Group, View, group_of, views},
};
use crate::{Context, Workload};

/// Policies, groups, and who selects whom.
#[derive(Debug)]
pub struct Index<'a> {
    pub policies: Vec<View<'a>>,
    pub groups: Vec<Group>,
    by_namespace: HashMap<NamespaceId, Vec<usize>>,
    /// Views by namespace.
    pub policies_of: HashMap<&'a str, Vec<usize>>,
    by_label: HashMap<u64, Vec<usize>>,
    more: Option<Arc<PolicySet>>,
    /// By group: the views that select it.
    pub selecting: Vec<Vec<usize>>,
}

impl<'a> Index<'a> {
    pub fn new(cx: &Context<'a>) -> Self {
        let snapshot = cx.snapshot();
        let policies = views(cx);
        let mut index = Self {
            policies: Vec::new(),
            groups: Vec::new(),
            by_namespace: HashMap::new(),
            policies_of: HashMap::new(),
            by_label: HashMap::new(),
            more: None,
            selecting: Vec::new(),
        };
        for (number, view) in policies.iter().enumerate() {
            index.policies_of.entry(view.namespace).or_default().push(number);
        }
        let mut known: HashSet<PodId> = HashSet::new();
        for (number, workload) in cx.workloads().iter().enumerate() {
            known.extend(cx.pods_of(workload).iter().map(|pod| pod.id));
            index.add_workload(cx, number, workload);
        }
        // Those that operators make, virtual machines, and the DNS that is added: nobody wrote a pod template of theirs.
        let mut last: Option<(&Arc<str>, &Labels)> = None;
        for pod in snapshot.pods.iter().filter(|pod| !known.contains(&pod.id)) {
            let of: (&Arc<str>, &Labels) = (&pod.workload.name, &pod.labels);
            if last.replace(of) != Some(of) {
                index.add(Group { workload: None, ..group_of(pod) });
            }
        }
        for view in &policies {
            let Some(home) = snapshot.find_namespace(view.namespace) else { continue };
            let rules = view.policy.ingress.iter().chain(&view.policy.egress).flatten();
            let peers =
                rules.flat_map(|rule| rule.peers.iter().flatten()).filter_map(|peer| match &peer.peer {
                    Peer::Pods(PodPeer { namespaces: NamespaceMatch::Named(_), pods }) => Some(pods),
                    _ => None,
                });
            for selector in std::iter::once(&view.policy.subject.pods).chain(peers) {
                index.add_stand_in(snapshot, home, selector);
            }
        }
        index.policies = policies
            .into_iter()
            .map(|view| View { subjects: index.select(snapshot, &view.policy.subject).collect(), ..view })
            .collect();
        index.selecting = vec![Vec::new(); index.groups.len()];
        for (number, view) in index.policies.iter().enumerate() {
            for group in &view.subjects {
                index.selecting[*group].push(number);
            }
        }
        index.more = index.complete(snapshot);
        index
    }

    fn add_workload(&mut self, cx: &Context<'a>, number: usize, workload: &Workload<'a>) {
        let mut last: Option<&Labels> = None;
        for pod in cx.pods_of(workload) {
            if last.replace(&pod.labels) != Some(&pod.labels) {
                self.add(Group { workload: Some(number), ..group_of(pod) });
            }
        }
        let namespace = cx.snapshot().find_namespace(workload.namespace());
        if let (None, Some(namespace_id)) = (last, namespace) {
            let ports = workload.containers().flat_map(|(_, container)| container.ports.iter().flatten());
            let port = |port: &k8s_openapi::api::core::v1::ContainerPort| {
                let protocol = Protocol::parse(port.protocol.as_deref().unwrap_or("TCP"))?;
                Some((
                    port.name.as_deref().map(Arc::from),
                    protocol,
                    u16::try_from(port.container_port).ok()?,
                ))
            };
            self.add(Group {
                namespace: Arc::from(workload.namespace()),
                namespace_id,
                labels: Arc::new(workload.labels().clone()),
                pod: None,
                workload: Some(number),
                stand_in: false,
                host_network: workload.host_network(),
                ip: None,
                ports: ports.filter_map(port).collect(),
            });
        }
    }

    fn add(&mut self, group: Group) {
        let number = self.groups.len();
        self.by_namespace.entry(group.namespace_id).or_default().push(number);
        for (key, value) in group.labels.iter() {
            self.by_label.entry(hash(None, key, value)).or_default().push(number);
            self.by_label.entry(hash(Some(group.namespace_id), key, value)).or_default().push(number);
        }
        self.groups.push(group);
    }

    fn add_stand_in(&mut self, snapshot: &Snapshot, home: NamespaceId, selector: &Selector) {
        let mut labels = BTreeMap::new();
        for requirement in &selector.requirements {
            match &requirement.operator {
                Operator::In(values) if values.len() == 1 => {
                    labels.insert(requirement.key.clone(), values[0].clone());
                }
                _ => return,
            }
        }
        if labels.is_empty() || !selector.matches(&labels) {
            return;
        }
        let namespace = snapshot.namespace(home).name.clone();
        let peer = PodPeer { namespaces: NamespaceMatch::Named(namespace.clone()), pods: selector.clone() };
        if self.select(snapshot, &peer).next().is_none() {
            self.add(Group {
                namespace,
                namespace_id: home,
                labels: Arc::new(labels),
                pod: None,
                workload: None,
                stand_in: true,
                host_network: false,
                ip: None,
                ports: Vec::new(),
            });
        }
    }

    /// The groups that a peer selects, hostNetwork ones too.
    pub fn select<'s>(
        &'s self,
        snapshot: &'s Snapshot,
        peer: &'s PodPeer,
    ) -> impl Iterator<Item = usize> + 's {
        let home = match &peer.namespaces {
            NamespaceMatch::Named(name) => Some(snapshot.find_namespace(name)),
            NamespaceMatch::Labels(_) => None,
        };
        let label = peer.pods.requirements.iter().find_map(|r| match &r.operator {
            Operator::In(values) if values.len() == 1 => Some((&r.key, &values[0])),
            _ => None,
        });
        let listed = match (home, label) {
            (Some(None), _) => Some(&[][..]),
            (Some(home), Some((key, value))) => Some(self.labelled(home, key, value)),
            (None, Some((key, value))) => Some(self.labelled(None, key, value)),
            (Some(Some(home)), None) => Some(self.by_namespace.get(&home).map_or(&[][..], Vec::as_slice)),
            (None, None) => None,
        };
        let all = if listed.is_none() { 0..self.groups.len() } else { 0..0 };
        listed.into_iter().flatten().copied().chain(all).filter(move |number| {
            let group = &self.groups[*number];
            let there = match &peer.namespaces {
                NamespaceMatch::Named(name) => group.namespace == *name,
                NamespaceMatch::Labels(selector) => {
                    selector.matches(&snapshot.namespace(group.namespace_id).labels)
                }
            };
            there && peer.pods.matches(&group.labels)
        })
    }

    fn labelled(&self, namespace: Option<NamespaceId>, key: &str, value: &str) -> &[usize] {
        self.by_label.get(&hash(namespace, key, value)).map_or(&[], Vec::as_slice)
    }

    /// The groups of a namespace.
    pub fn in_namespace(&self, snapshot: &Snapshot, namespace: &str) -> impl Iterator<Item = &Group> {
        let home = snapshot.find_namespace(namespace).and_then(|id| self.by_namespace.get(&id));
        home.into_iter().flatten().map(|number| &self.groups[*number])
    }

    /// The groups that a Service's selector selects.
    pub fn behind(
        &self,
        snapshot: &Snapshot,
        namespace: &str,
        labels: &BTreeMap<String, String>,
    ) -> Vec<usize> {
        let home = snapshot.find_namespace(namespace);
        let (Some(home), Some((key, value))) = (home, labels.first_key_value()) else { return Vec::new() };
        let candidates = self.labelled(Some(home), key, value).iter().copied();
        candidates
            .filter(|group| {
                let group = &self.groups[*group];
                group.namespace_id == home && labels.iter().all(|(k, v)| group.labels.get(k) == Some(v))
            })
            .collect()
    }

    /// The evaluator, which knows the groups without pods too.
    pub fn evaluator<'s>(&'s self, cx: &'s Context<'a>) -> &'s PolicySet {
        self.more.as_deref().unwrap_or_else(|| cx.policies())
    }

    /// Whether a policy of the namespace might select the pods that a stand-in stands for, should they have more
    /// labels than the policies say.
    pub fn uncertain(&self, group: &Group, direction: Direction) -> bool {
        group.stand_in
            && self.views_of(&group.namespace).any(|view| {
                let selector = &view.policy.subject.pods;
                view.side(direction).is_some()
                    && !selector.matches(&group.labels)
                    && is_compatible(selector, &group.labels)
            })
    }

    /// The policies that select a group.
    pub fn views_on(&self, group: usize) -> impl Iterator<Item = &View<'a>> {
        self.selecting[group].iter().map(|number| &self.policies[*number])
    }

    /// The groups of the set's own workloads that a peer selects, without those on the host's network.
    pub fn select_real<'s>(
        &'s self,
        snapshot: &'s Snapshot,
        peer: &'s PodPeer,
    ) -> impl Iterator<Item = &'s Group> + 's {
        self.select(snapshot, peer).map(|g| &self.groups[g]).filter(|g| !g.stand_in && !g.host_network)
    }

    /// The policies of a namespace.
    pub fn views_of(&self, namespace: &str) -> impl Iterator<Item = &View<'a>> {
        self.policies_of.get(namespace).into_iter().flatten().map(|number| &self.policies[*number])
    }

    /// The policies of a namespace that are about all of its pods.
    pub fn views_for_all(&self, namespace: &str) -> impl Iterator<Item = &View<'a>> {
        self.views_of(namespace).filter(|view| view.is_for_all())
    }

    /// Gives every group without a pod one, in a Snapshot of its own.
    fn complete(&mut self, snapshot: &Snapshot) -> Option<Arc<PolicySet>> {
        let pending: Vec<usize> = (0..self.groups.len()).filter(|g| self.groups[*g].pod.is_none()).collect();
        if pending.is_empty() {
            return None;
        }
        let mut pods = (*snapshot.pods).clone();
        let mut addresses = free_addresses(snapshot);
        for number in pending {
            let Some(ip) = addresses.next() else { break };
            let group = &mut self.groups[number];
            let id = PodId(u32::try_from(pods.len()).ok()?);
            (group.pod, group.ip) = (Some(id), Some(ip));
            pods.push(Arc::new(stand_in(id, ip, group, snapshot)));
        }
        let snapshot = Snapshot { pods: Arc::new(pods), ..snapshot.clone() };
        Some(Compiler::default().compile(&snapshot))
    }
}

fn stand_in(id: PodId, ip: IpAddr, group: &Group, snapshot: &Snapshot) -> Pod {
    let mut ips = Addrs::default();
    ips.fill(ip);
    let name: Arc<str> = Arc::from(format!("stand-in-{}", id.0));
    let reference = netloom_objects::ObjectRef {
        kind: Arc::from("Pod"),
        namespace: Some(group.namespace.clone()),
        name: name.clone(),
        at: netloom_objects::Location::builtin(),
    };
    Pod {
        id,
        name: name.clone(),
        namespace: group.namespace.clone(),
        namespace_id: group.namespace_id,
        labels: group.labels.clone(),
        workload: Owner { kind: Arc::from("Pod"), name },
        node: snapshot.nodes.first().map_or(NodeId(0), |node| node.id),
        ips,
        host_network: group.host_network,
        service_account: Arc::from("default"),
        hostname: None,
        subdomain: None,
        containers: Arc::default(),
        listening: Vec::new(),
        aimed: Vec::new(),
        ready: true,
        pending: false,
        dns_policy: DnsPolicy::default(),
        dns_config: Arc::new(DnsConfig::default()),
        host_ports: Arc::default(),
        host_aliases: Arc::default(),
        run: None,
        origin: Arc::new(reference),
    }
}

/// Addresses of the cluster's pod range that no pod has, from its end.
fn free_addresses(snapshot: &Snapshot) -> impl Iterator<Item = IpAddr> + use<> {
    let taken: HashSet<IpAddr> = snapshot.pods.iter().flat_map(|pod| pod.ips.iter()).collect();
    let nets = snapshot.plan.pod_cidrs;
    let v4 = nets.v4.map(|net| (u32::from(net.network()), u32::from(net.broadcast())));
    let v4 = v4
        .into_iter()
        .flat_map(|(first, last)| (first..last).rev().map(|number| IpAddr::V4(Ipv4Addr::from(number))));
    let v6 = nets.v6.filter(|_| nets.v4.is_none());
    let v6 = v6.map(|net| (u128::from(net.network()), u128::from(net.broadcast())));
    let v6 = v6
        .into_iter()
        .flat_map(|(first, last)| (first..last).rev().map(|number| IpAddr::V6(Ipv6Addr::from(number))));
    v4.chain(v6).filter(move |ip| !taken.contains(ip))
}

fn hash(namespace: Option<NamespaceId>, key: &str, value: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (namespace, key, value).hash(&mut hasher);
    hasher.finish()
}
