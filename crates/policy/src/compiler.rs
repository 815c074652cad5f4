//! Snapshot to PolicySet, keeping between compilations what did not change.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    net::IpAddr,
    sync::Arc,
};

use netloom_cluster::{Namespace, Node, Pod, PodId, Policy, Protocol, Snapshot};

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
    pub(crate) groups: Arc<Vec<Arc<Group>>>,
    pub(crate) peers: Matrix,
    /// In the order of judgement.
    policies: Vec<Arc<CompiledPolicy>>,
    /// By group: the policies that select it and speak of ingress, of egress.
    selecting: BTreeMap<GroupId, [Vec<u32>; 2]>,
    ground: Arc<Ground>,
    tables: Arc<Tables>,
}

impl PolicySet {
    /// Compiles the policies of a Snapshot once, keeping nothing for a next time.
    #[must_use]
    pub fn compile(snapshot: &Snapshot) -> Self {
        Arc::unwrap_or_clone(Compiler::default().compile(snapshot))
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
        self.ground.parties.get(&ip).copied().unwrap_or(Party::Other)
    }

    pub(crate) fn group_of(&self, pod: PodId) -> Option<GroupId> {
        self.ground.pod_groups[pod.0 as usize]
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
    last: Option<Last>,
}

/// The last compilation, and what of it can be taken over.
#[derive(Debug)]
struct Last {
    policies: Arc<Vec<Arc<Policy>>>,
    set: Arc<PolicySet>,
    subjects: BTreeMap<GroupId, Arc<SubjectsOf>>,
}

/// What was made of the policies that select a group.
#[derive(Clone, Debug)]
struct SubjectsOf {
    /// Those that speak of ingress, of egress.
    policies: [Vec<Arc<CompiledPolicy>>; 2],
    programs: [Option<(u32, Arc<Program>)>; 2],
}

/// What the programs of a group depend on: the policies, and the group's own port names where policies use some.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Selected<'a> {
    policies: &'a [Vec<u32>; 2],
    ports: Option<&'a Vec<(Arc<str>, Protocol, u16)>>,
}

/// Numbers of the past that are kept before everything is numbered anew.
const KEPT_NUMBERS: usize = 100_000;

impl Compiler {
    /// Compiles a Snapshot.
    pub fn compile(&mut self, snapshot: &Snapshot) -> Arc<PolicySet> {
        if self.given_out() > self.baseline * 2 + KEPT_NUMBERS {
            *self = Self::default();
        }
        let on_same = |last: &&Last| last.set.is_on(snapshot);
        if let Some(last) = self.last.as_ref().filter(on_same)
            && Arc::ptr_eq(&last.policies, &snapshot.policies)
        {
            return last.set.clone();
        }
        let last = self.last.take();
        let ground = match last.as_ref().filter(on_same) {
            Some(last) => last.set.ground.clone(),
            None => {
                let ground = Arc::new(Ground::of(snapshot, self.groups.assign(snapshot)));
                self.peers.extend_groups(&self.groups.all);
                self.subjects.extend_groups(&self.groups.all);
                ground
            }
        };
        let policies = self.policies(snapshot);
        let selecting = self.selecting(&policies, &ground.in_use);
        let known = last.as_ref().filter(|last| Arc::ptr_eq(&last.set.ground, &ground));
        let subjects = self.programs(&ground, &policies, &selecting, known.map(|last| &last.subjects));
        let tables = self.tables(snapshot, &ground, &subjects);
        let tables = Arc::new(match &last {
            Some(last) => tables.sharing(&last.set.tables),
            None => tables,
        });
        if self.baseline == 0 {
            self.baseline = self.given_out();
        }
        let set = Arc::new(PolicySet {
            pods: snapshot.pods.clone(),
            nodes: snapshot.nodes.clone(),
            namespaces: snapshot.namespaces.clone(),
            groups: self.groups.all.clone(),
            peers: self.peers.clone(),
            policies,
            selecting,
            ground,
            tables,
        });
        self.last = Some(Last { policies: snapshot.policies.clone(), set: set.clone(), subjects });
        set
    }

