//! What lies between two states of the policies: tables that let through only what both do.
//!
//! Everything becomes a pair: an address has an identity in each state, a port a class, a pod a subject, a row a set.
//! Pairs get numbers of the states where those are free, so that little has to be told to the kernel.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::Arc,
};

use fixedbitset::FixedBitSet;
use netloom_cluster::{NodeId, Protocol};

use crate::{
    SET_ALL, SET_NONE, Subjects, Tables,
    placed::{Place, Placed},
};

/// What something is in each of the two states; none where a state does not judge it.
type Pair = (Option<u32>, Option<u32>);
/// Sets of the two states.
type SetPair = (u32, u32);
type Numbers = HashMap<Pair, u32>;

const PROTOCOLS: [Protocol; 4] = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp, Protocol::Other(0)];

/// Ports that neither state tells apart.
struct Class {
    protocol: Protocol,
    pair: (u32, u32),
    number: u32,
}

impl Class {
    fn default(protocol: Protocol) -> Self {
        let class = Tables::default_class(protocol);
        Self { protocol, pair: (class, class), number: class }
    }

    fn is_default(&self) -> bool {
        self.number == Tables::default_class(self.protocol)
    }
}

/// Tables that let through what both states do, and who is judged by them.
pub(crate) fn meet(old: &Placed, new: &Placed) -> (Tables, Vec<Place>) {
    let (before, after) = (&*old.tables, &*new.tables);
    let known = joined(&before.known, &after.known);
    let ranges = refined_ranges(&before.ranges, &after.ranges);
    let of_ranges = ranges.iter().map(|(.., pair)| *pair);
    let identities = numbers(known.iter().map(|(_, pair)| *pair).chain(of_ranges));
    let (atoms, classes) = classes(before, after);
    let pods = pods(&old.places, &new.places);
    let pairs = pods.iter().flat_map(|(.., [ingress, egress])| [*ingress, *egress]);
    let subjects = numbers(pairs.filter(|pair| *pair != (None, None)));
    let classes = Classes::of(classes);
    let choices: Vec<(u32, Vec<(&Class, SetPair)>)> =
        subjects.iter().map(|(pair, number)| (*number, choices(before, after, *pair, &classes))).collect();
    let wanted = choices.iter().flat_map(|(_, choices)| choices.iter().map(|(_, sets)| *sets)).collect();
    let (sets, of_pair) = sets(before, after, &wanted, &identities);
    let mut rows = BTreeMap::new();
    for (subject, choices) in &choices {
        let chosen = |class: &Class| {
            choices.iter().find(|(c, _)| c.number == class.number).map_or(SET_NONE, |(_, pair)| of_pair[pair])
        };
        for (class, pair) in choices {
            let (set, default) = (of_pair[pair], Class::default(class.protocol));
            let elsewhere = if class.is_default() { SET_NONE } else { chosen(&default) };
            if set != elsewhere {
                rows.insert((*subject, class.number), set);
            }
        }
    }
    let number = |pair: &Pair| subjects.get(pair).copied();
    let place = |(ip, node, [ingress, egress]): &(IpAddr, NodeId, [Pair; 2])| Place {
        ip: *ip,
        node: *node,
        subjects: Subjects { ingress: number(ingress), egress: number(egress) },
    };
    let tables = Tables {
        known: Arc::new(known.iter().map(|(ip, pair)| (*ip, identities[pair])).collect()),
        ranges: ranges.iter().map(|(low, high, pair)| (*low, *high, identities[pair])).collect(),
        port_classes: atoms,
        rows,
        sets,
        ..Tables::default()
    };
    (tables, pods.iter().map(place).collect())
}

