//! The policy tables of a Snapshot as elements, and the difference between two of them.
use std::{net::IpAddr, sync::Arc};

use netloom_cluster::{Family, NodeId, Protocol};
use netloom_kernel::nft::{Element, Key};
use netloom_policy::{Place, Placed, Subjects, Tables};

use crate::{Change, layout::Half};

/// What this node was told of the policies.
#[derive(Debug, Default)]
pub(crate) struct PolicyState {
    tables: Arc<Tables>,
    places: Arc<Vec<Place>>,
    /// Address and subject of this node's own pods, sorted: as source and as destination.
    sources: Vec<(IpAddr, u32)>,
    destinations: Vec<(IpAddr, u32)>,
}

impl PolicyState {
    /// Moves to new policies.
    pub fn plan(&mut self, policies: &Placed, node: NodeId, change: &mut Change) {
        let tables = &policies.tables;
        let old = std::mem::replace(&mut self.tables, tables.clone());
        if !Arc::ptr_eq(&self.places, &policies.places) {
            self.places = policies.places.clone();
            let own = |direction: fn(&Subjects) -> Option<u32>| -> Vec<(IpAddr, u32)> {
                let own = self.places.iter().filter(|place| place.node == node);
                own.filter_map(|place| Some((place.ip, direction(&place.subjects)?))).collect()
            };
            let (sources, destinations) = (own(|s| s.egress), own(|s| s.ingress));
            addresses("sube", &self.sources, &sources, change);
            addresses("subi", &self.destinations, &destinations, change);
            (self.sources, self.destinations) = (sources, destinations);
        }
        if !Arc::ptr_eq(&old, tables) {
            members(&old, tables, change);
            rows(&old, tables, change);
            port_classes(&old, tables, change);
            identities(&old, tables, change);
        }
    }
}

fn addresses(base: &str, old: &[(IpAddr, u32)], new: &[(IpAddr, u32)], change: &mut Change) {
    let element = |&(ip, mark): &(IpAddr, u32)| Element::new(Key::new().ip(ip)).with(Key::new().mark(mark));
    let (gone, come) = sorted_difference(old, new);
    gone.iter().for_each(|e| change.delete(&Half::of(e.0).name(base), element(e)));
    come.iter().for_each(|e| change.add(&Half::of(e.0).name(base), element(e)));
}

fn members(old: &Tables, new: &Tables, change: &mut Change) {
    let element = |set: u32, identity: usize| Element::new(Key::new().mark(set).mark(identity as u32));
    for (set, members) in &old.sets {
        match new.sets.get(set) {
            Some(now) if now == members => {}
            Some(now) => members.difference(now).for_each(|i| change.delete("members", element(*set, i))),
            None => members.ones().for_each(|i| change.delete("members", element(*set, i))),
        }
    }
    for (set, members) in &new.sets {
        match old.sets.get(set) {
            Some(before) if before == members => {}
            Some(before) => members.difference(before).for_each(|i| change.add("members", element(*set, i))),
            None => members.ones().for_each(|i| change.add("members", element(*set, i))),
        }
    }
}

fn rows(old: &Tables, new: &Tables, change: &mut Change) {
    let element = |key: &(u32, u32), set: u32| {
        Element::new(Key::new().mark(key.0).mark(key.1)).with(Key::new().mark(set))
    };
    for (key, set) in old.rows.iter().filter(|(key, set)| new.rows.get(key) != Some(set)) {
        change.delete("rows", element(key, *set));
    }
    for (key, set) in new.rows.iter().filter(|(key, set)| old.rows.get(key) != Some(set)) {
        change.add("rows", element(key, *set));
    }
}

fn port_classes(old: &Tables, new: &Tables, change: &mut Change) {
    let element = |&(protocol, low, high, class): &(Protocol, u16, u16, u32)| {
        let key = |port| Key::new().proto(protocol.number()).port(port);
        Element::range(key(low), key(high)).with(Key::new().mark(class))
    };
    let (gone, come) = sorted_difference(&old.port_classes, &new.port_classes);
    gone.iter().for_each(|e| change.delete("pc", element(e)));
    come.iter().for_each(|e| change.add("pc", element(e)));
}

fn identities(old: &Tables, new: &Tables, change: &mut Change) {
    let known =
        |&(ip, identity): &(IpAddr, u32)| Element::new(Key::new().ip(ip)).with(Key::new().mark(identity));
    if !Arc::ptr_eq(&old.known, &new.known) {
        let (gone, come) = sorted_difference(&old.known, &new.known);
        gone.iter().for_each(|e| change.delete(&Half::of(e.0).name("id"), known(e)));
        come.iter().for_each(|e| change.add(&Half::of(e.0).name("id"), known(e)));
    }
    let range = |&(low, high, identity): &(IpAddr, IpAddr, u32)| {
        Element::addresses(low, high).with(Key::new().mark(identity))
    };
    let (gone, come) = sorted_difference(&old.ranges, &new.ranges);
    gone.iter().for_each(|e| change.delete(&Half::of(e.0).name("cid"), range(e)));
    come.iter().for_each(|e| change.add(&Half::of(e.0).name("cid"), range(e)));
}

/// What only the first, and what only the second of two sorted lists has.
pub(crate) fn sorted_difference<'a, T: Ord>(old: &'a [T], new: &'a [T]) -> (Vec<&'a T>, Vec<&'a T>) {
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    loop {
        match (old.peek(), new.peek()) {
            (Some(a), Some(b)) if a == b => {
                old.next();
                new.next();
            }
            (Some(a), Some(b)) if a < b => gone.extend(old.next()),
            (Some(_), None) => gone.extend(old.next()),
            (_, Some(_)) => come.extend(new.next()),
            (None, None) => return (gone, come),
        }
    }
}

/// The families, for callers that go through both halves.
pub(crate) const fn half(family: Family) -> Half {
    match family {
        Family::V4 => crate::layout::V4,
        Family::V6 => crate::layout::V6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_of_sorted_lists() {
        let (gone, come) = sorted_difference(&[1, 2, 4, 6], &[2, 3, 4, 7, 8]);
        assert_eq!(gone, [&1, &6]);
        assert_eq!(come, [&3, &7, &8]);
    }
}
