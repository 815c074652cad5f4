//! A hash map in many shared parts: a copy costs a few pointers, and a change copies only the part that it is in.
use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    sync::Arc,
};

/// With 50,000 Services of four endpoints a part holds some hundred entries, which copy in microseconds; and a
/// copy of the table of parts itself is 8 KB.
const PARTS: usize = 1024;

/// A map that is cheap to copy and to change a little.
#[derive(Clone, Debug)]
pub(crate) struct Shards<K, V> {
    hasher: RandomState,
    parts: Vec<Arc<HashMap<K, V>>>,
}

impl<K: Hash + Eq + Clone, V: Clone> Shards<K, V> {
    /// An empty map.
    pub(crate) fn new() -> Self {
        let empty = Arc::new(HashMap::new());
        Self { hasher: RandomState::new(), parts: vec![empty; PARTS] }
    }

    fn index<Q: Hash + ?Sized>(&self, key: &Q) -> usize {
        self.hasher.hash_one(key) as usize % PARTS
    }

    /// The value of a key.
    pub(crate) fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.parts[self.index(key)].get(key)
    }

    /// Sets the value of a key.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        let index = self.index(&key);
        Arc::make_mut(&mut self.parts[index]).insert(key, value);
    }

    /// Takes a key out.
    pub(crate) fn remove<Q>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let index = self.index(key);
        Arc::make_mut(&mut self.parts[index]).remove(key);
    }
}

impl<K: Hash + Eq + Clone, T: Clone> Shards<K, Vec<T>> {
    /// Adds one to the list of a key.
    pub(crate) fn push(&mut self, key: K, item: T) {
        let index = self.index(&key);
        Arc::make_mut(&mut self.parts[index]).entry(key).or_default().push(item);
    }

    /// Takes those out of the list of a key that `gone` holds for.
    pub(crate) fn drop_from(&mut self, key: &K, gone: impl Fn(&T) -> bool) {
        let index = self.index(key);
        let part = Arc::make_mut(&mut self.parts[index]);
        if let Some(list) = part.get_mut(key) {
            list.retain(|item| !gone(item));
            if list.is_empty() {
                part.remove(key);
            }
        }
    }
}