/// A number for each pair: the one of both, else that of one of the two where the other state gives it to nothing, else
/// a new one. The kernel reads its maps one after the other and may be told of the next state in between: a number that
/// two neighbouring states give to different things would have it judge one by the rules of the other. The pair of
/// zeros is 0, which nothing else may be.
fn numbers(pairs: impl Iterator<Item = Pair>) -> Numbers {
    let pairs: BTreeSet<Pair> = pairs.collect();
    let old: BTreeSet<u32> = pairs.iter().filter_map(|pair| pair.0).collect();
    let new: BTreeSet<u32> = pairs.iter().filter_map(|pair| pair.1).collect();
    let most = old.iter().chain(&new).max().copied().unwrap_or_default();
    let mut numbers: Numbers = HashMap::with_capacity(pairs.len());
    let mut taken: BTreeSet<u32> = BTreeSet::from([0]);
    let (same, mixed): (Vec<Pair>, Vec<Pair>) = pairs.into_iter().partition(|(a, b)| a == b);
    for pair in same {
        let number = pair.0.unwrap_or_default();
        taken.insert(number);
        numbers.insert(pair, number);
    }
    let mut fresh = most + 1;
    for pair in mixed {
        let of_new = pair.1.filter(|number| !old.contains(number));
        let of_old = pair.0.filter(|number| !new.contains(number));
        let free = [of_new, of_old].into_iter().flatten().find(|number| taken.insert(*number));
        let number = free.unwrap_or_else(|| {
            fresh += 1;
            fresh - 1
        });
        numbers.insert(pair, number);
    }
    numbers
}

/// The addresses of both lists, which are sorted, each with what it is in them.
fn joined(old: &[(IpAddr, u32)], new: &[(IpAddr, u32)]) -> Vec<(IpAddr, Pair)> {
    let mut all: BTreeMap<IpAddr, Pair> = old.iter().map(|(ip, id)| (*ip, (Some(*id), None))).collect();
    for (ip, id) in new {
        all.entry(*ip).or_default().1 = Some(*id);
    }
    all.into_iter().collect()
}

/// The ranges of both lists, cut where either is.
fn refined_ranges(
    old: &[(IpAddr, IpAddr, u32)],
    new: &[(IpAddr, IpAddr, u32)],
) -> Vec<(IpAddr, IpAddr, Pair)> {
    let mut out: Vec<(IpAddr, IpAddr, Pair)> = Vec::new();
    for v4 in [true, false] {
        let of = |list: &[(IpAddr, IpAddr, u32)]| -> Vec<(u128, u128, u32)> {
            let own = list.iter().filter(|(low, ..)| low.is_ipv4() == v4);
            own.map(|(low, high, id)| (number(*low), number(*high), *id)).collect()
        };
        for (low, high, a, b) in refined(&of(old), &of(new)) {
            let pair = (Some(a.unwrap_or_default()), Some(b.unwrap_or_default()));
            out.push((address(v4, low), address(v4, high), pair));
        }
    }
    out
}

/// Two lists of disjoint, sorted ranges, cut where either is, with what each says; nothing where neither does.
fn refined(
    old: &[(u128, u128, u32)],
    new: &[(u128, u128, u32)],
) -> Vec<(u128, u128, Option<u32>, Option<u32>)> {
    let mut cuts: BTreeSet<u128> = BTreeSet::new();
    for (low, high, _) in old.iter().chain(new) {
        cuts.insert(*low);
        cuts.extend(high.checked_add(1));
    }
    let at = |list: &[(u128, u128, u32)], ip: u128| {
        let after = list.partition_point(|(low, ..)| *low <= ip);
        let (_, high, id) = list[after.checked_sub(1)?];
        (ip <= high).then_some(id)
    };
    let cuts: Vec<u128> = cuts.into_iter().collect();
    let last = |i: usize| cuts.get(i + 1).map_or(u128::MAX, |next| next - 1);
    let piece = |(i, low): (usize, &u128)| {
        let (a, b) = (at(old, *low), at(new, *low));
        (a.is_some() || b.is_some()).then(|| (*low, last(i), a, b))
    };
    cuts.iter().enumerate().filter_map(piece).collect()
}

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(ip.to_bits()),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

fn address(v4: bool, number: u128) -> IpAddr {
    // A range that ends with its family's last address has no cut behind it.
    match u32::try_from(number.min(u128::from(u32::MAX))) {
        Ok(bits) if v4 => IpAddr::V4(bits.into()),
        _ => IpAddr::V6(number.into()),
    }
}

