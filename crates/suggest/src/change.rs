//! What changes between two pictures of who reaches whom, put together so that people can read it.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::Arc,
};

use ipnet::IpNet;
use netloom_cluster::PodId;
use netloom_policy::Direction;
use netloom_reach::{AddressRange, ClassId, Party, PortSet, Reach};

use crate::{
    ground::Ground,
    units::{UnitId, Units},
};

/// Connections that were possible and are not, or the other way round.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Who connects.
    pub from: Vec<String>,
    /// To whom.
    pub to: Vec<String>,
    /// On which ports.
    pub ports: PortSet,
    /// What decided on each side where it was possible.
    pub because: Vec<String>,
}

/// Everything that changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// What is possible no longer.
    pub cut: Vec<Change>,
    /// What becomes possible.
    pub opened: Vec<Change>,
}

/// Somebody in the picture: some unit, a workload on the host's network, or a stretch of the outside.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Who {
    Unit(UnitId),
    /// On the host's network, with its namespace.
    Host(Arc<str>, Arc<str>),
    Outside(AddressRange),
}

/// A class in both pictures, with somebody of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Classes {
    before: ClassId,
    after: ClassId,
}

/// Those whom neither picture tells apart.
struct Kind {
    /// Several where the pods of one differ.
    classes: Vec<(Classes, Party)>,
    members: Vec<usize>,
    concerned: bool,
}

/// Everybody, and the kinds of them.
struct Everybody {
    all: Vec<Who>,
    kinds: Vec<Kind>,
}

/// Compares two pictures as far as they concern some units.
#[must_use]
pub fn compare(ground: &Ground<'_>, concerned: &BTreeSet<UnitId>, before: &Reach, after: &Reach) -> Changes {
    let everybody = Everybody::of(ground, concerned, before, after);
    let mut comparer =
        Comparer { before, after, differences: HashMap::new(), found: [Found::default(), Found::default()] };
    for (to, target) in everybody.kinds.iter().enumerate() {
        for (from, source) in everybody.kinds.iter().enumerate() {
            if target.concerned || source.concerned {
                comparer.pair((from, source), (to, target));
            }
        }
    }
    let [cut, opened] = comparer.found;
    Changes {
        cut: cut.put_together(&ground.units, &everybody, before),
        opened: opened.put_together(&ground.units, &everybody, after),
    }
}

impl Everybody {
    fn of(ground: &Ground<'_>, concerned: &BTreeSet<UnitId>, before: &Reach, after: &Reach) -> Self {
        let mut everybody = Self { all: Vec::new(), kinds: Vec::new() };
        let mut kinds: HashMap<(Vec<Classes>, bool), usize> = HashMap::new();
        let mut add = |who: Who, parties: Vec<Party>, after_of: &dyn Fn(Party) -> ClassId, is: bool| {
            let mut classes: Vec<(Classes, Party)> = Vec::new();
            for party in parties {
                let both = Classes { before: before.class_of(party), after: after_of(party) };
                if !classes.iter().any(|(known, _)| *known == both) {
                    classes.push((both, party));
                }
            }
            let key = (classes.iter().map(|(both, _)| *both).collect(), is);
            let place = *kinds.entry(key).or_insert_with(|| {
                everybody.kinds.push(Kind { classes, members: Vec::new(), concerned: is });
                everybody.kinds.len() - 1
            });
            everybody.kinds[place].members.push(everybody.all.len());
            everybody.all.push(who);
        };
        let later = |party| after.class_of(party);
        let parties = |pods: &[PodId]| pods.iter().map(|pod| Party::Pod(*pod)).collect::<Vec<_>>();
        for unit in ground.units.all().iter().filter(|unit| !unit.is_builtin()) {
            add(Who::Unit(unit.id), parties(&unit.pods), &later, concerned.contains(&unit.id));
        }
        let mut hosts: BTreeMap<Who, Vec<PodId>> = BTreeMap::new();
        for pod in ground.snapshot.pods.iter().filter(|pod| pod.host_network) {
            let who = Who::Host(pod.namespace.clone(), pod.workload.name.clone());
            hosts.entry(who).or_default().push(pod.id);
        }
        for (who, pods) in hosts {
            add(who, parties(&pods), &later, false);
        }
        for one in before.outside() {
            for other in after.outside() {
                let Some(range) = one.range.and(&other.range) else { continue };
                add(Who::Outside(range), vec![Party::Address(range.low)], &|_| other.class, false);
            }
        }
        everybody
    }

