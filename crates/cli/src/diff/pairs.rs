//! The sets of both sides that are the same.
use std::collections::{BTreeMap, BTreeSet};

use crate::{
    load::Stop,
    sets::{LoadedSet, Sets},
};

/// A set on both sides; one that came or went is on one only.
pub struct Pair {
    /// Its name, where there are several.
    pub name: Option<String>,
    pub before: Option<LoadedSet>,
    pub after: Option<LoadedSet>,
}

/// Sets of the same name are the same. A set that has no namesake is that one of the other side, likewise without, that
/// holds the most of the same objects: a folder may have been split, or an overlay renamed.
pub fn pairs(before: Sets, after: Sets, wanted: &[String]) -> Result<Vec<Pair>, Stop> {
    let [before, after] = chosen([before, after], wanted)?;
    if let ([_] | [], [_] | []) = (before.as_slice(), after.as_slice()) {
        let (before, after) = (before.into_iter().next(), after.into_iter().next());
        return Ok(vec![Pair { name: None, before, after }]);
    }
    let mut old: BTreeMap<String, LoadedSet> = by_name(before);
    let (mut named, mut rest) = (Vec::new(), Vec::new());
    for (name, after) in by_name(after) {
        match old.remove(&name) {
            Some(before) => named.push(Pair { name: Some(name), before: Some(before), after: Some(after) }),
            None => rest.push((name, after)),
        }
    }
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for (name, after) in rest {
        let own = identities(&after);
        let like = |set: &LoadedSet| identities(set).intersection(&own).count();
        let nearest = old.iter().map(|(name, set)| (like(set), name)).filter(|(shared, _)| *shared > 0).max();
        let before = nearest.map(|(_, name)| name.clone());
        taken.extend(before.clone());
        named.push(Pair {
            name: Some(name),
            before: before.and_then(|name| old.get(&name).cloned()),
            after: Some(after),
        });
    }
    old.retain(|name, _| !taken.contains(name));
    named.extend(old.into_iter().map(|(name, before)| Pair {
        name: Some(name),
        before: Some(before),
        after: None,
    }));
    named.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(named)
}

/// The sets that are asked about. One that is on one side only is there all the same.
fn chosen(sides: [Sets; 2], wanted: &[String]) -> Result<[Vec<LoadedSet>; 2], Stop> {
    let [before, after] = sides;
    if wanted.is_empty() {
        return Ok([before.chosen(&[])?, after.chosen(&[])?]);
    }
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for name in wanted {
        let one = std::slice::from_ref(name);
        match (before.clone().chosen(one), after.clone().chosen(one)) {
            (Err(_), Err(stop)) => return Err(stop),
            (before, after) => {
                old.extend(before.into_iter().flatten());
                new.extend(after.into_iter().flatten());
            }
        }
    }
    Ok([old, new])
}

fn by_name(sets: Vec<LoadedSet>) -> BTreeMap<String, LoadedSet> {
    sets.into_iter().map(|set| (set.set.name.clone(), set)).collect()
}

fn identities(set: &LoadedSet) -> BTreeSet<u64> {
    set.sources.iter().flat_map(|source| source.identities()).map(|(identity, _)| identity).collect()
}
