//! The table: every pair of endpoints, and of endpoints and the outside, that has a connection.
use std::{cell::RefCell, collections::HashMap, sync::Arc};

use crate::{
    classes::ClassId,
    endpoints::Endpoint,
    names,
    outside::AddressRange,
    pool::PortSetId,
    reach::{Outside, Reach},
};

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Who connects.
    pub from: End<'a>,
    /// To whom.
    pub to: End<'a>,
    /// On which ports; never none.
    pub open: PortSetId,
}

/// One end of a line.
#[derive(Clone, Copy, Debug)]
pub enum End<'a> {
    /// Someone in the cluster.
    Endpoint(&'a Endpoint),
    /// A range of addresses outside, with its name.
    External(AddressRange, &'a str),
    /// An ingress controller or a gateway.
    Controller,
}

impl PartialEq for End<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for End<'_> {}

impl<'a> End<'a> {
    /// As it is written.
    #[must_use]
    pub fn name(&self) -> &'a str {
        match self {
            Self::Endpoint(endpoint) => &endpoint.name,
            Self::External(_, name) => name,
            Self::Controller => names::INGRESS_CONTROLLER,
        }
    }
}

/// Ranges with the same answer, side by side ones joined.
type Stretches = Arc<Vec<(AddressRange, Arc<str>, PortSetId)>>;

impl Reach {
    /// Goes through all lines, sorted by the names of both ends. Left out are what is not allowed, an endpoint's
    /// connections to itself, and what no object of the input declares.
    pub fn rows(&self, mut visit: impl FnMut(Row<'_>)) {
        // Writing lines one after the other cannot fail; an error is never made here.
        _ = self.try_rows(|row| {
            visit(row);
            Ok::<(), std::convert::Infallible>(())
        });
    }

    /// As [`Self::rows`], until a visit fails.
    ///
    /// # Errors
    /// The first that `visit` returns.
    pub fn try_rows<E>(&self, mut visit: impl FnMut(Row<'_>) -> Result<(), E>) -> Result<(), E> {
        let shown: Vec<&Endpoint> = self.endpoints().iter().filter(|e| !e.builtin).collect();
        let between = Cached::new(self);
        let guests = self.guests(&shown, &between);
        let mut guests = guests.iter().peekable();
        for source in &shown {
            while let Some(guest) = guests.next_if(|guest| *guest.name < *source.name) {
                guest.rows(&mut visit)?;
            }
            self.endpoint_rows(source, &shown, &between, &mut visit)?;
        }
        guests.try_for_each(|guest| guest.rows(&mut visit))
    }

    fn endpoint_rows<E>(
        &self,
        source: &Endpoint,
        shown: &[&Endpoint],
        between: &Cached<'_>,
        visit: &mut impl FnMut(Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let from = End::Endpoint(source);
        let outside = between.stretches(source.class, Side::Out);
        let mut outside: Vec<_> = outside.iter().collect();
        outside.sort_by(|a, b| a.1.cmp(&b.1));
        let mut outside = outside.into_iter().peekable();
        let row = between.row(source.class);
        for target in shown {
            while let Some((range, name, open)) = outside.next_if(|(_, name, _)| **name < *target.name) {
                visit(Row { from, to: End::External(*range, name), open: *open })?;
            }
            let open = row[target.class.index()];
            if open != PortSetId::NONE && !std::ptr::eq(*target, source) {
                visit(Row { from, to: End::Endpoint(target), open })?;
            }
        }
        outside.try_for_each(|(range, name, open)| {
            visit(Row { from, to: End::External(*range, name), open: *open })
        })
    }

    /// Who connects and is no endpoint: ranges outside and ingress controllers, by name.
    fn guests<'a>(&self, shown: &[&'a Endpoint], between: &Cached<'_>) -> Vec<Guest<'a>> {
        let mut guests: HashMap<Arc<str>, Guest<'_>> = HashMap::new();
        for target in shown {
            for (range, name, open) in between.stretches(target.class, Side::In).iter() {
                let guest = guests.entry(name.clone()).or_insert_with(|| Guest::new(name, Some(*range)));
                guest.to.push((target, *open));
            }
        }
        let mut controller = Guest::new(&names::INGRESS_CONTROLLER.into(), None);
        for (to, open) in self.controller_lines() {
            // Those of the table are the same ones, in the same order.
            let place = shown.binary_search_by(|e| e.name.cmp(&self.endpoint(to).name));
            controller.to.extend(place.ok().map(|place| (shown[place], self.pool.intern(open))));
        }
        let mut guests: Vec<_> = guests.into_values().chain([controller]).collect();
        guests.sort_by(|a, b| a.name.cmp(&b.name));
        guests
    }

    /// The outside as one class sees it: ranges with the same answer joined.
    pub(crate) fn stretches(&self, class: ClassId, side: Side) -> Vec<(AddressRange, PortSetId)> {
        let mut joined: Vec<(AddressRange, PortSetId)> = Vec::new();
        for Outside { range, class: outside } in self.outside() {
            let open = match side {
                Side::Out => self.between(class, *outside),
                Side::In => self.between(*outside, class),
            };
            match joined.last_mut() {
                Some((last, same)) if *same == open && last.meets(range) => last.high = range.high,
                _ => joined.push((*range, open)),
            }
        }
        joined.retain(|(_, open)| *open != PortSetId::NONE);
        joined
    }
}

/// Someone who is no endpoint, and what is open to it.
struct Guest<'a> {
    name: Arc<str>,
    /// None for an ingress controller.
    range: Option<AddressRange>,
    to: Vec<(&'a Endpoint, PortSetId)>,
}

impl Guest<'_> {
    fn new(name: &Arc<str>, range: Option<AddressRange>) -> Self {
        Self { name: name.clone(), range, to: Vec::new() }
    }

    fn rows<E>(&self, visit: &mut impl FnMut(Row<'_>) -> Result<(), E>) -> Result<(), E> {
        let from = self.range.map_or(End::Controller, |range| End::External(range, &self.name));
        self.to.iter().try_for_each(|(to, open)| visit(Row { from, to: End::Endpoint(to), open: *open }))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Side {
    In,
    Out,
}

/// What was asked of a class is asked again by its other members.
struct Cached<'r> {
    reach: &'r Reach,
    rows: RefCell<HashMap<ClassId, Arc<Vec<PortSetId>>>>,
    stretches: RefCell<HashMap<(ClassId, Side), Stretches>>,
}

/// Rows that are kept at most, in numbers.
const KEPT: usize = 64_000_000;

impl<'r> Cached<'r> {
    fn new(reach: &'r Reach) -> Self {
        Self { reach, rows: RefCell::default(), stretches: RefCell::default() }
    }

    /// What is open from a class to each class.
    fn row(&self, from: ClassId) -> Arc<Vec<PortSetId>> {
        if let Some(row) = self.rows.borrow().get(&from) {
            return row.clone();
        }
        let row = Arc::new(self.reach.classes.row(&self.reach.pool, from));
        let mut rows = self.rows.borrow_mut();
        if rows.len() * row.len() > KEPT {
            rows.clear();
        }
        rows.insert(from, row.clone());
        row
    }

    fn stretches(&self, class: ClassId, side: Side) -> Stretches {
        if let Some(known) = self.stretches.borrow().get(&(class, side)) {
            return known.clone();
        }
        let named = self.reach.stretches(class, side).into_iter();
        let named = named.map(|(range, open)| (range, names::external(range.low, range.high).into(), open));
        let stretches: Stretches = Arc::new(named.collect());
        self.stretches.borrow_mut().insert((class, side), stretches.clone());
        stretches
    }
}
