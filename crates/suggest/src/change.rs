//! What changes between two pictures of who reaches whom, put together so that people can read it.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::Arc,
};

use ipnet::IpNet;
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
struct Somebody {
    who: Who,
    before: Vec<(Party, ClassId)>,
    after: Vec<(Party, ClassId)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Who {
    Unit(UnitId),
    /// On the host's network, with its namespace.
    Host(Arc<str>, Arc<str>),
    Outside(AddressRange),
}

/// Compares two pictures as far as they concern some units.
#[must_use]
pub fn compare(ground: &Ground<'_>, concerned: &BTreeSet<UnitId>, before: &Reach, after: &Reach) -> Changes {
    let everyone = everyone(ground, before, after);
    let mut comparer =
        Comparer { before, after, differences: HashMap::new(), found: [Found::default(), Found::default()] };
    for to in everyone.iter().filter(|one| is_one_of(one, concerned)) {
        everyone.iter().for_each(|from| comparer.pair(from, to));
    }
    for from in everyone.iter().filter(|one| is_one_of(one, concerned)) {
        let others = everyone.iter().filter(|one| !is_one_of(one, concerned));
        others.for_each(|to| comparer.pair(from, to));
    }
    let [cut, opened] = comparer.found;
    Changes {
        cut: cut.put_together(&ground.units, &everyone, before),
        opened: opened.put_together(&ground.units, &everyone, after),
    }
}

fn is_one_of(one: &Somebody, units: &BTreeSet<UnitId>) -> bool {
    matches!(&one.who, Who::Unit(unit) if units.contains(unit))
}

fn everyone(ground: &Ground<'_>, before: &Reach, after: &Reach) -> Vec<Somebody> {
    let parties = |reach: &Reach, pods: &[netloom_cluster::PodId]| {
        let mut found: Vec<(Party, ClassId)> = Vec::new();
        for pod in pods {
            let class = reach.class_of(Party::Pod(*pod));
            if !found.iter().any(|(_, known)| *known == class) {
                found.push((Party::Pod(*pod), class));
            }
        }
        found
    };
    let mut everyone = Vec::new();
    for unit in ground.units.all().iter().filter(|unit| !unit.is_builtin()) {
        let who = Who::Unit(unit.id);
        everyone.push(Somebody {
            who,
            before: parties(before, &unit.pods),
            after: parties(after, &unit.pods),
        });
    }
    let mut hosts: BTreeMap<Who, Vec<netloom_cluster::PodId>> = BTreeMap::new();
    for pod in ground.snapshot.pods.iter().filter(|pod| pod.host_network) {
        hosts.entry(Who::Host(pod.namespace.clone(), pod.workload.name.clone())).or_default().push(pod.id);
    }
    for (who, pods) in hosts {
        everyone.push(Somebody { who, before: parties(before, &pods), after: parties(after, &pods) });
    }
    for one in before.outside() {
        for other in after.outside() {
            let Some(range) = one.range.and(&other.range) else { continue };
            let party = Party::Address(range.low);
            let (before, after) = (vec![(party, one.class)], vec![(party, other.class)]);
            everyone.push(Somebody { who: Who::Outside(range), before, after });
        }
    }
    everyone
}

/// The classes of two ends in both pictures.
type Classes = [ClassId; 4];

struct Comparer<'r> {
    before: &'r Reach,
    after: &'r Reach,
    /// What is cut and what is opened between classes.
    differences: HashMap<Classes, Arc<[PortSet; 2]>>,
    /// What is cut and what is opened.
    found: [Found; 2],
}