    fn given_out(&self) -> usize {
        self.numbers.len() + self.identities.len()
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
            let (first, second) = (&a.policy.origin, &b.policy.origin);
            a.tier
                .cmp(&b.tier)
                .then_with(|| first.name.cmp(&second.name))
                .then_with(|| first.namespace.cmp(&second.namespace))
        });
        policies
    }

    fn selecting(
        &self,
        policies: &[Arc<CompiledPolicy>],
        groups: &BTreeSet<GroupId>,
    ) -> BTreeMap<GroupId, [Vec<u32>; 2]> {
        let mut about: HashMap<PredicateId, Vec<u32>> = HashMap::with_capacity(policies.len());
        for (i, policy) in policies.iter().enumerate() {
            about.entry(policy.subject).or_default().push(i as u32);
        }
        let mut selecting: BTreeMap<GroupId, [Vec<u32>; 2]> = BTreeMap::new();
        for &group in groups {
            let mut of_group: Vec<u32> = self
                .subjects
                .row(group)
                .filter_map(|subject| about.get(&subject))
                .flatten()
                .copied()
                .collect();
            if of_group.is_empty() {
                continue;
            }
            of_group.sort_unstable();
            let both = selecting.entry(group).or_default();
            for direction in [Direction::Ingress, Direction::Egress] {
                let speaks = |i: &u32| policies[*i as usize].rules(direction).is_some();
                both[direction as usize].extend(of_group.iter().copied().filter(speaks));
            }
        }
        selecting
    }

    /// The programs of each group that policies select; those of the last time where its policies are the same.
    fn programs(
        &mut self,
        ground: &Ground,
        policies: &[Arc<CompiledPolicy>],
        selecting: &BTreeMap<GroupId, [Vec<u32>; 2]>,
        known: Option<&BTreeMap<GroupId, Arc<SubjectsOf>>>,
    ) -> BTreeMap<GroupId, Arc<SubjectsOf>> {
        let all = self.groups.all.clone();
        let names = NamedPorts::of(ground.in_use.iter().map(|g| &*all[g.0 as usize]).collect());
        // Most groups are selected by the same policies as many others.
        let mut made: HashMap<Selected<'_>, Arc<SubjectsOf>> = HashMap::new();
        let mut subjects = BTreeMap::new();
        for (&group, both) in selecting {
            let same = |known: &&Arc<SubjectsOf>| {
                known.policies.iter().zip(both).all(|(known, now)| {
                    let pairs = known.iter().zip(now);
                    known.len() == now.len()
                        && pairs.into_iter().all(|(known, i)| Arc::ptr_eq(known, &policies[*i as usize]))
                })
            };
            if let Some(known) = known.and_then(|known| known.get(&group)).filter(same) {
                subjects.insert(group, known.clone());
                continue;
            }
            let of_group = &*all[group.0 as usize];
            let by_name =
                both[Direction::Ingress as usize].iter().any(|i| policies[*i as usize].names_ports());
            let selected = Selected { policies: both, ports: by_name.then_some(&of_group.ports) };
            let of_selected = made.entry(selected).or_insert_with(|| {
                let mut program = |direction: Direction| {
                    let selecting = both[direction as usize].iter().map(|i| &*policies[*i as usize]);
                    let program = Program::of(selecting, direction, of_group, &names, &mut self.peers);
                    (!program.is_empty()).then(|| (self.numbers.subject(&program), Arc::new(program)))
                };
                let programs = [program(Direction::Ingress), program(Direction::Egress)];
                let of_direction =
                    |selecting: &Vec<u32>| selecting.iter().map(|i| policies[*i as usize].clone()).collect();
                Arc::new(SubjectsOf { policies: both.each_ref().map(of_direction), programs })
            });
            subjects.insert(group, of_selected.clone());
        }
        subjects
    }

    fn tables(
        &mut self,
        snapshot: &Snapshot,
        ground: &Ground,
        subjects: &BTreeMap<GroupId, Arc<SubjectsOf>>,
    ) -> Tables {
        let mut programs: BTreeMap<u32, Arc<Program>> = BTreeMap::new();
        let mut by_group = vec![Subjects::default(); self.groups.all.len()];
        for (group, of_group) in subjects {
            let [ingress, egress] = of_group.programs.each_ref().map(|numbered| {
                let (number, program) = numbered.as_ref()?;
                programs.entry(*number).or_insert_with(|| program.clone());
                Some(*number)
            });
            by_group[group.0 as usize] = Subjects { ingress, egress };
        }
        let used = used_predicates(&programs);
        let classes = self.numbers.classes.classify(&programs.values().flat_map(|p| p.ranges()).collect());
        let identities =
            self.identities.assign(snapshot, (&ground.addresses, &ground.unaddressed), &self.peers, &used);
        let of_pod = |group: &Option<GroupId>| group.map(|g| by_group[g.0 as usize]).unwrap_or_default();
        let mut tables = Tables {
            subjects: Arc::new(ground.pod_groups.iter().map(of_pod).collect()),
            port_classes: classes
                .atoms
                .iter()
                .map(|(r, class)| (r.protocol, r.low, r.high, *class))
                .collect(),
            ..Tables::default()
        };
        self.numbers.rows(&programs, &identities, &classes, &mut tables);
        let Identities { known, unaddressed, ranges, .. } = identities;
        tables.known = Arc::new(known);
        for (party, identity) in unaddressed {
            match party {
                Party::Pod(pod, _) => tables.unaddressed.pods.push((pod, identity)),
                Party::Node(node) => tables.unaddressed.nodes.push((node, identity)),
                Party::Other => {}
            }
        }
        tables.ranges = ranges.iter().map(|(r, identity)| (r.first(), r.last(), *identity)).collect();
        tables
    }
}

