//! What the rules about one subject come to: for each identity on the other side, the open ports.
use std::collections::HashMap;

use fixedbitset::FixedBitSet;
use netloom_cluster::Protocol;
use netloom_policy::{SET_ALL, SET_NONE, Tables};

use crate::{
    pool::{Pool, PortSetId},
    ports::PortSet,
};

/// The open ports by identity: disjoint parts. An identity in none of them finds nothing open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Effect {
    parts: Vec<(PortSetId, FixedBitSet)>,
}

impl Effect {
    pub fn on(&self, identity: u32) -> PortSetId {
        let part = self.parts.iter().find(|(_, identities)| identities.contains(identity as usize));
        part.map_or(PortSetId::NONE, |(open, _)| *open)
    }
}

/// All effects that occur, by number.
#[derive(Debug)]
pub(crate) struct Effects {
    all: Vec<Effect>,
    ids: HashMap<Effect, u32>,
    of_subject: HashMap<u32, u32>,
    /// The ports of each class that some rule names.
    ports: HashMap<u32, PortSet>,
    everyone: FixedBitSet,
}

const PROTOCOLS: [Protocol; 4] = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp, Protocol::Other(0)];

impl Effects {
    /// No effects yet, of tables in which these identities are in use.
    pub fn new(tables: &Tables, everyone: FixedBitSet) -> Self {
        let mut ports: HashMap<u32, PortSet> = HashMap::new();
        for &(protocol, low, high, class) in &tables.port_classes {
            let of_class = ports.entry(class).or_default();
            *of_class = of_class.or(&PortSet::of(protocol, low, high));
        }
        Self { all: Vec::new(), ids: HashMap::new(), of_subject: HashMap::new(), ports, everyone }
    }

    /// The effect of the rules about a subject.
    pub fn of(&mut self, subject: u32, tables: &Tables, pool: &Pool) -> u32 {
        if let Some(id) = self.of_subject.get(&subject) {
            return *id;
        }
        let effect = self.effect(subject, tables, pool);
        let id = match self.ids.get(&effect) {
            Some(id) => *id,
            None => {
                let id = self.all.len() as u32;
                self.all.push(effect.clone());
                self.ids.insert(effect, id);
                id
            }
        };
        self.of_subject.insert(subject, id);
        id
    }

    /// The effect of a subject that was asked for before.
    pub fn known(&self, subject: u32) -> Option<u32> {
        self.of_subject.get(&subject).copied()
    }

    /// The identities of each part of each effect.
    pub fn parts(&self) -> impl Iterator<Item = &FixedBitSet> {
        self.all.iter().flat_map(|effect| effect.parts.iter().map(|(_, identities)| identities))
    }

    pub fn all(&self) -> &[Effect] {
        &self.all
    }

    pub fn get(&self, id: u32) -> &Effect {
        &self.all[id as usize]
    }

    fn effect(&self, subject: u32, tables: &Tables, pool: &Pool) -> Effect {
        let of_subject = tables.rows.range((subject, 0)..=(subject, u32::MAX));
        let rows: Vec<(u32, u32)> = of_subject.map(|((_, class), set)| (*class, *set)).collect();
        let mut sets: Vec<u32> = rows.iter().map(|(_, set)| *set).collect();
        sets.sort_unstable();
        sets.dedup();
        // Parts that no set of this subject tells apart, each with the sets that hold it.
        let mut parts: Vec<(FixedBitSet, Vec<u32>)> = vec![(self.everyone.clone(), vec![SET_ALL])];
        for set in sets.into_iter().filter(|set| ![SET_ALL, SET_NONE].contains(set)) {
            let Some(members) = tables.sets.get(&set) else { continue };
            parts = parts.into_iter().flat_map(|part| split(part, set, members)).collect();
        }
        let mut merged: HashMap<PortSetId, FixedBitSet> = HashMap::new();
        for (identities, sets) in parts {
            let open = pool.intern(self.open(&rows, &sets));
            if open != PortSetId::NONE {
                merged.entry(open).or_default().union_with(&identities);
            }
        }
        let mut parts: Vec<_> = merged.into_iter().collect();
        // The largest first: it is the one that is mostly asked for.
        parts.sort_by_key(|(open, identities)| (std::cmp::Reverse(identities.count_ones(..)), *open));
        Effect { parts }
    }

    /// The ports that are open to members of these sets.
    fn open(&self, rows: &[(u32, u32)], sets: &[u32]) -> PortSet {
        let row = |class: u32| {
            let at = rows.binary_search_by_key(&class, |(class, _)| *class).ok()?;
            Some(sets.contains(&rows[at].1))
        };
        let defaults = PROTOCOLS.into_iter().filter(|p| row(Tables::default_class(*p)) == Some(true));
        let by_default = defaults.fold(PortSet::none(), |all, p| all.or(&PortSet::of(p, 0, u16::MAX)));
        let is_default = |class: u32| PROTOCOLS.iter().any(|p| Tables::default_class(*p) == class);
        rows.iter().filter(|(class, _)| !is_default(*class)).fold(by_default, |open, (class, set)| {
            let Some(ports) = self.ports.get(class) else { return open };
            if sets.contains(set) { open.or(ports) } else { open.minus(ports) }
        })
    }
}

/// The part of identities that a set holds, and the part that it does not, as far as there are any.
fn split(
    (identities, of): (FixedBitSet, Vec<u32>),
    set: u32,
    members: &FixedBitSet,
) -> impl Iterator<Item = (FixedBitSet, Vec<u32>)> {
    let (mut inside, mut outside) = (identities.clone(), identities);
    inside.intersect_with(members);
    outside.difference_with(members);
    let with = of.iter().copied().chain([set]).collect();
    [(inside, with), (outside, of)].into_iter().filter(|(identities, _)| !identities.is_clear())
}
