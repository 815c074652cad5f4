//! The tables that the kernel is given: subject × port class → set, set × identity → accept.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::Arc,
};

use fixedbitset::FixedBitSet;
use netloom_cluster::{NodeId, PodId, Protocol};

use crate::{
    evaluate::Direction,
    identities::Identities,
    ports::{ClassNumbers, PortClasses, PortRange, default_class},
    program::{Program, SetDefinition},
};

/// The set that holds everyone.
pub const SET_ALL: u32 = 1;
/// The set that holds no one; it stands in a row only where the protocol's other ports are open to someone.
pub const SET_NONE: u32 = 2;
const FIRST_SET: u32 = 16;
const FIRST_SUBJECT: u32 = 16;

/// The subject numbers of one pod; none where no rule of that direction is about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subjects {
    /// For connections to the pod.
    pub ingress: Option<u32>,
    /// For connections from the pod.
    pub egress: Option<u32>,
}

/// Identities of those whose addresses are not known: no `ipBlock` is about them. Sorted. Nothing is enforced by them,
/// so a network that runs has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unaddressed {
    /// Pods; those on the host's network are their nodes.
    pub pods: Vec<(PodId, u32)>,
    /// Nodes.
    pub nodes: Vec<(NodeId, u32)>,
}

/// Everything that enforcement needs, as numbers. A lookup goes: subject of the pod; class of the port; row (subject,
/// class), else row (subject, the protocol's default class), else denied; then the set's members by identity.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// By pod index.
    pub subjects: Arc<Vec<Subjects>>,
    /// Identity of each known address (pods and nodes), sorted.
    pub known: Arc<Vec<(IpAddr, u32)>>,
    /// Identity of those who have no known address.
    pub unaddressed: Unaddressed,
    /// Identity of ranges of other addresses, disjoint and sorted; a known address goes before its range.
    pub ranges: Vec<(IpAddr, IpAddr, u32)>,
    /// Port classes: protocol, first and last port, class. Disjoint. What is missing has the protocol's default class.
    pub port_classes: Vec<(Protocol, u16, u16, u32)>,
    /// (subject, port class) → set.
    pub rows: BTreeMap<(u32, u32), u32>,
    /// The identities in each set (but [`SET_ALL`] and [`SET_NONE`]).
    pub sets: BTreeMap<u32, Arc<FixedBitSet>>,
}

impl Tables {
    /// Takes from an earlier one what is the same, so that whoever compares pointers sees no change.
    pub(crate) fn sharing(mut self, before: &Self) -> Self {
        if self.subjects == before.subjects {
            self.subjects = before.subjects.clone();
        }
        if self.known == before.known {
            self.known = before.known.clone();
        }
        self
    }

    /// The class of a protocol's ports that no rule names.
    #[must_use]
    pub const fn default_class(protocol: Protocol) -> u32 {
        default_class(protocol)
    }

    /// The verdict of the tables alone, by the very lookups that the kernel makes.
    #[must_use]
    pub fn judge(
        &self,
        pod: PodId,
        direction: Direction,
        peer: IpAddr,
        protocol: Protocol,
        port: u16,
    ) -> bool {
        let subjects = self.subjects[pod.0 as usize];
        let subject = match direction {
            Direction::Ingress => subjects.ingress,
            Direction::Egress => subjects.egress,
        };
        subject.is_none_or(|subject| self.judge_subject(subject, peer, protocol, port))
    }

    /// The same of a subject.
    pub(crate) fn judge_subject(&self, subject: u32, peer: IpAddr, protocol: Protocol, port: u16) -> bool {
        let specific = self
            .port_classes
            .iter()
            .find(|(p, low, high, _)| *p == protocol && (*low..=*high).contains(&port));
        let row = specific.and_then(|(.., class)| self.rows.get(&(subject, *class)));
        match row.or_else(|| self.rows.get(&(subject, default_class(protocol)))) {
            None | Some(&SET_NONE) => false,
            Some(&SET_ALL) => true,
            Some(set) => self.sets.get(set).is_some_and(|s| s.contains(self.identity(peer) as usize)),
        }
    }

