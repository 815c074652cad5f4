//! Typed decoding of a tree that reports every fault, not only the first.
mod de;
mod error;
mod suggest;

use std::cell::{Cell, RefCell};

use serde::de::DeserializeOwned;

use crate::tree::{NodeId, Tree};
pub(crate) use error::Fault;
pub use suggest::edit_distance;
pub(crate) use suggest::nearest;

/// How often a document is decoded again with one more faulty value left out.
const MAX_FAULTS: usize = 50;

/// A field that its type does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unknown {
    pub(crate) key: NodeId,
    pub(crate) known: &'static [&'static str],
}

/// What came out of decoding.
#[derive(Debug)]
pub(crate) struct Decoded<T> {
    /// The value without what is faulty; none where nothing can be made of it.
    pub(crate) value: Option<T>,
    /// The values left out, sorted.
    pub(crate) masked: Vec<NodeId>,
    /// Why they were left out, in the order of the text.
    pub(crate) faults: Vec<Fault>,
    /// Fields that the type does not have.
    pub(crate) unknown: Vec<Unknown>,
    /// Whether decoding gave up with faults still left.
    pub(crate) gave_up: bool,
}

struct Session {
    masked: Vec<NodeId>,
    unknown: RefCell<Vec<Unknown>>,
    /// A value was passed over because no field takes it.
    ignored: Cell<bool>,
    /// Fields are compared with those of their type before they are read, not found to be unknown by reading them.
    ahead: bool,
    /// The object, and the apiVersion that it is read as in place of its own.
    read_as: Option<(NodeId, &'static str)>,
}

impl Session {
    fn read<T: DeserializeOwned>(&mut self, tree: &Tree, root: NodeId) -> Result<T, Fault> {
        self.unknown.get_mut().clear();
        self.ignored.set(false);
        T::deserialize(de::De::new(tree, self, root)).map_err(error::DecodeError::into_fault)
    }
}

/// Decodes a node. A value of a wrong type is left out and decoding begins again, so that it hides no other.
pub(crate) fn decode<T: DeserializeOwned>(tree: &Tree, root: NodeId) -> Decoded<T> {
    decode_as(tree, root, None, Vec::new())
}

/// As [`decode`], for an object that is read as one of another apiVersion than it is written in, and without some of its
/// values (sorted).
pub(crate) fn decode_as<T: DeserializeOwned>(
    tree: &Tree,
    root: NodeId,
    api_version: Option<&'static str>,
    left_out: Vec<NodeId>,
) -> Decoded<T> {
    let mut session = Session {
        masked: left_out,
        unknown: RefCell::default(),
        ignored: Cell::new(false),
        ahead: false,
        read_as: api_version.map(|api_version| (root, api_version)),
    };
    let mut faults: Vec<Fault> = Vec::new();
    let mut gave_up = false;
    let value = loop {
        let fault = match session.read(tree, root) {
            Ok(value) => break Some(value),
            Err(fault) => fault,
        };
        let place = fault.at.filter(|at| *at != root);
        faults.push(fault);
        let Some(slot) = place.and_then(|at| session.masked.binary_search(&at).err().map(|slot| (slot, at)))
        else {
            break None;
        };
        if faults.len() >= MAX_FAULTS {
            gave_up = true;
            break None;
        }
        session.masked.insert(slot.0, slot.1);
    };
    if value.is_none() {
        // Reading broke off in the middle of a mapping whose other fields are to be judged as well.
        session.ahead = true;
        _ = session.read::<T>(tree, root);
    }
    faults.sort_by_key(|fault| fault.at);
    let mut unknown = session.unknown.into_inner();
    unknown.sort_by_key(|u| u.key);
    unknown.dedup();
    Decoded { value, masked: session.masked, faults, unknown, gave_up }
}