    /// All members of some kinds.
    fn members(&self, kinds: &BTreeSet<usize>) -> BTreeSet<usize> {
        kinds.iter().flat_map(|kind| self.kinds[*kind].members.iter().copied()).collect()
    }
}

struct Comparer<'r> {
    before: &'r Reach,
    after: &'r Reach,
    /// What is cut and what is opened between classes.
    differences: HashMap<(Classes, Classes), Arc<[PortSet; 2]>>,
    /// What is cut and what is opened.
    found: [Found; 2],
}

impl Comparer<'_> {
    fn pair(&mut self, (from, source): (usize, &Kind), (to, target): (usize, &Kind)) {
        // One alone has nobody of its kind to connect to.
        if from == to && source.members.len() == 1 && source.classes.len() == 1 {
            return;
        }
        for (a, from_party) in &source.classes {
            for (b, to_party) in &target.classes {
                let (before, after) = (self.before, self.after);
                let difference = self.differences.entry((*a, *b)).or_insert_with(|| {
                    let then = before.ports(before.between(a.before, b.before));
                    let now = after.ports(after.between(a.after, b.after));
                    Arc::new([then.minus(&now), now.minus(&then)])
                });
                for (nth, ports) in difference.iter().enumerate().filter(|(_, ports)| !ports.is_none()) {
                    self.found[nth].add(to, ports, from, (*from_party, *to_party));
                }
            }
        }
    }
}

/// Sources, and one pair as an example.
type Sources = (BTreeSet<usize>, Option<(Party, Party)>);

/// Targets, and what decides about them.
type Targets = (BTreeSet<usize>, Vec<String>);

/// Differences by target and ports.
#[derive(Default)]
struct Found {
    by_target: BTreeMap<(usize, PortSet), Sources>,
}

impl Found {
    fn add(&mut self, to: usize, ports: &PortSet, from: usize, example: (Party, Party)) {
        let (sources, known) = self.by_target.entry((to, ports.clone())).or_default();
        sources.insert(from);
        known.get_or_insert(example);
    }

    /// Targets with the same sources and ports become one.
    fn put_together(self, units: &Units, everybody: &Everybody, reach: &Reach) -> Vec<Change> {
        let mut alike: BTreeMap<(BTreeSet<usize>, PortSet), Targets> = BTreeMap::new();
        for ((to, ports), (from, example)) in self.by_target {
            let because = example.map(|(from, to)| because(reach, from, to, &ports)).unwrap_or_default();
            let (targets, reasons) = alike.entry((from, ports)).or_default();
            targets.insert(to);
            for reason in because {
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            }
        }
        let namer = Namer::of(units, everybody);
        let mut changes: Vec<Change> = alike
            .into_iter()
            .map(|((from, ports), (to, because))| {
                let (from, to) = (everybody.members(&from), everybody.members(&to));
                let names = (namer.names(&from, &to), namer.names(&to, &BTreeSet::new()));
                Change { from: names.0, to: names.1, ports, because }
            })
            .collect();
        changes.sort_by(|a, b| (&a.to, &a.from, &a.ports).cmp(&(&b.to, &b.from, &b.ports)));
        changes
    }
}

/// What decides about the ports where they are open.
fn because(reach: &Reach, from: Party, to: Party, ports: &PortSet) -> Vec<String> {
    let mut words = Vec::new();
    for why in reach.why(from, to).iter().filter(|why| why.allowed() && !why.ports.and(ports).is_none()) {
        for (direction, side) in [(Direction::Egress, &why.egress), (Direction::Ingress, &why.ingress)] {
            let subject = match direction {
                Direction::Egress => matches!(from, Party::Pod(_)),
                Direction::Ingress => matches!(to, Party::Pod(_)),
            };
            let text =
                format!("{}: {}", direction.name(), netloom_reach::report::sides::in_words(direction, side));
            if subject && !words.contains(&text) {
                words.push(text);
            }
        }
    }
    words
}

