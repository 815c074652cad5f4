//! Changes with the outside: its ranges cut at the borders of both sides, judged, and joined again.
use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
};

use netloom_policy::Direction;
use netloom_reach::{AddressRange, ClassId, Outside, Party, PortSetId, Reach};

use crate::{
    kinds::{Kind, Policies},
    pairs::Ports,
};

/// Addresses that no policy of either side tells apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    pub range: AddressRange,
    before: ClassId,
    after: ClassId,
}

/// The outside, cut at the borders of both sides, in order.
pub(crate) fn pieces(before: &Reach, after: &Reach) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for v4 in [true, false] {
        let of_family = |reach: &Reach| -> Vec<Outside> {
            reach.outside().iter().filter(|o| o.range.low.is_ipv4() == v4).copied().collect()
        };
        let (old, new) = (of_family(before), of_family(after));
        match (old.is_empty(), new.is_empty()) {
            (false, false) => cut(&old, &new, &mut pieces),
            // A side without this family has no rule about it: all its addresses are alike.
            (true, _) => pieces.extend(new.iter().map(|outside| Piece {
                range: outside.range,
                before: class_at(before, outside.range.low),
                after: outside.class,
            })),
            (_, true) => pieces.extend(old.iter().map(|outside| Piece {
                range: outside.range,
                before: outside.class,
                after: class_at(after, outside.range.low),
            })),
        }
    }
    pieces
}

fn class_at(reach: &Reach, ip: IpAddr) -> ClassId {
    reach.class_of(Party::Address(ip))
}

fn cut(old: &[Outside], new: &[Outside], pieces: &mut Vec<Piece>) {
    let (mut i, mut j) = (0, 0);
    while let (Some(before), Some(after)) = (old.get(i), new.get(j)) {
        if let Some(range) = before.range.and(&after.range) {
            pieces.push(Piece { range, before: before.class, after: after.class });
        }
        if before.range.high <= after.range.high { i += 1 } else { j += 1 }
    }
}

/// What changed between units and the outside, alike for all units of these kinds.
pub(crate) struct Found {
    /// As seen from the units.
    pub direction: Direction,
    pub change: usize,
    pub ranges: Vec<AddressRange>,
    pub kinds: Vec<usize>,
}

/// What makes changes of several kinds one.
type Key = (Direction, usize, Vec<AddressRange>, (bool, bool, Policies));

/// All changes with the outside.
pub(crate) fn changed(
    before: &Reach,
    after: &Reach,
    kinds: &[Kind],
    pieces: &[Piece],
    ports: &mut Ports<'_>,
) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut places: HashMap<Key, usize> = HashMap::new();
    for (nth, kind) in kinds.iter().enumerate() {
        for direction in [Direction::Ingress, Direction::Egress] {
            let may = match direction {
                Direction::Ingress => kind.common.may_receive_otherwise(),
                Direction::Egress => kind.common.may_send_otherwise(),
            };
            if !may {
                continue;
            }
            for (change, ranges) in stretches(before, after, kind, direction, pieces, ports) {
                let key = (direction, change, ranges, kind.common.of_group(direction));
                let place = *places.entry(key.clone()).or_insert_with(|| {
                    let ranges = key.2.clone();
                    found.push(Found { direction, change, ranges, kinds: Vec::new() });
                    found.len() - 1
                });
                found[place].kinds.push(nth);
            }
        }
    }
    found
}

/// Ranges with the same change, side by side ones joined.
fn stretches(
    before: &Reach,
    after: &Reach,
    kind: &Kind,
    direction: Direction,
    pieces: &[Piece],
    ports: &mut Ports<'_>,
) -> BTreeMap<usize, Vec<AddressRange>> {
    let open = |reach: &Reach, own: Option<ClassId>, other: ClassId| match (own, direction) {
        (None, _) => PortSetId::NONE,
        (Some(own), Direction::Ingress) => reach.between(other, own),
        (Some(own), Direction::Egress) => reach.between(own, other),
    };
    let mut known: HashMap<(ClassId, ClassId), Option<usize>> = HashMap::new();
    let mut stretches: BTreeMap<usize, Vec<AddressRange>> = BTreeMap::new();
    for piece in pieces {
        let change = *known.entry((piece.before, piece.after)).or_insert_with(|| {
            let old = open(before, kind.common.before, piece.before);
            ports.change(old, open(after, kind.common.after, piece.after))
        });
        let Some(change) = change else { continue };
        let ranges = stretches.entry(change).or_default();
        match ranges.last_mut() {
            Some(last) if last.meets(&piece.range) => last.high = piece.range.high,
            _ => ranges.push(piece.range),
        }
    }
    stretches
}
