//! From needs to policies: which rules each unit gets.
use std::collections::{BTreeMap, BTreeSet};

use netloom_cluster::{Protocol, Snapshot};
use netloom_reach::{PROTOCOLS, PortSet};

use crate::{
    need::{Block, End, Need, Reason},
    units::{UnitId, Units},
};

/// A port as a rule names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PortLine {
    /// All ports of a protocol.
    All(Protocol),
    /// From one number to another.
    Range(Protocol, u16, u16),
    /// A name that all pods of the target give to this number.
    Named(Protocol, String, u16),
}

/// A peer with the reasons for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Who.
    pub end: End,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Who is on the other side.
    pub peers: Vec<Peer>,
    /// On which ports; none for all of them.
    pub ports: Option<Vec<PortLine>>,
}

/// The rules of one unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Who connects to it.
    pub ingress: Vec<Rule>,
    /// To whom it connects.
    pub egress: Vec<Rule>,
}

/// The rules that allow these needs and nothing else, for the units that get policies.
#[must_use]
pub fn rules(
    snapshot: &Snapshot,
    units: &Units,
    chosen: &BTreeSet<UnitId>,
    needs: &[Need],
) -> BTreeMap<UnitId, Rules> {
    let mut rules: BTreeMap<UnitId, Rules> = chosen.iter().map(|unit| (*unit, Rules::default())).collect();
    for (unit, rules) in &mut rules {
        let to_it = needs.iter().filter(|need| need.to == End::Unit(*unit)).map(|need| (&need.from, need));
        rules.ingress = side(snapshot, units, to_it, |_| Some(*unit));
        let from_it = needs.iter().filter(|need| need.from == End::Unit(*unit)).map(|need| (&need.to, need));
        rules.egress = side(snapshot, units, from_it, End::unit);
    }
    rules
}

/// The rules of one direction; `target` tells whose ports are meant where a peer is given.
fn side<'n>(
    snapshot: &Snapshot,
    units: &Units,
    needs: impl Iterator<Item = (&'n End, &'n Need)>,
    target: impl Fn(&End) -> Option<UnitId>,
) -> Vec<Rule> {
    let mut by_peer: BTreeMap<&End, (PortSet, Vec<Reason>)> = BTreeMap::new();
    for (peer, need) in needs {
        let (ports, reasons) = by_peer.entry(peer).or_default();
        *ports = ports.or(&need.ports);
        if !reasons.contains(&need.reason) {
            reasons.push(need.reason.clone());
        }
    }
    let wider: Vec<(&End, PortSet)> = by_peer.iter().map(|(end, (ports, _))| (*end, ports.clone())).collect();
    by_peer.retain(|end, (ports, _)| !wider.iter().any(|(other, open)| covers(other, open, end, ports)));
    let mut by_ports: BTreeMap<Option<Vec<PortLine>>, Vec<Peer>> = BTreeMap::new();
    for (end, (ports, reasons)) in by_peer {
        let lines = port_lines(snapshot, units, target(end), &ports);
        by_ports.entry(lines).or_default().push(Peer { end: end.clone(), reasons });
    }
    let mut rules: Vec<Rule> = by_ports.into_iter().map(|(ports, peers)| Rule { peers, ports }).collect();
    rules.sort_by(|a, b| (&a.peers[0].end, &a.ports).cmp(&(&b.peers[0].end, &b.ports)));
    rules
}

/// Whether addresses and ports of one peer are all among those of another.
fn covers(wide: &End, open: &PortSet, narrow: &End, ports: &PortSet) -> bool {
    let (End::Blocks(wide_blocks), End::Blocks(blocks)) = (wide, narrow) else { return false };
    let in_one =
        |block: &Block| wide_blocks.iter().any(|w| w.except.is_empty() && w.cidr.contains(&block.cidr));
    wide != narrow && ports.minus(open).is_none() && blocks.iter().all(in_one)
}

/// Ports as a rule names them: by the name that all pods of the target have for them, where there is one.
pub(crate) fn port_lines(
    snapshot: &Snapshot,
    units: &Units,
    target: Option<UnitId>,
    ports: &PortSet,
) -> Option<Vec<PortLine>> {
    if ports.is_all() {
        return None;
    }
    let mut lines = Vec::new();
    for protocol in PROTOCOLS {
        for &(low, high) in ports.ranges(protocol) {
            if (low, high) == (1, u16::MAX) {
                lines.push(PortLine::All(protocol));
                continue;
            }
            // Neighbours in a range may have names of their own.
            let names = |number| target.and_then(|unit| name(snapshot, units, unit, protocol, number));
            let mut from = low;
            for number in low..=high {
                let Some(name) = (high - low < FEW).then(|| names(number)).flatten() else { continue };
                if from < number {
                    lines.push(PortLine::Range(protocol, from, number - 1));
                }
                lines.push(PortLine::Named(protocol, name, number));
                from = number.saturating_add(1);
            }
            if from <= high {
                lines.push(PortLine::Range(protocol, from, high));
            }
        }
    }
    lines.sort();
    Some(lines)
}

/// Ports as a rule names them, by number.
pub(crate) fn numbers(ports: &PortSet) -> Vec<PortLine> {
    let of = |protocol| {
        ports.ranges(protocol).iter().map(move |(low, high)| PortLine::Range(protocol, *low, *high))
    };
    PROTOCOLS.into_iter().flat_map(of).collect()
}

/// In longer ranges nobody looks for names.
const FEW: u16 = 64;

/// The name that all pods of a unit give to a port.
fn name(snapshot: &Snapshot, units: &Units, unit: UnitId, protocol: Protocol, number: u16) -> Option<String> {
    let unit = units.get(unit);
    // Where the selector selects others too, a name would be theirs as well.
    let first = snapshot.pod(*unit.pods.first()?);
    let named = first.containers.iter().flat_map(|c| &c.ports);
    let mut names =
        named.filter(|p| p.protocol == protocol && p.port == number).filter_map(|p| p.name.as_ref());
    let same = |name: &str| {
        unit.pods.iter().all(|pod| snapshot.pod(*pod).named_port(name, protocol) == Some(number))
    };
    names.find(|name| same(name)).map(|name| name.to_string())
}