    /// The identity of an address.
    #[must_use]
    pub fn identity(&self, ip: IpAddr) -> u32 {
        if let Ok(i) = self.known.binary_search_by_key(&ip, |(known, _)| *known) {
            return self.known[i].1;
        }
        let after = self.ranges.partition_point(|(low, ..)| *low <= ip);
        match after.checked_sub(1).map(|index| self.ranges[index]) {
            Some((_, high, identity)) if ip <= high => identity,
            _ => 0,
        }
    }
}

/// Numbers that stay the same from one compilation to the next, so that a change of the tables is small.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    pub classes: ClassNumbers,
    subjects: HashMap<Program, u32>,
    sets: HashMap<SetDefinition, u32>,
    /// By set, from [`FIRST_SET`].
    definitions: Vec<SetDefinition>,
    /// (subject, port class) → set. Both numbers stand for what decides, for ever.
    chosen: HashMap<(u32, u32), u32>,
}

impl Numbers {
    /// The subject number of a program.
    pub fn subject(&mut self, program: &Program) -> u32 {
        let fresh = FIRST_SUBJECT + self.subjects.len() as u32;
        match self.subjects.get(program) {
            Some(number) => *number,
            None => *self.subjects.entry(program.clone()).or_insert(fresh),
        }
    }

    /// How many numbers were given out, to notice when most are of the past.
    pub fn len(&self) -> usize {
        self.subjects.len() + self.sets.len() + self.chosen.len() + self.classes.len()
    }

    /// The set of a program's subject on a class of ports that exactly these ranges cover.
    fn set(
        &mut self,
        subject: u32,
        program: &Program,
        class: u32,
        protocol: Protocol,
        covering: &[PortRange],
    ) -> u32 {
        if let Some(set) = self.chosen.get(&(subject, class)) {
            return *set;
        }
        let definition = SetDefinition::of(program, protocol, covering);
        let fresh = FIRST_SET + self.definitions.len() as u32;
        let set = *self.sets.entry(definition).or_insert_with_key(|definition| {
            self.definitions.push(definition.clone());
            fresh
        });
        self.chosen.insert((subject, class), set);
        set
    }

    /// Fills rows and sets for the subjects in use.
    pub fn rows(
        &mut self,
        programs: &BTreeMap<u32, Arc<Program>>,
        identities: &Identities,
        classes: &PortClasses,
        tables: &mut Tables,
    ) {
        let mut resolved: HashMap<u32, Arc<FixedBitSet>> = HashMap::new();
        for (subject, program) in programs {
            let mut set_of = |class: u32, protocol: Protocol, covering: &[PortRange], tables: &mut Tables| {
                let number = self.set(*subject, program, class, protocol, covering);
                let definition = &self.definitions[(number - FIRST_SET) as usize];
                let members =
                    resolved.entry(number).or_insert_with(|| Arc::new(identities.resolve(definition)));
                if members.is_clear() {
                    SET_NONE
                } else if identities.is_all(members) {
                    SET_ALL
                } else {
                    tables.sets.entry(number).or_insert_with(|| members.clone());
                    number
                }
            };
            let ranges: BTreeSet<_> = program.ranges().collect();
            for protocol in [Protocol::Tcp, Protocol::Udp, Protocol::Sctp, Protocol::Other(0)] {
                let default = set_of(default_class(protocol), protocol, &[], tables);
                if default != SET_NONE {
                    tables.rows.insert((*subject, default_class(protocol)), default);
                }
                let of_protocol = ranges.iter().filter(|r| r.protocol == protocol);
                let named: BTreeSet<u32> = of_protocol.flat_map(|r| &classes.of_range[r]).copied().collect();
                for class in named {
                    let set = set_of(class, protocol, &classes.ranges[&class], tables);
                    if set != default {
                        tables.rows.insert((*subject, class), set);
                    }
                }
            }
        }
    }
}