/// A range of ports, and its class.
type Ports = (Protocol, u16, u16, u32);

/// The classes of ports that either state tells apart: as the kernel is told, and with what they are in each.
fn classes(old: &Tables, new: &Tables) -> (Vec<Ports>, Vec<Class>) {
    let of = |tables: &Tables, protocol: Protocol| -> Vec<(u128, u128, u32)> {
        let own = tables.port_classes.iter().filter(|(p, ..)| *p == protocol);
        own.map(|(_, low, high, class)| (u128::from(*low), u128::from(*high), *class)).collect()
    };
    let mut pieces = Vec::new();
    for protocol in Protocol::WITH_PORTS {
        let default = Tables::default_class(protocol);
        for (low, high, a, b) in refined(&of(old, protocol), &of(new, protocol)) {
            let pair = (a.unwrap_or(default), b.unwrap_or(default));
            pieces.push((protocol, low as u16, high.min(u128::from(u16::MAX)) as u16, pair));
        }
    }
    let optional = |(a, b): (u32, u32)| (Some(a), Some(b));
    let defaults = PROTOCOLS.map(Class::default);
    let pairs = pieces.iter().map(|(.., pair)| optional(*pair));
    let numbers = numbers(pairs.chain(defaults.iter().map(|class| optional(class.pair))));
    let atoms =
        pieces.iter().map(|(p, low, high, pair)| (*p, *low, *high, numbers[&optional(*pair)])).collect();
    let mut seen = BTreeSet::new();
    let specific = pieces.iter().filter(|(.., pair)| seen.insert(*pair));
    let specific = specific.map(|(protocol, .., pair)| Class {
        protocol: *protocol,
        pair: *pair,
        number: numbers[&optional(*pair)],
    });
    (atoms, defaults.into_iter().chain(specific).collect())
}

/// Classes, and which of them stand for a class of the old or of the new state.
struct Classes {
    all: Vec<Class>,
    of_old: HashMap<u32, Vec<usize>>,
    of_new: HashMap<u32, Vec<usize>>,
}

impl Classes {
    fn of(all: Vec<Class>) -> Self {
        let (mut of_old, mut of_new) = (HashMap::<u32, Vec<usize>>::new(), HashMap::<u32, Vec<usize>>::new());
        for (i, class) in all.iter().enumerate() {
            of_old.entry(class.pair.0).or_default().push(i);
            of_new.entry(class.pair.1).or_default().push(i);
        }
        Self { all, of_old, of_new }
    }
}

/// The pods of both states with their subjects, ingress and egress. Both lists are sorted by address.
fn pods(old: &[Place], new: &[Place]) -> Vec<(IpAddr, NodeId, [Pair; 2])> {
    let mut all: BTreeMap<(IpAddr, NodeId), [Pair; 2]> = BTreeMap::new();
    for place in old {
        let Subjects { ingress, egress } = place.subjects;
        all.insert((place.ip, place.node), [(ingress, None), (egress, None)]);
    }
    for place in new {
        let pairs = all.entry((place.ip, place.node)).or_default();
        (pairs[0].1, pairs[1].1) = (place.subjects.ingress, place.subjects.egress);
    }
    all.into_iter().map(|((ip, node), pairs)| (ip, node, pairs)).collect()
}

/// The sets that a subject chooses on each class of ports on which it may choose otherwise than on the default ones.
fn choices<'c>(old: &Tables, new: &Tables, pair: Pair, classes: &'c Classes) -> Vec<(&'c Class, SetPair)> {
    let rows = |tables: &Tables, subject: Option<u32>| -> Option<BTreeMap<u32, u32>> {
        let subject = subject?;
        let own = tables.rows.range((subject, 0)..=(subject, u32::MAX));
        Some(own.map(|((_, class), set)| (*class, *set)).collect())
    };
    let (before, after) = (rows(old, pair.0), rows(new, pair.1));
    let chosen = |rows: &Option<BTreeMap<u32, u32>>, class: u32, default: u32| match rows {
        None => SET_ALL,
        Some(rows) => *rows.get(&class).or_else(|| rows.get(&default)).unwrap_or(&SET_NONE),
    };
    let named = |rows: &Option<BTreeMap<u32, u32>>, of: &HashMap<u32, Vec<usize>>| -> Vec<usize> {
        rows.iter().flat_map(BTreeMap::keys).filter_map(|class| of.get(class)).flatten().copied().collect()
    };
    // The default classes stand first.
    let mut wanted: BTreeSet<usize> = (0..PROTOCOLS.len()).collect();
    wanted.extend(named(&before, &classes.of_old));
    wanted.extend(named(&after, &classes.of_new));
    let choice = |class: &'c Class| {
        let default = Tables::default_class(class.protocol);
        (class, (chosen(&before, class.pair.0, default), chosen(&after, class.pair.1, default)))
    };
    wanted.into_iter().map(|i| choice(&classes.all[i])).collect()
}