impl Comparer<'_> {
    fn pair(&mut self, from: &Somebody, to: &Somebody) {
        let alone = |one: &Somebody| one.before.len() == 1;
        if from.who == to.who && alone(from) {
            return;
        }
        for (source, target) in pairs(&from.before, &to.before) {
            let later = |one: &Somebody, party| {
                one.after.iter().find(|(p, _)| *p == party).or(one.after.first()).copied()
            };
            let (Some(new_source), Some(new_target)) = (later(from, source.0), later(to, target.0)) else {
                continue;
            };
            let classes = [source.1, target.1, new_source.1, new_target.1];
            let (before, after) = (self.before, self.after);
            let difference = self.differences.entry(classes).or_insert_with(|| {
                let then = before.ports(before.between(source.1, target.1));
                let now = after.ports(after.between(new_source.1, new_target.1));
                Arc::new([then.minus(&now), now.minus(&then)])
            });
            let difference = difference.clone();
            for (nth, ports) in difference.iter().enumerate().filter(|(_, ports)| !ports.is_none()) {
                self.found[nth].add(to.who.clone(), ports, from.who.clone(), (source.0, target.0));
            }
        }
    }
}

fn pairs<'p>(
    from: &'p [(Party, ClassId)],
    to: &'p [(Party, ClassId)],
) -> impl Iterator<Item = ((Party, ClassId), (Party, ClassId))> + 'p {
    from.iter().flat_map(|a| to.iter().map(move |b| (*a, *b)))
}

/// Sources, and one pair as an example.
type Sources = (BTreeSet<Who>, Option<(Party, Party)>);

/// Targets, and what decides about them.
type Targets = (BTreeSet<Who>, Vec<String>);

/// Differences by target and ports.
#[derive(Default)]
struct Found {
    by_target: BTreeMap<(Who, PortSet), Sources>,
}

impl Found {
    fn add(&mut self, to: Who, ports: &PortSet, from: Who, example: (Party, Party)) {
        let (sources, known) = self.by_target.entry((to, ports.clone())).or_default();
        sources.insert(from);
        known.get_or_insert(example);
    }

    /// Targets with the same sources and ports become one.
    fn put_together(self, units: &Units, everyone: &[Somebody], reach: &Reach) -> Vec<Change> {
        let mut alike: BTreeMap<(BTreeSet<Who>, PortSet), Targets> = BTreeMap::new();
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
        let mut changes: Vec<Change> = alike
            .into_iter()
            .map(|((from, ports), (to, because))| {
                let (from, to) =
                    (names(units, everyone, &from, &to), names(units, everyone, &to, &BTreeSet::new()));
                Change { from, to, ports, because }
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

/// Names of some; whole namespaces, all of the outside and everyone have names of their own. `beside` are left out of
/// what makes a namespace whole.
fn names(units: &Units, everyone: &[Somebody], some: &BTreeSet<Who>, beside: &BTreeSet<Who>) -> Vec<String> {
    let mut namespaces: BTreeMap<&str, (usize, Vec<&Who>)> = BTreeMap::new();
    for one in everyone {
        let Some(namespace) = namespace(units, &one.who) else { continue };
        let (whole, wanted) = namespaces.entry(namespace).or_default();
        if some.contains(&one.who) {
            *whole += 1;
            wanted.push(&one.who);
        } else if !beside.contains(&one.who) {
            *whole += 1;
        }
    }
    let all_inside = namespaces.values().all(|(whole, wanted)| *whole == wanted.len());
    let mut names = Vec::new();
    match all_inside && namespaces.values().any(|(_, wanted)| wanted.len() > 1) && namespaces.len() > 1 {
        true => names.push("everyone in the cluster".to_owned()),
        false => {
            for (namespace, (whole, wanted)) in namespaces {
                match wanted.len() == whole && whole > 1 {
                    true => names.push(format!("{namespace}/*")),
                    false => names.extend(wanted.iter().filter_map(|who| name(units, who))),
                }
            }
        }
    }
    let ranges: Vec<AddressRange> = some.iter().filter_map(range).collect();
    let others: Vec<AddressRange> =
        everyone.iter().filter(|one| !some.contains(&one.who)).filter_map(|one| range(&one.who)).collect();
    if !ranges.is_empty() && others.is_empty() {
        names.push("outside".to_owned());
        return names;
    }
    let shown = |ranges| joined(ranges).into_iter().map(|range| addresses(&range)).collect::<Vec<String>>();
    let (ranges, others) = (shown(ranges), shown(others));
    // What is left out may be sooner said.
    match others.len() < ranges.len() {
        true => names.push(format!("outside but {}", others.join(", "))),
        false => names.extend(ranges),
    }
    names
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
