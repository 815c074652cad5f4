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
        let from_outside = self.from_outside(&shown);
        let mut pending = from_outside.iter().peekable();
        let between = Cached::new(self);
        for source in &shown {
            while let Some((name, range, rows)) = pending.next_if(|(name, ..)| **name < *source.name) {
                let from = End::External(*range, name);
                rows.iter()
                    .try_for_each(|(to, open)| visit(Row { from, to: End::Endpoint(to), open: *open }))?;
            }
            self.from_endpoint(source, &shown, &between, &mut visit)?;
        }
        for (name, range, rows) in pending {
            let from = End::External(*range, name);
            rows.iter().try_for_each(|(to, open)| visit(Row { from, to: End::Endpoint(to), open: *open }))?;
        }
        Ok(())
    }

    fn from_endpoint<E>(
        &self,
        source: &Endpoint,
        shown: &[&Endpoint],
        between: &Cached<'_>,
        visit: &mut impl FnMut(Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let from = End::Endpoint(source);
        let outside = between.stretches(source.class, Way::Out);
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

    /// The lines from outside, by the name of the range.
    fn from_outside<'a>(&self, shown: &[&'a Endpoint]) -> Vec<FromOutside<'a>> {
        let between = Cached::new(self);
        let mut by_range: HashMap<Arc<str>, (AddressRange, Vec<(&Endpoint, PortSetId)>)> = HashMap::new();
        for target in shown {
            for (range, name, open) in between.stretches(target.class, Way::In).iter() {
                let rows = by_range.entry(name.clone()).or_insert_with(|| (*range, Vec::new()));
                rows.1.push((target, *open));
            }
        }
        let mut sorted: Vec<_> =
            by_range.into_iter().map(|(name, (range, rows))| (name, range, rows)).collect();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        sorted
    }

    /// The outside as one class sees it: ranges with the same answer joined.
    pub(crate) fn stretches(&self, class: ClassId, way: Way) -> Vec<(AddressRange, PortSetId)> {
        let mut joined: Vec<(AddressRange, PortSetId)> = Vec::new();
        for Outside { range, class: outside } in self.outside() {
            let open = match way {
                Way::Out => self.between(class, *outside),
                Way::In => self.between(*outside, class),
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

type FromOutside<'a> = (Arc<str>, AddressRange, Vec<(&'a Endpoint, PortSetId)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    In,
    Out,
}

/// What was asked of a class is asked again by its other members.
struct Cached<'r> {
    reach: &'r Reach,
    rows: RefCell<HashMap<ClassId, Arc<Vec<PortSetId>>>>,
    stretches: RefCell<HashMap<(ClassId, Way), Stretches>>,
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

    fn stretches(&self, class: ClassId, way: Way) -> Stretches {
        if let Some(known) = self.stretches.borrow().get(&(class, way)) {
            return known.clone();
        }
        let named = self.reach.stretches(class, way).into_iter();
        let named = named.map(|(range, open)| (range, names::external(range.low, range.high).into(), open));
        let stretches: Stretches = Arc::new(named.collect());
        self.stretches.borrow_mut().insert((class, way), stretches.clone());
        stretches
    }
}
