//! Snapshot to PolicySet, keeping between compilations what did not change.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    net::IpAddr,
    sync::Arc,
};

use netloom_cluster::{Namespace, Node, Pod, PodId, Policy, Snapshot};

use crate::{
    evaluate::{Direction, Party},
    groups::{Group, GroupId, Groups},
    identities::{Identities, IdentityNumbers},
    matrix::{Matrix, PredicateId},
    program::{NamedPorts, Program},
    rules::CompiledPolicy,
    tables::{Numbers, Subjects, Tables},
};

/// The policies of one Snapshot, compiled.
#[derive(Clone, Debug)]
pub struct PolicySet {
    pub(crate) pods: Arc<Vec<Arc<Pod>>>,
    pub(crate) nodes: Arc<Vec<Node>>,
    pub(crate) namespaces: Arc<Vec<Namespace>>,
    pub(crate) groups: Vec<Arc<Group>>,
    pub(crate) peers: Matrix,
    /// In the order of judgement.
    policies: Vec<Arc<CompiledPolicy>>,
    pod_groups: Vec<Option<GroupId>>,
    /// By group: the policies that select it and speak of ingress, of egress.
    selecting: HashMap<GroupId, [Vec<u32>; 2]>,
    parties: HashMap<IpAddr, Party>,
    tables: Arc<Tables>,
}

impl PolicySet {
    /// Compiles the policies of a Snapshot once, keeping nothing for a next time.
    #[must_use]
    pub fn compile(snapshot: &Snapshot) -> Self {
        Compiler::default().compile(snapshot)
    }

    /// What the kernel is given.
    #[must_use]
    pub fn tables(&self) -> &Arc<Tables> {
        &self.tables
    }

    /// The pod (not on the host's network) that has an address.
    #[must_use]
    pub fn pod_at(&self, ip: IpAddr) -> Option<PodId> {
        match self.party(ip) {
            Party::Pod(pod, _) => Some(pod),
            Party::Node(_) | Party::Other => None,
        }
    }

    pub(crate) fn party(&self, ip: IpAddr) -> Party {
        self.parties.get(&ip).copied().unwrap_or(Party::Other)
    }

    pub(crate) fn group_of(&self, pod: PodId) -> Option<GroupId> {
        self.pod_groups[pod.0 as usize]
    }

    pub(crate) fn subjects_of(
        &self,
        group: GroupId,
        direction: Direction,
    ) -> impl Iterator<Item = &CompiledPolicy> {
        let of_group = self.selecting.get(&group).map(|both| &both[direction as usize]);
        of_group.into_iter().flatten().map(|i| &*self.policies[*i as usize])
    }
}

/// Compiles Snapshots one after the other; numbers and matches survive, so that a small change stays small.
#[derive(Debug, Default)]
pub struct Compiler {
    groups: Groups,
    peers: Matrix,
    subjects: Matrix,
    compiled: HashMap<usize, (Arc<Policy>, Arc<CompiledPolicy>)>,
    numbers: Numbers,
    identities: IdentityNumbers,
    /// Numbers in use after the last compilation from scratch.
    baseline: usize,
}

/// Numbers of the past that are kept before everything is numbered anew.
const KEPT_NUMBERS: usize = 100_000;

impl Compiler {
    /// Compiles a Snapshot.
    pub fn compile(&mut self, snapshot: &Snapshot) -> PolicySet {
        if self.numbers.len() > self.baseline * 2 + KEPT_NUMBERS {
            *self = Self::default();
        }
        let pod_groups = self.groups.assign(snapshot);
        self.peers.extend_groups(&self.groups.all);
        self.subjects.extend_groups(&self.groups.all);
        let policies = self.policies(snapshot);
        let in_use: BTreeSet<GroupId> = pod_groups.iter().flatten().copied().collect();
        let selecting = self.selecting(&policies, &in_use);
        let tables = Arc::new(self.tables(snapshot, &pod_groups, &in_use, &policies, &selecting));
        if self.baseline == 0 {
            self.baseline = self.numbers.len();
        }
        PolicySet {
            pods: snapshot.pods.clone(),
            nodes: snapshot.nodes.clone(),
            namespaces: snapshot.namespaces.clone(),
            groups: self.groups.all.clone(),
            peers: self.peers.clone(),
            parties: parties(snapshot, &pod_groups),
            policies,
            pod_groups,
            selecting,
            tables,
        }
    }

