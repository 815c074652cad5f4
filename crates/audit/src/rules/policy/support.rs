//! What rules about policies share: the policies with the pods that they select, and an evaluator that also knows
//! pods which only the policies speak of.
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use k8s_openapi::{
    api::networking::v1::{NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec},
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};
use netloom_cluster::{
    Addrs, DnsConfig, DnsPolicy, Labels, NamespaceId, NamespaceMatch, NodeId, Operator, Peer, Pod, PodId,
    PodPeer, Policy, PortMatch, Protocol, Rule, Selector, Service, Snapshot, Tier, Workload as Owner,
};
use netloom_objects::Object;
use netloom_policy::{Compiler, Direction, PolicySet};

use crate::{Context, Workload};

/// The two directions, as policies write them.
pub const DIRECTIONS: [Direction; 2] = [Direction::Ingress, Direction::Egress];

/// Pods that no selector can tell apart.
#[derive(Debug)]
pub struct Group {
    pub namespace: Arc<str>,
    pub namespace_id: NamespaceId,
    pub labels: Labels,
    /// One of them, in the evaluator.
    pub pod: Option<PodId>,
    /// Their workload in [`Context::workloads`]; none for the cluster DNS that is taken as given.
    pub workload: Option<usize>,
    /// Whether only a policy speaks of them: the set has no workload with such labels.
    pub stand_in: bool,
    pub host_network: bool,
    /// That pod's address.
    pub ip: Option<IpAddr>,
    /// Name, protocol and number of the ports that containers declare.
    pub ports: Vec<(Option<Arc<str>>, Protocol, u16)>,
}

impl Group {
    /// Whether it declares ports, and this one is not among them.
    pub fn lacks(&self, protocol: Protocol, port: u16) -> bool {
        !self.ports.is_empty() && !self.ports.iter().any(|p| p.1 == protocol && p.2 == port)
    }
}

/// One NetworkPolicy.
#[derive(Debug)]
pub struct View<'a> {
    pub object: &'a Object,
    pub policy: &'a Arc<Policy>,
    pub namespace: &'a str,
    pub spec: &'a NetworkPolicySpec,
    /// Indices of the groups that it selects.
    pub subjects: Vec<usize>,
}

/// One rule of a NetworkPolicy, as it is written.
#[derive(Clone, Copy, Debug)]
pub struct RuleView<'v> {
    pub direction: Direction,
    pub index: usize,
    pub peers: Option<&'v [NetworkPolicyPeer]>,
    pub ports: Option<&'v [NetworkPolicyPort]>,
    pub rule: &'v Rule,
}

impl RuleView<'_> {
    /// `spec.ingress[0]`.
    pub fn path(&self) -> String {
        format!("spec.{}[{}]", self.direction.name(), self.index)
    }

    /// `spec.ingress[0].from`.
    pub fn peers_path(&self) -> String {
        format!("{}.{}", self.path(), self.peers_field())
    }

    /// `from` or `to`.
    pub const fn peers_field(&self) -> &'static str {
        match self.direction {
            Direction::Ingress => "from",
            Direction::Egress => "to",
        }
    }
}

impl<'a> View<'a> {
    /// The rules of the directions that the policy is about.
    pub fn rules(&self) -> Vec<RuleView<'_>> {
        let mut out = Vec::new();
        let written = self.spec.ingress.as_deref().unwrap_or_default().iter();
        for (index, (from, rule)) in written.zip(self.policy.ingress.iter().flatten()).enumerate() {
            let (peers, ports) = (from.from.as_deref(), from.ports.as_deref());
            out.push(RuleView { direction: Direction::Ingress, index, peers, ports, rule });
        }
        let written = self.spec.egress.as_deref().unwrap_or_default().iter();
        for (index, (to, rule)) in written.zip(self.policy.egress.iter().flatten()).enumerate() {
            let (peers, ports) = (to.to.as_deref(), to.ports.as_deref());
            out.push(RuleView { direction: Direction::Egress, index, peers, ports, rule });
        }
        out
    }

    /// Its rules of one direction; none where it does not speak of it.
    pub fn side(&self, direction: Direction) -> Option<&'a [Rule]> {
        match direction {
            Direction::Ingress => self.policy.ingress.as_deref(),
            Direction::Egress => self.policy.egress.as_deref(),
        }
    }

    /// Whether it is about every pod of its namespace.
    pub fn is_for_all(&self) -> bool {
        self.policy.subject.pods.requirements.is_empty()
    }

    /// `NetworkPolicy shop/web`.
    pub fn title(&self) -> String {
        format!("NetworkPolicy {}/{}", self.namespace, self.object.name)
    }
}

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
        for (number, workload) in cx.workloads().iter().enumerate() {
            index.add_workload(cx, number, workload);
        }
        for pod in snapshot.pods.iter().filter(|pod| pod.origin.at.line == 0) {
            index.add(Group { workload: None, ..group_of(pod) });
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

fn views<'a>(cx: &Context<'a>) -> Vec<View<'a>> {
    let policies = cx.snapshot().policies.iter().filter(|policy| policy.tier == Tier::NetworkPolicy);
    let view = |policy: &'a Arc<Policy>| {
        let namespace = policy.origin.namespace.as_deref().unwrap_or("default");
        let (object, content) = cx.find::<NetworkPolicy>(Some(namespace), &policy.origin.name)?;
        Some(View { object, policy, namespace, spec: content.spec.as_ref()?, subjects: Vec::new() })
    };
    policies.filter_map(view).collect()
}

