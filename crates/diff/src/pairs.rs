//! Changes between units: kind by kind, and then put together to as few groups as there can be.
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use netloom_policy::Direction;
use netloom_reach::{PortSet, PortSetId, Reach};

use crate::kinds::{Kind, Policies};

/// Sets of ports before and after, each pair once.
pub(crate) struct Ports<'r> {
    before: &'r Reach,
    after: &'r Reach,
    known: HashMap<(PortSetId, PortSetId), Option<usize>>,
    numbers: HashMap<[Arc<PortSet>; 2], usize>,
    pub all: Vec<[Arc<PortSet>; 2]>,
}

impl<'r> Ports<'r> {
    pub fn new(before: &'r Reach, after: &'r Reach) -> Self {
        Self { before, after, known: HashMap::new(), numbers: HashMap::new(), all: Vec::new() }
    }

    /// The number of a change; none where both sets are the same.
    pub fn change(&mut self, before: PortSetId, after: PortSetId) -> Option<usize> {
        const SAME: [(PortSetId, PortSetId); 2] =
            [(PortSetId::NONE, PortSetId::NONE), (PortSetId::ALL, PortSetId::ALL)];
        if SAME.contains(&(before, after)) {
            return None;
        }
        if let Some(known) = self.known.get(&(before, after)) {
            return *known;
        }
        let change = self.of_sets(self.before.ports(before), self.after.ports(after));
        self.known.insert((before, after), change);
        change
    }

    /// Likewise of sets as they are.
    pub fn of_sets(&mut self, before: Arc<PortSet>, after: Arc<PortSet>) -> Option<usize> {
        if before == after {
            return None;
        }
        let fresh = self.all.len();
        let sets = [before, after];
        let number = *self.numbers.entry(sets.clone()).or_insert(fresh);
        if number == fresh {
            self.all.push(sets);
        }
        Some(number)
    }
}

/// Two kinds, by their places: there may be many millions of pairs.
pub(crate) type Pair = (u32, u32);

/// Pairs of kinds by what changed between them.
pub(crate) fn changed(
    before: &Reach,
    after: &Reach,
    kinds: &[Kind],
    ports: &mut Ports<'_>,
) -> BTreeMap<usize, Vec<Pair>> {
    let mut found: BTreeMap<usize, Vec<Pair>> = BTreeMap::new();
    let targets: Vec<usize> =
        (0..kinds.len()).filter(|nth| kinds[*nth].common.may_receive_otherwise()).collect();
    let all: Vec<usize> = (0..kinds.len()).collect();
    for (from, source) in kinds.iter().enumerate() {
        let targets = if source.common.may_send_otherwise() { &all } else { &targets };
        for to in targets {
            let target = &kinds[*to];
            if from == *to && source.units.len() == 1 {
                continue;
            }
            let open = |reach: &Reach, from, to| match (from, to) {
                (Some(from), Some(to)) => reach.between(from, to),
                _ => PortSetId::NONE,
            };
            let (source, target) = (&source.common, &target.common);
            let change = ports
                .change(open(before, source.before, target.before), open(after, source.after, target.after));
            change
                .into_iter()
                .for_each(|change| found.entry(change).or_default().push((from as u32, *to as u32)));
        }
    }
    found
}

/// Sources and targets, each with each.
pub(crate) type Block = (Vec<usize>, Vec<usize>);

/// Puts pairs together: targets that have the same sources, or sources that have the same targets, whichever makes
/// fewer blocks.
pub(crate) fn blocks(kinds: &[Kind], pairs: &[Pair]) -> Vec<Block> {
    let by_target = joined(kinds, pairs.iter().map(|(from, to)| (*to, *from)), Direction::Ingress);
    let by_source = joined(kinds, pairs.iter().copied(), Direction::Egress);
    if by_source.len() < by_target.len() {
        return by_source;
    }
    by_target.into_iter().map(|(to, from)| (from, to)).collect()
}

/// Each first with its seconds; firsts that have the same ones together.
fn joined(kinds: &[Kind], pairs: impl Iterator<Item = Pair>, direction: Direction) -> Vec<Block> {
    let mut seconds: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (first, second) in pairs {
        seconds.entry(first as usize).or_default().push(second as usize);
    }
    type Alike = (Vec<usize>, (bool, bool, Policies));
    let mut places: HashMap<Alike, usize> = HashMap::new();
    let mut blocks: Vec<Block> = Vec::new();
    for (first, mut of_first) in seconds {
        of_first.sort_unstable();
        let fresh = blocks.len();
        let place =
            *places.entry((of_first.clone(), kinds[first].common.of_group(direction))).or_insert(fresh);
        if place == fresh {
            blocks.push((Vec::new(), of_first));
        }
        blocks[place].0.push(first);
    }
    blocks
}