    /// The policies in the order of judgement: by tier, by priority, and by name where the priority is the same.
    fn policies(&mut self, snapshot: &Snapshot) -> Vec<Arc<CompiledPolicy>> {
        let mut compiled = HashMap::with_capacity(snapshot.policies.len());
        let mut policies: Vec<Arc<CompiledPolicy>> = snapshot
            .policies
            .iter()
            .map(|policy| {
                let key = Arc::as_ptr(policy) as usize;
                let entry = self.compiled.remove(&key).unwrap_or_else(|| {
                    let compiled = CompiledPolicy::compile(policy, &mut self.subjects, &mut self.peers);
                    (policy.clone(), Arc::new(compiled))
                });
                let result = entry.1.clone();
                compiled.insert(key, entry);
                result
            })
            .collect();
        self.compiled = compiled;
        policies.sort_by(|a, b| {
            let key = |p: &CompiledPolicy| {
                (p.tier, p.policy.origin.name.clone(), p.policy.origin.namespace.clone())
            };
            key(a).cmp(&key(b))
        });
        policies
    }

    fn selecting(
        &self,
        policies: &[Arc<CompiledPolicy>],
        groups: &BTreeSet<GroupId>,
    ) -> HashMap<GroupId, [Vec<u32>; 2]> {
        let mut selecting: HashMap<GroupId, [Vec<u32>; 2]> = HashMap::new();
        for &group in groups {
            for (i, policy) in policies.iter().enumerate() {
                if self.subjects.holds(policy.subject, group) {
                    let both = selecting.entry(group).or_default();
                    for direction in [Direction::Ingress, Direction::Egress] {
                        if policy.rules(direction).is_some() {
                            both[direction as usize].push(i as u32);
                        }
                    }
                }
            }
        }
        selecting
    }

    fn tables(
        &mut self,
        snapshot: &Snapshot,
        pod_groups: &[Option<GroupId>],
        in_use: &BTreeSet<GroupId>,
        policies: &[Arc<CompiledPolicy>],
        selecting: &HashMap<GroupId, [Vec<u32>; 2]>,
    ) -> Tables {
        let mut programs: BTreeMap<u32, Arc<Program>> = BTreeMap::new();
        let mut subjects: HashMap<GroupId, Subjects> = HashMap::new();
        let used_groups: Vec<&Group> = in_use.iter().map(|g| &*self.groups.all[g.0 as usize]).collect();
        for (group, both) in selecting {
            let mut number = |direction: Direction| {
                let selecting = both[direction as usize].iter().map(|i| &*policies[*i as usize]);
                let mut ports = NamedPorts { groups: &used_groups, peers: &mut self.peers };
                let program =
                    Program::of(selecting, direction, &self.groups.all[group.0 as usize], &mut ports);
                if program.is_empty() {
                    return None;
                }
                let number = self.numbers.subject(&program);
                programs.entry(number).or_insert_with(|| Arc::new(program));
                Some(number)
            };
            let of_group =
                Subjects { ingress: number(Direction::Ingress), egress: number(Direction::Egress) };
            subjects.insert(*group, of_group);
        }
        let used = used_predicates(&programs);
        let classes = self.numbers.classes.classify(&programs.values().flat_map(|p| p.ranges()).collect());
        let identities = self.identities.assign(snapshot, pod_groups, &self.peers, &used);
        let mut tables = Tables {
            subjects: pod_groups
                .iter()
                .map(|g| g.and_then(|g| subjects.get(&g).copied()).unwrap_or_default())
                .collect(),
            port_classes: classes
                .atoms
                .iter()
                .map(|(r, class)| (r.protocol, r.low, r.high, *class))
                .collect(),
            ..Tables::default()
        };
        self.numbers.rows(&programs, &identities, &classes, &mut tables);
        let Identities { known, ranges, .. } = identities;
        tables.known = known;
        tables.ranges = ranges.iter().map(|(r, identity)| (r.first(), r.last(), *identity)).collect();
        tables
    }
}

fn used_predicates(programs: &BTreeMap<u32, Arc<Program>>) -> HashSet<PredicateId> {
    let flats =
        programs.values().flat_map(|p| p.admin.iter().chain(p.isolated.iter().flatten()).chain(&p.baseline));
    flats.filter_map(|f| f.peer).collect()
}

fn parties(snapshot: &Snapshot, groups: &[Option<GroupId>]) -> HashMap<IpAddr, Party> {
    let nodes = snapshot.nodes.iter().flat_map(|n| n.ips.iter().map(|ip| (ip, Party::Node(n.id))));
    let pods = snapshot.pods.iter().zip(groups).filter_map(|(pod, group)| Some((pod, (*group)?)));
    let pods = pods.flat_map(|(pod, group)| pod.ips.iter().map(move |ip| (ip, Party::Pod(pod.id, group))));
    nodes.chain(pods).collect()
}
