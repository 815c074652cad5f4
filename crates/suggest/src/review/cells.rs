//! Every connection that some rule could tell from others: pods that the same policies select, times those on the other
//! side that no policy tells apart, times ports between the limits that rules name.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, hash_map::Entry},
    sync::Arc,
};

use netloom_cluster::{Pod, PodId, Policy, PortMatch, Protocol, Rule, Snapshot};
use netloom_objects::ObjectRef;
use netloom_policy::{Direction, PolicySet, Remote, Side};

use crate::ground::Ground;

/// One question to the evaluator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub pod: PodId,
    pub direction: Direction,
    pub remote: Remote,
    pub protocol: Protocol,
    pub port: u16,
}

impl Cell {
    /// What a set of policies says.
    pub fn judged(&self, set: &PolicySet) -> Side {
        match self.direction {
            Direction::Ingress => set.ingress(self.pod, self.remote, self.protocol, self.port),
            Direction::Egress => set.egress(self.pod, self.remote, self.protocol, self.port),
        }
    }
}

/// Pods that the same policies select, and whose ports have the same names.
pub(super) struct Subjects {
    pod: PodId,
    /// Whether there are no others.
    alone: bool,
    /// Indices of policies, by direction.
    ingress: Vec<usize>,
    egress: Vec<usize>,
    ports: [Vec<(Protocol, u16)>; 2],
}

impl Subjects {
    /// The policies that select them for a direction.
    pub fn selecting(&self, direction: Direction) -> &[usize] {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }

    fn ports(&self, direction: Direction) -> &[(Protocol, u16)] {
        &self.ports[direction as usize]
    }
}

/// Those on the other side whom no peer of any rule tells apart.
#[derive(Clone, Copy, Debug)]
struct Other {
    remote: Remote,
    /// The one pod that it is, where it is one.
    alone: Option<PodId>,
}

/// All cells, not written out.
pub(super) struct Cells {
    subjects: Vec<Subjects>,
    remotes: Vec<Other>,
    of_policy: HashMap<usize, Vec<usize>>,
}

const BOTH: [Direction; 2] = [Direction::Ingress, Direction::Egress];

/// The ports that the containers of a pod declare.
type Declared = Vec<(Protocol, u16, Option<Arc<str>>)>;

/// A name of a port with its protocol, where one is said.
type Named = (Option<Protocol>, Arc<str>);

impl Cells {
    /// The cells of a set, and a Snapshot with the pods that they ask about and no others, which is sooner compiled.
    pub fn of(ground: &Ground<'_>, set: &PolicySet) -> (Self, Snapshot) {
        let snapshot = &ground.snapshot;
        let numbers: HashMap<&ObjectRef, usize> =
            snapshot.policies.iter().enumerate().map(|(nth, policy)| (&*policy.origin, nth)).collect();
        let names = Names::of(ground);
        type Alike = (Vec<usize>, Vec<usize>, Declared);
        let mut known: BTreeMap<Alike, (PodId, usize)> = BTreeMap::new();
        for pod in snapshot.pods.iter().filter(|pod| !pod.host_network) {
            let selecting = |direction| {
                let all = set.selecting(pod.id, direction);
                all.filter_map(|origin| numbers.get(&**origin).copied()).collect::<Vec<usize>>()
            };
            let declared = pod.containers.iter().flat_map(|c| &c.ports);
            let declared = declared.map(|p| (p.protocol, p.port, p.name.clone())).collect();
            let key = (selecting(Direction::Ingress), selecting(Direction::Egress), declared);
            known.entry(key).or_insert((pod.id, 0)).1 += 1;
        }
        let mut subjects = Vec::new();
        let mut of_policy: HashMap<usize, Vec<usize>> = HashMap::new();
        for ((ingress, egress, _), (pod, count)) in known {
            for policy in ingress.iter().chain(&egress) {
                let of = of_policy.entry(*policy).or_default();
                if of.last() != Some(&subjects.len()) {
                    of.push(subjects.len());
                }
            }
            let ports = BOTH.map(|direction| {
                let list = if direction == Direction::Ingress { &ingress } else { &egress };
                let policies = list.iter().map(|nth| &*snapshot.policies[*nth]);
                limits(policies, direction, ground, pod, &names)
            });
            subjects.push(Subjects { pod, alone: count == 1, ingress, egress, ports });
        }
        let mut cells = Self { subjects, remotes: remotes(ground, set), of_policy };
        let snapshot = cells.move_to_own(snapshot);
        (cells, snapshot)
    }

