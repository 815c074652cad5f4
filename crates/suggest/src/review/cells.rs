//! Every connection that some rule could tell from others: pods that the same policies select, times those on the other
//! side that no policy tells apart, times ports between the limits that rules name.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use netloom_cluster::{PodId, Policy, PortMatch, Protocol, Rule};
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

/// All cells, not written out.
pub(super) struct Cells {
    subjects: Vec<Subjects>,
    remotes: Vec<Remote>,
    of_policy: HashMap<usize, Vec<usize>>,
}

const BOTH: [Direction; 2] = [Direction::Ingress, Direction::Egress];

/// A name of a port with its protocol, where one is said.
type Named = (Option<Protocol>, Arc<str>);

/// The policies for ingress and for egress, and the ports that are declared.
type Alike = (Vec<usize>, Vec<usize>, Vec<(Protocol, u16, Option<Arc<str>>)>);

impl Cells {
    pub fn of(ground: &Ground<'_>, set: &PolicySet) -> Self {
        let snapshot = &ground.snapshot;
        let numbers: HashMap<&ObjectRef, usize> =
            snapshot.policies.iter().enumerate().map(|(nth, policy)| (&*policy.origin, nth)).collect();
        let names = Names::of(ground);
        let mut known: BTreeMap<Alike, PodId> = BTreeMap::new();
        for pod in snapshot.pods.iter().filter(|pod| !pod.host_network) {
            let selecting = |direction| {
                let all = set.selecting(pod.id, direction);
                all.filter_map(|origin| numbers.get(&**origin).copied()).collect::<Vec<usize>>()
            };
            let declared = pod.containers.iter().flat_map(|c| &c.ports);
            let declared = declared.map(|p| (p.protocol, p.port, p.name.clone())).collect();
            known
                .entry((selecting(Direction::Ingress), selecting(Direction::Egress), declared))
                .or_insert(pod.id);
        }
        let mut subjects = Vec::new();
        let mut of_policy: HashMap<usize, Vec<usize>> = HashMap::new();
        for ((ingress, egress, _), pod) in known {
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
            subjects.push(Subjects { pod, ingress, egress, ports });
        }
        Self { subjects, remotes: remotes(ground, set), of_policy }
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
        for remote in &self.remotes {
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
fn remotes(ground: &Ground<'_>, set: &PolicySet) -> Vec<Remote> {
    let (snapshot, tables) = (&ground.snapshot, set.tables());
    let mut seen: BTreeSet<u32> = BTreeSet::new();
    let mut remotes = Vec::new();
    let mut add = |identity: u32, remote: Remote| {
        if seen.insert(identity) {
            remotes.push(remote);
        }
    };
    for (pod, identity) in &tables.unaddressed.pods {
        add(*identity, Remote::Pod(*pod));
    }
    for (node, identity) in &tables.unaddressed.nodes {
        add(*identity, Remote::Node(*node));
    }
    let pods = snapshot.pods.iter().flat_map(|pod| pod.ips.iter());
    for ip in pods.chain(snapshot.nodes.iter().flat_map(|node| node.ips.iter())) {
        add(tables.identity(ip), Remote::Address(ip));
    }
    for outside in ground.today.outside() {
        let low = outside.range.low;
        add(tables.identity(low), Remote::Address(low));
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