/// The members of each pair of sets, and the pair's number.
fn sets(
    old: &Tables,
    new: &Tables,
    wanted: &BTreeSet<SetPair>,
    identities: &Numbers,
) -> (BTreeMap<u32, Arc<FixedBitSet>>, HashMap<SetPair, u32>) {
    let most = old.sets.keys().chain(new.sets.keys()).max().copied().unwrap_or_default().max(15);
    let mixed: Vec<(Pair, u32)> =
        identities.iter().filter(|((a, b), _)| a != b).map(|(pair, number)| (*pair, *number)).collect();
    // Whoever has no identity of its own has 0.
    let mut alike = FixedBitSet::with_capacity(1);
    alike.insert(0);
    for (_, number) in identities.iter().filter(|((a, b), _)| a == b) {
        alike.grow(*number as usize + 1);
        alike.insert(*number as usize);
    }
    let holds = |tables: &Tables, set: u32, identity: Option<u32>| match (set, identity) {
        (_, None) | (SET_ALL, _) => true,
        (set, Some(identity)) => tables.sets.get(&set).is_some_and(|s| s.contains(identity as usize)),
    };
    let members = |(a, b): SetPair| {
        let mut members = alike.clone();
        for (tables, set) in [(old, a), (new, b)] {
            if set != SET_ALL {
                let empty = FixedBitSet::new();
                members.intersect_with(tables.sets.get(&set).map_or(&empty, |members| members));
            }
        }
        for ((of_old, of_new), number) in &mixed {
            let there = holds(old, a, *of_old) && holds(new, b, *of_new);
            members.grow(*number as usize + 1);
            members.set(*number as usize, there);
        }
        members
    };
    let (mut made, mut of_pair) = (BTreeMap::new(), HashMap::new());
    let mut of_members: HashMap<Vec<usize>, u32> = HashMap::new();
    let mut fresh = most + 1;
    // Pairs of one set first: their number is theirs.
    let order = wanted.iter().filter(|(a, b)| a == b).chain(wanted.iter().filter(|(a, b)| a != b));
    for &(a, b) in order {
        let number = match (a, b) {
            (SET_NONE, SET_NONE) => SET_NONE,
            (SET_ALL, SET_ALL) => SET_ALL,
            _ => {
                let members = members((a, b));
                let ones: Vec<usize> = members.ones().collect();
                // Where one of both lets nobody in there may still be those whom it does not judge.
                if ones.is_empty() && (a == SET_NONE || b == SET_NONE) {
                    of_pair.insert((a, b), SET_NONE);
                    continue;
                }
                let number = match of_members.get(&ones).filter(|_| a != b) {
                    Some(number) => *number,
                    None => {
                        let of_new = Some(b).filter(|set| a == b || !old.sets.contains_key(set));
                        let of_old = Some(a).filter(|set| !new.sets.contains_key(set));
                        let free = [of_new, of_old].into_iter().flatten();
                        let free = free.into_iter().find(|set| *set > SET_NONE && !made.contains_key(set));
                        free.unwrap_or_else(|| {
                            fresh += 1;
                            fresh - 1
                        })
                    }
                };
                of_members.insert(ones, number);
                made.insert(number, Arc::new(members));
                number
            }
        };
        of_pair.insert((a, b), number);
    }
    (made, of_pair)
}