    /// Leaves of a Snapshot only the pods that are asked about, which get new numbers.
    fn move_to_own(&mut self, snapshot: &Snapshot) -> Snapshot {
        let mut numbers: HashMap<PodId, PodId> = HashMap::new();
        let mut pods: Vec<Arc<Pod>> = Vec::new();
        let mut number = |pod: PodId| {
            *numbers.entry(pod).or_insert_with(|| {
                let id = PodId(pods.len() as u32);
                pods.push(Arc::new(Pod { id, ..(**snapshot.pod(pod)).clone() }));
                id
            })
        };
        self.subjects.iter_mut().for_each(|subjects| subjects.pod = number(subjects.pod));
        for other in &mut self.remotes {
            match &mut other.remote {
                Remote::Pod(pod) => *pod = number(*pod),
                Remote::Address(ip) => {
                    let owner = snapshot.pods.iter().find(|pod| pod.ips.contains(*ip));
                    owner.into_iter().for_each(|pod| _ = number(pod.id));
                }
                Remote::Node(_) => {}
            }
            other.alone = other.alone.map(&mut number);
        }
        Snapshot { pods: Arc::new(pods), ..snapshot.clone() }
    }

    /// Asks about all cells.
    pub fn each(&self, mut visit: impl FnMut(&Cell)) {
        for subjects in &self.subjects {
            BOTH.into_iter().for_each(|direction| self.of_subjects(subjects, direction, &mut visit));
        }
    }

    /// Asks about those cells that a policy's rules of a direction may be about.
    pub fn of_policy(&self, policy: usize, direction: Direction, mut visit: impl FnMut(&Cell)) {
        for subjects in self.subjects(policy) {
            self.of_subjects(subjects, direction, &mut visit);
        }
    }

    fn of_subjects(&self, subjects: &Subjects, direction: Direction, visit: &mut impl FnMut(&Cell)) {
        if subjects.selecting(direction).is_empty() {
            return;
        }
        // A pod that is alone on both sides would be asked about itself.
        let is_itself = |other: &&Other| subjects.alone && other.alone == Some(subjects.pod);
        for Other { remote, .. } in self.remotes.iter().filter(|other| !is_itself(other)) {
            for &(protocol, port) in subjects.ports(direction) {
                visit(&Cell { pod: subjects.pod, direction, remote: *remote, protocol, port });
            }
        }
    }

    /// The kinds of pods that a policy selects.
    pub fn subjects(&self, policy: usize) -> impl Iterator<Item = &Subjects> {
        self.of_policy.get(&policy).into_iter().flatten().map(|nth| &self.subjects[*nth])
    }

    /// Whether a policy selects any pod.
    pub fn has_subjects(&self, policy: usize) -> bool {
        self.of_policy.contains_key(&policy)
    }
}

