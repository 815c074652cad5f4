//! A hash map in many shared parts: a copy costs a few pointers, and a change copies only the part that it is in.
use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::{Hash, Hasher},
    sync::Arc,
};

/// With 50,000 Services of four endpoints a part holds some hundred entries, which copy in microseconds; and a
/// copy of the table of parts itself is 8 KB.
const PARTS: usize = 1024;

/// A map that is cheap to copy and to change a little.
#[derive(Clone, Debug)]
pub(crate) struct Shards<K, V> {
    parts: Vec<Arc<HashMap<K, V>>>,
}

impl<K: Hash + Eq + Clone, V: Clone> Shards<K, V> {
    /// An empty map.
    pub(crate) fn new() -> Self {
        let empty = Arc::new(HashMap::new());
        Self { parts: (0..PARTS).map(|_| empty.clone()).collect() }
    }

    /// The value of a key.
    pub(crate) fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.parts[part_of(key)].get(key)
    }

    /// Sets the values of keys.
    pub(crate) fn insert_all(&mut self, items: impl IntoIterator<Item = (K, V)>) {
        self.put_all(items, |part, key, value| _ = part.insert(key, value));
    }

    /// Takes a key out.
    pub(crate) fn remove<Q>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        Arc::make_mut(&mut self.parts[part_of(key)]).remove(key);
    }

    /// Puts many in, part by part: each part is made once in its final size, and stays in the processor's cache
    /// while it is filled.
    fn put_all<T>(
        &mut self,
        items: impl IntoIterator<Item = (K, T)>,
        put: impl Fn(&mut HashMap<K, V>, K, T),
    ) {
        let mut sorted: Vec<Vec<(K, T)>> = Vec::new();
        sorted.resize_with(PARTS, Vec::new);
        for (key, item) in items {
            sorted[part_of(&key)].push((key, item));
        }
        for (part, items) in self.parts.iter_mut().zip(sorted).filter(|(_, items)| !items.is_empty()) {
            let part = Arc::make_mut(part);
            part.reserve(items.len());
            items.into_iter().for_each(|(key, item)| put(part, key, item));
        }
    }
}

impl<K: Hash + Eq + Clone, T: Clone> Shards<K, List<T>> {
    /// Adds to the lists of keys.
    pub(crate) fn push_all(&mut self, items: impl IntoIterator<Item = (K, T)>) {
        self.put_all(items, |part, key, item| match part.entry(key) {
            std::collections::hash_map::Entry::Occupied(mut entry) => entry.get_mut().push(item),
            std::collections::hash_map::Entry::Vacant(entry) => _ = entry.insert(List::One(item)),
        });
    }

    /// Takes those out of the list of a key that `gone` holds for.
    pub(crate) fn drop_from(&mut self, key: &K, gone: impl Fn(&T) -> bool) {
        let part = Arc::make_mut(&mut self.parts[part_of(key)]);
        let Some(list) = part.get_mut(key) else { return };
        let mut kept = list.iter().filter(|item| !gone(item)).cloned();
        match kept.next() {
            None => {
                drop(kept);
                part.remove(key);
            }
            Some(first) => {
                let mut rest = List::One(first);
                kept.for_each(|item| rest.push(item));
                *list = rest;
            }
        }
    }
}

/// A list that mostly has one item.
#[derive(Clone, Debug)]
pub(crate) enum List<T> {
    /// The one.
    One(T),
    /// Several.
    Many(Vec<T>),
}

impl<T: Clone> List<T> {
    fn push(&mut self, item: T) {
        match self {
            Self::One(first) => *self = Self::Many(vec![first.clone(), item]),
            Self::Many(list) => list.push(item),
        }
    }
}

impl<T> std::ops::Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::One(item) => std::slice::from_ref(item),
            Self::Many(list) => list,
        }
    }
}

/// The part that a key is in. Nothing but balance depends on it; within a part the keys are hashed with a secret.
fn part_of<Q: Hash + ?Sized>(key: &Q) -> usize {
    let mut mix = Mix(0);
    key.hash(&mut mix);
    // The high bits of the last word reach all others only by way of the low ones.
    ((mix.0 ^ mix.0 >> 32).wrapping_mul(GOLDEN) >> 40) as usize % PARTS
}

/// 2^64 divided by the golden ratio, and odd (Knuth's multiplicative hashing).
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(GOLDEN);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_balanced() {
        use std::net::IpAddr;
        let v4 = |i: u32| IpAddr::V4((0x0a00_0000 + i).into());
        let v6 = |i: u32| IpAddr::V6((0xfd00_0010 << 96 | u128::from(i)).into());
        let mut counts = [[0; PARTS]; 3];
        for i in 0..100_000 {
            counts[0][part_of(&v4(i))] += 1;
            counts[1][part_of(&v6(i))] += 1;
            counts[2][part_of(&*format!("svc-{i}.production"))] += 1;
        }
        for counts in counts {
            let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
            assert!(*least > 40 && *most < 200, "{least} to {most} in a part, where 98 are the mean");
        }
    }

    #[test]
    fn lists_grow_and_shrink() {
        let mut map: Shards<u8, List<u8>> = Shards::new();
        map.push_all([(1, 10), (2, 20), (1, 11), (1, 12)]);
        let before = map.clone();
        assert_eq!(map.get(&1).map(|l| l.to_vec()), Some(vec![10, 11, 12]));
        map.drop_from(&1, |item| *item == 11);
        assert_eq!(map.get(&1).map(|l| l.to_vec()), Some(vec![10, 12]));
        map.drop_from(&1, |_| true);
        map.drop_from(&9, |_| true);
        assert!(map.get(&1).is_none() && map.get(&2).is_some());
        assert_eq!(before.get(&1).map(|l| l.to_vec()), Some(vec![10, 11, 12]));
    }
}