fn group_of(pod: &Pod) -> Group {
    let ports = pod.containers.iter().flat_map(|c| &c.ports);
    Group {
        namespace: pod.namespace.clone(),
        namespace_id: pod.namespace_id,
        labels: pod.labels.clone(),
        pod: Some(pod.id),
        workload: None,
        stand_in: false,
        host_network: pod.host_network,
        ip: pod.ips.iter().next(),
        ports: ports.map(|p| (p.name.clone(), p.protocol, p.port)).collect(),
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
        ready: true,
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

/// Whether an object that has these labels, and perhaps more, can be selected.
pub fn is_compatible(selector: &Selector, labels: &BTreeMap<String, String>) -> bool {
    selector.requirements.iter().all(|r| match (&r.operator, labels.get(&r.key)) {
        (Operator::In(values), Some(value)) => values.contains(value),
        (Operator::NotIn(values), Some(value)) => !values.contains(value),
        (Operator::DoesNotExist, Some(_)) => false,
        _ => true,
    })
}

/// Whether policies that netloom does not read (Cilium's, Calico's) may speak about a namespace.
pub fn has_foreign_policies(cx: &Context<'_>, namespace: &str) -> bool {
    let local = [
        ("cilium.io", "CiliumNetworkPolicy"),
        ("crd.projectcalico.org", "NetworkPolicy"),
        ("projectcalico.org", "NetworkPolicy"),
    ];
    let wide = [
        ("cilium.io", "CiliumClusterwideNetworkPolicy"),
        ("crd.projectcalico.org", "GlobalNetworkPolicy"),
        ("projectcalico.org", "GlobalNetworkPolicy"),
    ];
    local.iter().any(|(group, kind)| {
        cx.all_of(group, kind).iter().any(|o| o.reference.namespace.as_deref() == Some(namespace))
    }) || wide.iter().any(|(group, kind)| !cx.all_of(group, kind).is_empty())
}

/// Whether a list of ports opens one, by its number.
pub fn opens(rule: &Rule, protocol: Protocol, port: u16) -> bool {
    rule.ports.as_ref().is_none_or(|ports| ports.iter().any(|p| covers(&p.port, protocol, port)))
}

/// Whether a port, as rules write it, is this one.
pub fn covers(open: &PortMatch, protocol: Protocol, port: u16) -> bool {
    match open {
        PortMatch::All(p) => *p == protocol,
        PortMatch::Range(p, low, high) => *p == protocol && (*low..=*high).contains(&port),
        PortMatch::Named(..) => false,
    }
}

/// `app=web,tier in (a,b)`.
pub fn words(selector: &Selector) -> String {
    let one = |r: &netloom_cluster::Requirement| match &r.operator {
        Operator::In(values) if values.len() == 1 => format!("{}={}", r.key, values[0]),
        Operator::In(values) => format!("{} in ({})", r.key, values.join(",")),
        Operator::NotIn(values) => format!("{} notin ({})", r.key, values.join(",")),
        Operator::Exists => r.key.clone(),
        Operator::DoesNotExist => format!("!{}", r.key),
    };
    selector.requirements.iter().map(one).collect::<Vec<_>>().join(",")
}

/// Labels that controllers add to pods.
const ADDED: [&str; 4] = [
    "pod-template-hash",
    "controller-revision-hash",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
];

/// `app=web,tier=front`, without what controllers add.
pub fn label_words(labels: &BTreeMap<String, String>) -> String {
    let written = labels.iter().filter(|(key, _)| !ADDED.contains(&key.as_str()));
    written.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

/// What to call a group: its workload, or the labels that a policy names.
pub fn group_words(cx: &Context<'_>, group: &Group) -> String {
    match group.workload.map(|number| cx.workloads()[number].object) {
        Some(object) => format!("{} {}/{}", object.kind, group.namespace, object.name),
        None if group.stand_in => {
            format!("the pods {} of namespace {}", label_words(&group.labels), group.namespace)
        }
        None => format!("the pods {} in {}", label_words(&group.labels), group.namespace),
    }
}

/// A key of a label as paths write it.
pub fn escape(key: &str) -> String {
    key.replace('.', "\\.")
}

/// The path of a requirement of a label selector.
pub fn requirement_path(base: &str, selector: &LabelSelector, key: &str) -> String {
    if selector.match_labels.as_ref().is_some_and(|labels| labels.contains_key(key)) {
        return format!("{base}.matchLabels.{}", escape(key));
    }
    let expressions = selector.match_expressions.as_deref().unwrap_or_default();
    match expressions.iter().position(|e| e.key == key) {
        Some(index) => format!("{base}.matchExpressions[{index}]"),
        None => base.to_owned(),
    }
}

/// The Services with a selector that send to a group, each with what is behind its ports there:
/// (Service, port, protocol, number on the pod).
pub fn mapped_ports<'s>(service: &'s Service, group: &Group) -> Vec<(u16, Protocol, u16)> {
    let target = |port: &'s netloom_cluster::ServicePort| match &port.target {
        netloom_cluster::TargetPort::Number(number) => Some(*number),
        netloom_cluster::TargetPort::Name(name) => {
            let named = group.ports.iter().find(|p| p.1 == port.protocol && p.0.as_ref() == Some(name));
            named.map(|p| p.2)
        }
    };
    service.ports.iter().filter_map(|port| Some((port.port, port.protocol, target(port)?))).collect()
}

/// The groups of the set's own that a rule's ports are the ports of.
pub fn targets<'c>(cx: &'c Context<'_>, view: &'c View<'_>, rule: &'c RuleView<'_>) -> Vec<&'c Group> {
    let (index, snapshot) = (cx.policy_index(), cx.snapshot());
    match rule.direction {
        Direction::Ingress => {
            let subjects = view.subjects.iter().map(|group| &index.groups[*group]);
            subjects.filter(|group| !group.stand_in && !group.host_network).collect()
        }
        Direction::Egress => {
            let peers = rule.rule.peers.iter().flatten().filter_map(|peer| match &peer.peer {
                Peer::Pods(pods) => Some(pods),
                _ => None,
            });
            peers.flat_map(|peer| index.select_real(snapshot, peer).take(64)).collect()
        }
    }
}

/// A port that is one number.
pub fn plain_port(port: &NetworkPolicyPort) -> Option<(Protocol, u16)> {
    use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
    let protocol = Protocol::parse(port.protocol.as_deref().unwrap_or("TCP"))?;
    match (&port.port, port.end_port) {
        (Some(IntOrString::Int(number)), None) => Some((protocol, u16::try_from(*number).ok()?)),
        _ => None,
    }
}

/// Whether a port is the usual one of a database, cache or queue.
pub const fn is_store(port: u16) -> bool {
    matches!(
        port,
        1433 | 1521
            | 2379
            | 3306
            | 5432
            | 5672
            | 6379
            | 7000
            | 7687
            | 8123
            | 9042
            | 9092
            | 9200
            | 9300
            | 11211
            | 26257
            | 27017
    )
}

/// Whether pods have nearly the labels that a selector asks for: each is there under this or another key, or with a
/// value that differs by a typing error, and at least one of them not exactly.
pub fn is_near(selector: &Selector, group: &Group) -> bool {
    let close = |key: &str, wanted: &str| match group.labels.get(key) {
        Some(value) if value == wanted => true,
        Some(value) => wanted.len() > 4 && netloom_objects::edit_distance(value, wanted) <= 2,
        None => group.labels.values().any(|value| value == wanted),
    };
    !group.stand_in
        && !selector.requirements.is_empty()
        && selector.requirements.iter().all(|r| match &r.operator {
            Operator::In(values) => values.iter().any(|value| close(&r.key, value)),
            _ => false,
        })
}

/// Whether a peer is a podSelector alone, of whose pods none is in the policy's own namespace and some are in another.
pub fn is_elsewhere(cx: &Context<'_>, peer: &PodPeer, home: &str) -> bool {
    if !matches!(&peer.namespaces, NamespaceMatch::Named(name) if **name == *home)
        || peer.pods.requirements.is_empty()
    {
        return false;
    }
    let (index, snapshot) = (cx.policy_index(), cx.snapshot());
    if index.select_real(snapshot, peer).next().is_some() {
        return false;
    }
    let anywhere =
        PodPeer { namespaces: NamespaceMatch::Labels(Selector::default()), pods: peer.pods.clone() };
    index.select_real(snapshot, &anywhere).next().is_some()
}
