//! The table by class: for each class as a target, the classes to which the same ports are open.
use std::{collections::BTreeMap, fmt, sync::Arc, thread};

use crate::{classes::ClassId, endpoints::EndpointId, names, pool::PortSetId, reach::Reach};

/// A class with its members: endpoints, or ranges of the outside. Policies may tell neither apart, and yet they are two.
#[derive(Clone, Debug)]
pub struct Members {
    /// The class.
    pub class: ClassId,
    /// Its endpoints.
    pub endpoints: Vec<EndpointId>,
    /// The names of all members, ranges of addresses among them.
    pub names: Vec<Arc<str>>,
}

/// One line: what is open from some classes to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassRow {
    /// Places of the sources among the [`Members`], ascending.
    pub from: Vec<u32>,
    /// The place of the target.
    pub to: u32,
    /// The ports; never none.
    pub open: PortSetId,
}

impl Reach {
    /// The classes that have members to show, in the order of the name of the first one; then those of the outside.
    #[must_use]
    pub fn members(&self) -> Vec<Members> {
        let mut places: BTreeMap<(ClassId, bool), usize> = BTreeMap::new();
        let mut members: Vec<Members> = Vec::new();
        let mut add = |class, endpoint: Option<EndpointId>, name: Arc<str>| {
            let place = *places.entry((class, endpoint.is_some())).or_insert_with(|| {
                members.push(Members { class, endpoints: Vec::new(), names: Vec::new() });
                members.len() - 1
            });
            members[place].endpoints.extend(endpoint);
            members[place].names.push(name);
        };
        for (nth, endpoint) in self.endpoints().iter().enumerate().filter(|(_, e)| !e.builtin) {
            add(endpoint.class, Some(EndpointId(nth as u32)), endpoint.name.clone());
        }
        for outside in self.outside() {
            add(outside.class, None, names::external(outside.range.low, outside.range.high).into());
        }
        members
    }

    /// All lines, target by target, each with the sources of one set of ports together. A class of one endpoint is left
    /// out towards itself, and the outside towards the outside.
    #[must_use]
    pub fn class_rows(&self, members: &[Members]) -> Vec<ClassRow> {
        let threads = thread::available_parallelism().map_or(1, usize::from).min(members.len().max(1));
        let share = members.len().div_ceil(threads).max(1);
        let rows_of = |first: usize| {
            let targets = first..(first + share).min(members.len());
            let mut column = self.classes.columns(&self.pool);
            targets.flat_map(|to| self.rows_to(members, to, column.of(members[to].class))).collect::<Vec<_>>()
        };
        let starts = (0..members.len()).step_by(share);
        thread::scope(|scope| {
            let start = |first| (first, thread::Builder::new().spawn_scoped(scope, move || rows_of(first)));
            let running: Vec<_> = starts.map(start).collect();
            let rows = running.into_iter().flat_map(|(first, thread)| match thread {
                Ok(thread) => thread.join().unwrap_or_else(|e| std::panic::resume_unwind(e)),
                // No thread can be had: its share is done here.
                Err(_) => rows_of(first),
            });
            rows.collect()
        })
    }

    fn rows_to(&self, members: &[Members], to: usize, column: &[PortSetId]) -> Vec<ClassRow> {
        let target = &members[to];
        let is_apart = |from: &Members| match (from.endpoints.as_slice(), target.endpoints.as_slice()) {
            ([], []) => false,
            ([one], [other]) => one != other,
            _ => true,
        };
        let mut by_ports: BTreeMap<PortSetId, Vec<u32>> = BTreeMap::new();
        for (from, source) in members.iter().enumerate().filter(|(_, source)| is_apart(source)) {
            let open = column[source.class.index()];
            if open != PortSetId::NONE {
                by_ports.entry(open).or_default().push(from as u32);
            }
        }
        by_ports.into_iter().map(|(open, from)| ClassRow { from, to: to as u32, open }).collect()
    }
}

/// Places as they are written: `c1,c3-c5`.
#[derive(Debug)]
pub struct Places<'a>(pub &'a [u32], pub &'a str);

impl fmt::Display for Places<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(places, separator) = self;
        let (mut at, mut first) = (0, true);
        while let Some(low) = places.get(at) {
            let run = places[at..].iter().zip(*low..).take_while(|(place, next)| **place == *next).count();
            if !std::mem::take(&mut first) {
                f.write_str(separator)?;
            }
            write!(f, "c{}", low + 1)?;
            if run > 1 {
                write!(f, "-c{}", low + run as u32)?;
            }
            at += run.max(1);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_as_ranges() {
        for (places, text) in
            [(&[][..], ""), (&[0], "c1"), (&[0, 1], "c1-c2"), (&[0, 2, 3, 4, 9], "c1,c3-c5,c10")]
        {
            assert_eq!(Places(places, ",").to_string(), text);
        }
    }
}
