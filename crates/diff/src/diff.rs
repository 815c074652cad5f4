//! Two sides held against each other.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use netloom_objects::{ObjectSet, unread::Unread};
use netloom_policy::Direction;
use netloom_reach::{AddressRange, INGRESS_CONTROLLER, PortSet, Reach, external};

use crate::{
    kinds::{Kind, Policies, kinds},
    objects::{ObjectChange, changes},
    outside::{self, Piece},
    pairs::{self, Pair, Ports},
    units::{Unit, UnitId, Units},
    ways::{self, WayChange},
};

/// One of the sets that are compared.
#[derive(Clone, Copy, Debug)]
pub struct Side<'r> {
    /// Who can reach whom in it.
    pub reach: &'r Reach,
    /// Its objects.
    pub objects: &'r ObjectSet,
}

/// One end of changed connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    /// Someone in the cluster.
    Unit(UnitId),
    /// Addresses outside of it.
    External(AddressRange),
    /// Ingress controllers and gateways.
    Controller,
}

/// Connections that changed alike: from each of some ends to each of some others, but from none to itself.
#[derive(Clone, Debug)]
pub struct Group {
    /// Who connects, by name.
    pub from: Vec<End>,
    /// To whom, by name.
    pub to: Vec<End>,
    /// What was allowed.
    pub before: Arc<PortSet>,
    /// What is allowed.
    pub after: Arc<PortSet>,
}

/// Everything that is different.
#[derive(Debug)]
pub struct Diff<'r> {
    pub(crate) before: Side<'r>,
    pub(crate) after: Side<'r>,
    /// Everyone who is compared, by name.
    pub units: Vec<Unit>,
    /// Connections with the outside, by name.
    pub outside: Vec<Group>,
    /// What is published to the outside, and let in by policies.
    pub ways: Vec<WayChange>,
    /// Connections inside of the cluster, by name.
    pub connections: Vec<Group>,
    /// The objects that are not the same.
    pub objects: Vec<ObjectChange>,
    pub(crate) pieces: Vec<Piece>,
    /// By unit, the changed policies about ingress and egress that select it, and whether itself changed.
    pub(crate) about: Vec<(Policies, Policies, bool)>,
}

impl Diff<'_> {
    /// What of both sets the comparison does not take into account.
    #[must_use]
    pub fn unread(&self) -> Unread {
        self.before.reach.unread().or(self.after.reach.unread())
    }
}

impl Group {
    /// The ports that were opened.
    #[must_use]
    pub fn gained(&self) -> PortSet {
        self.after.minus(&self.before)
    }

    /// The ports that were closed.
    #[must_use]
    pub fn lost(&self) -> PortSet {
        self.before.minus(&self.after)
    }

    /// `added`, `removed` or `changed`: whether there was a connection, and whether there is one.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match (self.before.is_none(), self.after.is_none()) {
            (true, _) => "added",
            (_, true) => "removed",
            _ => "changed",
        }
    }

    /// How many connections these are.
    #[must_use]
    pub fn count(&self) -> usize {
        let from: BTreeSet<&End> = self.from.iter().collect();
        let itself = self.to.iter().filter(|end| from.contains(end)).count();
        self.from.len() * self.to.len() - itself
    }
}

impl<'r> Diff<'r> {
    /// Compares two sides. Both should be of the same scope.
    #[must_use]
    pub fn of(before: Side<'r>, after: Side<'r>) -> Self {
        let objects = changes(before.objects, after.objects);
        let units = Units::of(before.reach, after.reach);
        let kinds = kinds(before.reach, after.reach, &units.all, &objects);
        let pieces = outside::pieces(before.reach, after.reach);
        let mut ports = Ports::new(before.reach, after.reach);
        let outside = outside::changed(before.reach, after.reach, &kinds, &pieces, &mut ports);
        let pairs = pairs::changed(before.reach, after.reach, &kinds, &mut ports);
        let controllers = ways::controllers(before.reach, after.reach, &units, &mut ports);
        let ways = ways::changes(before.reach, after.reach, &units);
        let mut about = vec![(Policies::default(), Policies::default(), false); units.all.len()];
        for kind in &kinds {
            let common = &kind.common;
            let of_kind = (common.ingress.clone(), common.egress.clone(), common.touched);
            kind.units.iter().for_each(|unit| about[unit.index()] = of_kind.clone());
        }
        let mut diff = Self {
            before,
            after,
            units: units.all,
            outside: Vec::new(),
            ways,
            connections: Vec::new(),
            objects,
            pieces,
            about,
        };
        diff.outside = diff.groups_outside(&kinds, outside, controllers, &ports);
        diff.connections = diff.groups_inside(&kinds, &pairs, &ports);
        diff
    }

