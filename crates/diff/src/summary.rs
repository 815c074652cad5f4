//! How much changed.
use serde::Serialize;

use crate::diff::{Diff, Group};

/// How many of something were added, removed, and changed otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Only after.
    pub added: usize,
    /// Only before.
    pub removed: usize,
    /// On both sides, and not the same.
    pub changed: usize,
}

/// How much changed of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Connections inside of the cluster: lines of the table.
    pub connections: Count,
    /// Connections with the outside, of ingress controllers too.
    pub outside: Count,
    /// Ways that are published and let in.
    pub published: Count,
    /// Workloads (and nodes).
    pub workloads: Count,
    /// Objects.
    pub objects: Count,
    /// Workloads that the internet reaches on ports on which it did not.
    pub opened_to_internet: usize,
    /// Whether some connection or way has ports that it did not have.
    pub opens: bool,
    /// Whether some connection or way lacks ports that it had.
    pub closes: bool,
    /// Objects of either side that are replaced by another one of the same name, and so are not compared.
    #[serde(skip_serializing_if = "is_zero")]
    pub given_twice: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Count {
    fn add(&mut self, name: &str, number: usize) {
        match name {
            "added" => self.added += number,
            "removed" => self.removed += number,
            _ => self.changed += number,
        }
    }

    /// How many altogether.
    #[must_use]
    pub const fn all(&self) -> usize {
        self.added + self.removed + self.changed
    }
}

impl Summary {
    /// Whether nothing changed that can be seen on the network.
    #[must_use]
    pub const fn is_quiet(&self) -> bool {
        self.connections.all() + self.outside.all() + self.published.all() + self.workloads.all() == 0
    }
}

impl Diff<'_> {
    /// Counts everything.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        let of = |groups: &[Group]| {
            let mut count = Count::default();
            groups.iter().for_each(|group| count.add(group.name(), group.count()));
            count
        };
        summary.connections = of(&self.connections);
        summary.outside = of(&self.outside);
        self.ways.iter().for_each(|way| summary.published.add(way.name(), 1));
        let [came, went] = self.came_and_went();
        summary.workloads = Count { added: came.len(), removed: went.len(), changed: 0 };
        self.objects.iter().for_each(|object| summary.objects.add(object.name(), 1));
        let replaced = |side: &crate::Side<'_>| {
            let given: usize = side.objects.sources.iter().map(|source| source.objects.len()).sum();
            given.saturating_sub(side.objects.objects().count())
        };
        summary.given_twice = replaced(&self.before).max(replaced(&self.after));
        summary.opened_to_internet = self.opened_to_internet().len();
        let gained = self.groups().map(Group::gained).chain(self.ways.iter().map(|way| way.gained()));
        summary.opens = gained.into_iter().any(|ports| !ports.is_none());
        let lost = self.groups().map(Group::lost).chain(self.ways.iter().map(|way| way.lost()));
        summary.closes = lost.into_iter().any(|ports| !ports.is_none());
        summary
    }

    /// Those that are published and that the internet reaches by it on ports on which it did not, by name.
    #[must_use]
    pub fn opened_to_internet(&self) -> Vec<crate::UnitId> {
        let mut opened: Vec<_> =
            self.ways.iter().filter(|way| way.from_internet()).map(|way| way.to).collect();
        opened.sort_unstable();
        opened.dedup();
        opened
    }
}
