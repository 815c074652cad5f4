//! Every set of ports that occurs, once: what is asked a million times is compared and combined by number.
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use crate::ports::PortSet;

/// The number of a set of ports; equal numbers are equal sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortSetId(pub(crate) u32);

impl PortSetId {
    /// No connections.
    pub const NONE: Self = Self(0);
    /// All connections.
    pub const ALL: Self = Self(1);

    /// Its place among those that were given out: dense, so that it indexes a table.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Debug)]
pub(crate) struct Pool {
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    sets: Vec<Arc<PortSet>>,
    ids: HashMap<Arc<PortSet>, PortSetId>,
    both: HashMap<(PortSetId, PortSetId), PortSetId>,
}

impl Inner {
    fn intern(&mut self, set: PortSet) -> PortSetId {
        if let Some(id) = self.ids.get(&set) {
            return *id;
        }
        let (id, set) = (PortSetId(self.sets.len() as u32), Arc::new(set));
        self.sets.push(set.clone());
        self.ids.insert(set, id);
        id
    }
}

impl Pool {
    pub fn new() -> Self {
        let mut inner = Inner::default();
        inner.intern(PortSet::none());
        inner.intern(PortSet::all());
        Self { inner: RwLock::new(inner) }
    }

    pub fn intern(&self, set: PortSet) -> PortSetId {
        // Nothing panics while it holds the lock, and a set that was half inserted would only be inserted again.
        self.inner.write().unwrap_or_else(PoisonError::into_inner).intern(set)
    }

    pub fn get(&self, id: PortSetId) -> Arc<PortSet> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).sets[id.index()].clone()
    }

    pub fn and(&self, a: PortSetId, b: PortSetId) -> PortSetId {
        match (a, b) {
            (PortSetId::NONE, _) | (_, PortSetId::NONE) => return PortSetId::NONE,
            (PortSetId::ALL, other) | (other, PortSetId::ALL) => return other,
            _ if a == b => return a,
            _ => {}
        }
        let key = (a.min(b), a.max(b));
        if let Some(id) = self.inner.read().unwrap_or_else(PoisonError::into_inner).both.get(&key) {
            return *id;
        }
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let set = inner.sets[a.index()].and(&inner.sets[b.index()]);
        let id = inner.intern(set);
        inner.both.insert(key, id);
        id
    }

    pub fn or(&self, a: PortSetId, b: PortSetId) -> PortSetId {
        match (a, b) {
            (PortSetId::NONE, other) | (other, PortSetId::NONE) => return other,
            (PortSetId::ALL, _) | (_, PortSetId::ALL) => return PortSetId::ALL,
            _ if a == b => return a,
            _ => {}
        }
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let set = inner.sets[a.index()].or(&inner.sets[b.index()]);
        inner.intern(set)
    }
}