    fn groups_outside(
        &self,
        kinds: &[Kind],
        found: Vec<outside::Found>,
        controllers: BTreeMap<usize, Vec<UnitId>>,
        ports: &Ports<'_>,
    ) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for found in found {
            let ranges: Vec<End> = found.ranges.iter().copied().map(End::External).collect();
            let units = ends(kinds, &found.kinds);
            let (from, to) = match found.direction {
                Direction::Ingress => (ranges, units),
                Direction::Egress => (units, ranges),
            };
            groups.push(self.group(from, to, &ports.all[found.change]));
        }
        for (change, units) in controllers {
            let to = units.into_iter().map(End::Unit).collect();
            groups.push(self.group(vec![End::Controller], to, &ports.all[change]));
        }
        self.sorted(groups)
    }

    fn groups_inside(
        &self,
        kinds: &[Kind],
        pairs: &BTreeMap<usize, Vec<Pair>>,
        ports: &Ports<'_>,
    ) -> Vec<Group> {
        let blocks = pairs.iter().flat_map(|(change, pairs)| {
            pairs::blocks(kinds, pairs).into_iter().map(move |block| (*change, block))
        });
        let groups = blocks
            .map(|(change, (from, to))| self.group(ends(kinds, &from), ends(kinds, &to), &ports.all[change]));
        // Two units that are alike have two connections, one has none with itself.
        self.sorted(groups.filter(|group| group.count() > 0).collect())
    }

    fn group(&self, mut from: Vec<End>, mut to: Vec<End>, [before, after]: &[Arc<PortSet>; 2]) -> Group {
        // Units are in the order of their names.
        from.sort_unstable();
        to.sort_unstable();
        Group { from, to, before: before.clone(), after: after.clone() }
    }

    fn sorted(&self, mut groups: Vec<Group>) -> Vec<Group> {
        groups.sort_by(|a, b| {
            let key = |group: &Group| group.from.first().copied();
            (key(a), &a.to, &a.from, &a.after).cmp(&(key(b), &b.to, &b.from, &b.after))
        });
        groups
    }

    /// A unit.
    #[must_use]
    pub fn unit(&self, id: UnitId) -> &Unit {
        &self.units[id.index()]
    }

    /// An end as the table has it: `namespace/name[Kind]`, `192.0.2.0-192.0.2.255[External]`.
    #[must_use]
    pub fn name_of(&self, end: &End) -> Arc<str> {
        match end {
            End::Unit(unit) => self.unit(*unit).name.clone(),
            End::External(range) => external(range.low, range.high).into(),
            End::Controller => INGRESS_CONTROLLER.into(),
        }
    }

    /// All groups of connections: those with the outside first.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.outside.iter().chain(&self.connections)
    }

    /// Those who are only on the one or the other side: added, removed.
    #[must_use]
    pub fn came_and_went(&self) -> [Vec<UnitId>; 2] {
        let only = |wanted: fn(&Unit) -> bool| {
            let all = self.units.iter().enumerate();
            all.filter(|(_, unit)| wanted(unit)).map(|(nth, _)| UnitId(nth as u32)).collect()
        };
        [only(|unit| unit.before.is_none()), only(|unit| unit.after.is_none())]
    }
}

fn ends(kinds: &[Kind], of: &[usize]) -> Vec<End> {
    of.iter().flat_map(|kind| &kinds[*kind].units).copied().map(End::Unit).collect()
}