/// Those on the other side: one for each identity, which is what no peer of any rule tells apart.
fn remotes(ground: &Ground<'_>, set: &PolicySet) -> Vec<Other> {
    let (snapshot, tables) = (&ground.snapshot, set.tables());
    let mut seen: HashMap<(bool, u32), usize> = HashMap::new();
    let mut remotes: Vec<Other> = Vec::new();
    // A node reaches its own pods whatever rules say, so it speaks for nobody else.
    let mut add = |is_node: bool, identity: u32, remote: Remote, pod: Option<PodId>| match seen
        .entry((is_node, identity))
    {
        Entry::Vacant(free) => {
            free.insert(remotes.len());
            remotes.push(Other { remote, alone: pod });
        }
        Entry::Occupied(known) => {
            let known = &mut remotes[*known.get()];
            known.alone = known.alone.filter(|alone| pod == Some(*alone));
        }
    };
    // Behind the set's own pods stand those that it was asked about beside.
    let own = tables.unaddressed.pods.iter().filter(|(pod, _)| (pod.0 as usize) < snapshot.pods.len());
    for (pod, identity) in own {
        add(snapshot.pod(*pod).host_network, *identity, Remote::Pod(*pod), Some(*pod));
    }
    for (node, identity) in &tables.unaddressed.nodes {
        add(true, *identity, Remote::Node(*node), None);
    }
    for pod in snapshot.pods.iter() {
        for ip in pod.ips.iter() {
            add(pod.host_network, tables.identity(ip), Remote::Address(ip), Some(pod.id));
        }
    }
    for ip in snapshot.nodes.iter().flat_map(|node| node.ips.iter()) {
        add(true, tables.identity(ip), Remote::Address(ip), None);
    }
    for outside in ground.today.outside() {
        let low = outside.range.low;
        add(false, tables.identity(low), Remote::Address(low), None);
    }
    remotes
}

/// The numbers that each name of a port has in the set.
struct Names {
    numbers: HashMap<Arc<str>, BTreeSet<(Protocol, u16)>>,
}

impl Names {
    fn of(ground: &Ground<'_>) -> Self {
        let mut numbers: HashMap<Arc<str>, BTreeSet<(Protocol, u16)>> = HashMap::new();
        for port in ground.snapshot.pods.iter().flat_map(|p| p.containers.iter()).flat_map(|c| &c.ports) {
            let Some(name) = &port.name else { continue };
            numbers.entry(name.clone()).or_default().insert((port.protocol, port.port));
        }
        Self { numbers }
    }

    fn get(&self, (protocol, name): &Named) -> impl Iterator<Item = (Protocol, u16)> {
        let protocol = *protocol;
        let all = self.numbers.get(name).into_iter().flatten().copied();
        all.filter(move |(of, _)| protocol.is_none_or(|wanted| wanted == *of))
    }
}

/// One port of each stretch that the rules of some policies tell apart.
fn limits<'p>(
    policies: impl Iterator<Item = &'p Policy>,
    direction: Direction,
    ground: &Ground<'_>,
    pod: PodId,
    names: &Names,
) -> Vec<(Protocol, u16)> {
    let mut starts: BTreeSet<(Protocol, u16)> = BTreeSet::new();
    let mut add = |protocol: Protocol, low: u16, high: u16| {
        starts.insert((protocol, low));
        starts.extend(high.checked_add(1).map(|next| (protocol, next)));
    };
    Protocol::WITH_PORTS.into_iter().for_each(|protocol| add(protocol, 1, u16::MAX));
    let rules = policies.flat_map(|policy| {
        let rules = if direction == Direction::Ingress { &policy.ingress } else { &policy.egress };
        rules.iter().flatten()
    });
    for port in rules.flat_map(|rule: &Rule| rule.ports.iter().flatten()) {
        match &port.port {
            PortMatch::All(_) => {}
            PortMatch::Range(protocol, low, high) => add(*protocol, *low, *high),
            PortMatch::Named(protocol, name) if direction == Direction::Ingress => {
                let own =
                    |p: &Protocol| ground.snapshot.pod(pod).named_port(name, *p).map(|number| (*p, number));
                let asked =
                    Protocol::WITH_PORTS.into_iter().filter(|p| protocol.is_none_or(|only| only == *p));
                asked.filter_map(|p| own(&p)).for_each(|(p, number)| add(p, number, number));
            }
            PortMatch::Named(protocol, name) => {
                let named = (*protocol, name.clone());
                names.get(&named).for_each(|(p, number)| add(p, number, number));
            }
        }
    }
    starts.insert((Protocol::Other(0), 0));
    starts.into_iter().collect()
}