/// Names some of everybody: whole namespaces, all of the outside and everyone have names of their own.
struct Namer<'e> {
    units: &'e Units,
    all: &'e [Who],
    by_namespace: BTreeMap<&'e str, Vec<usize>>,
    outside: Vec<usize>,
}

impl<'e> Namer<'e> {
    fn of(units: &'e Units, everybody: &'e Everybody) -> Self {
        let all = &everybody.all;
        let mut namer = Self { units, all, by_namespace: BTreeMap::new(), outside: Vec::new() };
        for (nth, who) in all.iter().enumerate() {
            match namespace(units, who) {
                Some(namespace) => namer.by_namespace.entry(namespace).or_default().push(nth),
                None => namer.outside.push(nth),
            }
        }
        namer
    }

    /// `beside` are left out of what makes a namespace whole.
    fn names(&self, some: &BTreeSet<usize>, beside: &BTreeSet<usize>) -> Vec<String> {
        let mut wanted: BTreeMap<&str, (bool, Vec<usize>)> = BTreeMap::new();
        for (namespace, members) in &self.by_namespace {
            let here: Vec<usize> = members.iter().copied().filter(|nth| some.contains(nth)).collect();
            let whole = members.iter().all(|nth| some.contains(nth) || beside.contains(nth));
            wanted.insert(namespace, (whole, here));
        }
        let mut names = Vec::new();
        let is_everyone = wanted.len() > 1
            && wanted.values().all(|(whole, _)| *whole)
            && wanted.values().any(|(_, here)| here.len() > 1);
        if is_everyone {
            names.push("everyone in the cluster".to_owned());
        } else {
            for (namespace, (whole, here)) in wanted {
                match whole && here.len() > 1 {
                    true => names.push(format!("{namespace}/*")),
                    false => names.extend(here.iter().filter_map(|nth| name(self.units, &self.all[*nth]))),
                }
            }
        }
        self.outside(some, &mut names);
        names
    }

    fn outside(&self, some: &BTreeSet<usize>, names: &mut Vec<String>) {
        let ranges = |wanted: bool| {
            let all = self.outside.iter().filter(|nth| some.contains(nth) == wanted);
            joined(all.filter_map(|nth| range(&self.all[*nth])).collect())
        };
        let (own, others) = (ranges(true), ranges(false));
        let shown = |ranges: &[AddressRange]| ranges.iter().map(addresses).collect::<Vec<String>>();
        // What is left out may be sooner said.
        match (own.is_empty(), others.is_empty()) {
            (true, _) => {}
            (false, true) => names.push("outside".to_owned()),
            (false, false) if others.len() < own.len() => {
                names.push(format!("outside but {}", shown(&others).join(", ")));
            }
            (false, false) => names.extend(shown(&own)),
        }
    }
}

/// A range as an address or a network, where it is one.
fn addresses(range: &AddressRange) -> String {
    if range.low == range.high {
        return range.low.to_string();
    }
    let bits = |ip: IpAddr| if ip.is_ipv4() { 32 } else { 128 };
    let nets = (0..=bits(range.low)).filter_map(|length| IpNet::new(range.low, length).ok());
    let mut exact = nets.filter(|net| net.network() == range.low && net.broadcast() == range.high);
    exact.next().map_or_else(|| format!("{}-{}", range.low, range.high), |net| net.to_string())
}

fn namespace<'u>(units: &'u Units, who: &'u Who) -> Option<&'u str> {
    match who {
        Who::Unit(unit) => Some(&units.get(*unit).namespace),
        Who::Host(namespace, _) => Some(namespace),
        Who::Outside(_) => None,
    }
}

fn name(units: &Units, who: &Who) -> Option<String> {
    match who {
        Who::Unit(unit) => Some(units.get(*unit).title()),
        Who::Host(namespace, name) => Some(format!("{namespace}/{name}")),
        Who::Outside(_) => None,
    }
}

fn range(who: &Who) -> Option<AddressRange> {
    match who {
        Who::Outside(range) => Some(*range),
        Who::Unit(_) | Who::Host(..) => None,
    }
}

/// Ranges that meet become one.
fn joined(mut ranges: Vec<AddressRange>) -> Vec<AddressRange> {
    ranges.sort();
    let mut joined: Vec<AddressRange> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.meets(&range) => last.high = range.high,
            _ => joined.push(range),
        }
    }
    joined
}
