//! What is published to the outside: Ingresses, routes, load balancers and ports of nodes, and what policies let in.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use netloom_objects::ObjectRef;
use netloom_reach::{Entry, Party, PortSet, Reach, Way};

use crate::{
    pairs::Ports,
    units::{Member, UnitId, Units},
};

/// A way from outside to a workload, of which policies open other ports than before.
#[derive(Clone, Debug)]
pub struct WayChange {
    /// `Ingress`, `Gateway`, `LoadBalancer`, `NodePort`, `ExternalIP`, `hostPort`.
    pub entry: &'static str,
    /// What a client asks for: `shop.example/cart`, `:443/TCP`.
    pub address: String,
    /// Where it leads.
    pub to: UnitId,
    /// What it was; none where it was not there.
    pub before: Option<WayOn>,
    /// What it is; none where it is not there any more.
    pub after: Option<WayOn>,
}

/// A way on one side.
#[derive(Clone, Debug)]
pub struct WayOn {
    /// The object that publishes, at its line.
    pub by: Arc<ObjectRef>,
    /// The ports of the workload that are open by it.
    pub open: PortSet,
    /// Those of them that the internet reaches.
    pub internet: PortSet,
    /// Who connects to the pods, where clients do not themselves.
    pub(crate) client: Option<Party>,
}

impl WayChange {
    /// The ports that were opened.
    #[must_use]
    pub fn gained(&self) -> PortSet {
        open(&self.after).minus(&open(&self.before))
    }

    /// The ports that were closed.
    #[must_use]
    pub fn lost(&self) -> PortSet {
        open(&self.before).minus(&open(&self.after))
    }

    /// Whether the internet reaches something by it that it did not.
    #[must_use]
    pub fn from_internet(&self) -> bool {
        let internet = |on: &Option<WayOn>| on.as_ref().map(|on| on.internet.clone()).unwrap_or_default();
        !internet(&self.after).minus(&internet(&self.before)).is_none()
    }

    /// `added`, `removed` or `changed`: whether it was open, and whether it is.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match (open(&self.before).is_none(), open(&self.after).is_none()) {
            (true, _) => "added",
            (_, true) => "removed",
            _ => "changed",
        }
    }

    /// What publishes, as it is now if it still is.
    #[must_use]
    pub fn by(&self) -> Option<&Arc<ObjectRef>> {
        self.after.as_ref().or(self.before.as_ref()).map(|on| &on.by)
    }
}

fn open(on: &Option<WayOn>) -> PortSet {
    on.as_ref().map(|on| on.open.clone()).unwrap_or_default()
}

/// What makes two ways the same one.
type Key = (UnitId, &'static str, String);

/// Ways that open other ports than before: those that the internet gained first, then by the workload's name.
pub(crate) fn changes(before: &Reach, after: &Reach, units: &Units) -> Vec<WayChange> {
    let (mut old, mut new) = (ways(before, units, 0), ways(after, units, 1));
    let keys: BTreeSet<Key> = old.keys().chain(new.keys()).cloned().collect();
    let changes = keys.into_iter().map(|key| {
        let (before, after) = (old.remove(&key), new.remove(&key));
        let (to, entry, address) = key;
        WayChange { entry, address, to, before, after }
    });
    let is_different =
        |way: &WayChange| !way.gained().is_none() || !way.lost().is_none() || way.from_internet();
    let mut changes: Vec<WayChange> = changes.filter(is_different).collect();
    changes.sort_by_key(|way| !way.from_internet());
    changes
}

fn ways(reach: &Reach, units: &Units, side: usize) -> BTreeMap<Key, WayOn> {
    let mut ways: BTreeMap<Key, WayOn> = BTreeMap::new();
    let of = |way: &Way<'_>| -> Vec<(Key, PortSet)> {
        let published = way.published;
        let led_to = units.of_endpoint[side].get(&way.to).into_iter().flatten().filter_map(|unit| {
            let aims = aims(way, units.member(*unit, side)?);
            Some(((*unit, published.entry.name(), published.address.clone()), aims))
        });
        led_to.filter(|(_, aims)| !aims.is_none()).collect()
    };
    for way in reach.ways() {
        for (key, aims) in of(&way) {
            let on = ways.entry(key).or_insert_with(|| WayOn {
                by: way.published.by.clone(),
                open: PortSet::none(),
                internet: PortSet::none(),
                client: way.by.first().copied(),
            });
            on.open = on.open.or(&way.open.and(&aims));
        }
    }
    for open in reach.open_to_internet() {
        for (key, aims) in of(&open.way) {
            ways.entry(key).and_modify(|on| {
                on.internet = on.internet.or(&open.open.and(&aims));
                on.client = on.client.or(open.node());
            });
        }
    }
    ways
}

/// The ports of a unit that a way leads to: of a pod of a workload, those that it leads to on this pod.
fn aims(way: &Way<'_>, member: &Member) -> PortSet {
    let Party::Pod(pod) = member.party else { return way.aims.clone() };
    let own = way.published.targets.iter().filter(|(target, ..)| *target == pod);
    own.fold(PortSet::none(), |aims, (_, protocol, port)| aims.or(&PortSet::of(*protocol, *port, *port)))
}

/// What ingress controllers and gateways may open on other ports than before, by the change.
pub(crate) fn controllers(
    before: &Reach,
    after: &Reach,
    units: &Units,
    ports: &mut Ports<'_>,
) -> BTreeMap<usize, Vec<UnitId>> {
    let (old, new) = (carried(before, units, 0), carried(after, units, 1));
    let all: BTreeSet<UnitId> = old.keys().chain(new.keys()).copied().collect();
    let mut found: BTreeMap<usize, Vec<UnitId>> = BTreeMap::new();
    for unit in all {
        let of = |side: &BTreeMap<UnitId, PortSet>| Arc::new(side.get(&unit).cloned().unwrap_or_default());
        let change = ports.of_sets(of(&old), of(&new));
        change.into_iter().for_each(|change| found.entry(change).or_default().push(unit));
    }
    found
}

fn carried(reach: &Reach, units: &Units, side: usize) -> BTreeMap<UnitId, PortSet> {
    let mut open: BTreeMap<UnitId, PortSet> = BTreeMap::new();
    for way in reach.ways().filter(|way| matches!(way.published.entry, Entry::Controller(_))) {
        for unit in units.of_endpoint[side].get(&way.to).into_iter().flatten() {
            let of_unit = open.entry(*unit).or_default();
            *of_unit = of_unit.or(&way.open);
        }
    }
    open
}