impl PolicySet {
    /// Whether it was compiled for these very pods, nodes and namespaces.
    fn is_on(&self, snapshot: &Snapshot) -> bool {
        Arc::ptr_eq(&self.pods, &snapshot.pods)
            && Arc::ptr_eq(&self.nodes, &snapshot.nodes)
            && Arc::ptr_eq(&self.namespaces, &snapshot.namespaces)
    }
}

/// Who is there, as policies see it: what does not depend on any policy.
#[derive(Clone, Debug)]
struct Ground {
    /// By pod index.
    pod_groups: Vec<Option<GroupId>>,
    in_use: BTreeSet<GroupId>,
    parties: HashMap<IpAddr, Party>,
    /// The same, sorted.
    addresses: Vec<(IpAddr, Party)>,
    /// Who has no known address.
    unaddressed: Vec<Party>,
}

impl Ground {
    fn of(snapshot: &Snapshot, pod_groups: Vec<Option<GroupId>>) -> Self {
        let nodes = snapshot.nodes.iter().flat_map(|n| n.ips.iter().map(|ip| (ip, Party::Node(n.id))));
        let pods = snapshot.pods.iter().zip(&pod_groups).filter_map(|(pod, group)| Some((pod, (*group)?)));
        let pods =
            pods.flat_map(|(pod, group)| pod.ips.iter().map(move |ip| (ip, Party::Pod(pod.id, group))));
        let parties: HashMap<IpAddr, Party> = nodes.chain(pods).collect();
        let mut addresses: Vec<(IpAddr, Party)> = parties.iter().map(|(ip, party)| (*ip, *party)).collect();
        addresses.sort_unstable_by_key(|(ip, _)| *ip);
        let nodes = snapshot.nodes.iter().filter(|n| n.ips.is_empty()).map(|n| Party::Node(n.id));
        let pods = snapshot.pods.iter().zip(&pod_groups).filter(|(pod, _)| pod.ips.is_empty());
        let pods = pods.filter_map(|(pod, group)| Some(Party::Pod(pod.id, (*group)?)));
        let unaddressed = nodes.chain(pods).collect();
        Self {
            in_use: pod_groups.iter().flatten().copied().collect(),
            pod_groups,
            parties,
            addresses,
            unaddressed,
        }
    }
}

fn used_predicates(programs: &BTreeMap<u32, Arc<Program>>) -> HashSet<PredicateId> {
    let flats =
        programs.values().flat_map(|p| p.admin.iter().chain(p.isolated.iter().flatten()).chain(&p.baseline));
    flats.filter_map(|f| f.peer).collect()
}
