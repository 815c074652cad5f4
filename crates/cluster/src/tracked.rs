//! What was derived from each object of a list, kept while the object stays.
use std::sync::Arc;

use netloom_objects::Object;

use crate::fast::Map;

/// Tells objects apart, for as long as both are held.
pub fn identity(object: &Arc<Object>) -> usize {
    Arc::as_ptr(object) as usize
}

/// A list of objects with an entry for each, in their order.
pub struct Tracked<E> {
    /// Identities beside the objects: comparing lists then touches no object.
    ids: Vec<usize>,
    objects: Vec<Arc<Object>>,
    /// What was derived.
    pub entries: Vec<E>,
}

/// What an update changed.
pub struct Delta<E> {
    /// Entries whose objects are gone.
    pub removed: Vec<(Arc<Object>, E)>,
    /// Where the entries are that were made.
    pub made: Vec<usize>,
}

impl<E> Default for Tracked<E> {
    fn default() -> Self {
        Self { ids: Vec::new(), objects: Vec::new(), entries: Vec::new() }
    }
}

impl<E> Tracked<E> {
    /// Takes the list as it is now; none where it is as it was.
    pub fn update(
        &mut self,
        now: &[Arc<Object>],
        mut make: impl FnMut(&Arc<Object>) -> E,
    ) -> Option<Delta<E>> {
        let pairs = self.ids.iter().zip(now);
        let prefix = pairs.take_while(|(id, object)| **id == identity(object)).count();
        if prefix == now.len() && prefix == self.ids.len() {
            return None;
        }
        let pairs = self.ids[prefix..].iter().rev().zip(now[prefix..].iter().rev());
        let suffix = pairs.take_while(|(id, object)| **id == identity(object)).count();
        let (old, new) = (prefix..self.ids.len() - suffix, prefix..now.len() - suffix);
        let objects: Vec<_> = self.objects.splice(old.clone(), now[new.clone()].iter().cloned()).collect();
        let ids: Vec<_> = self.ids.splice(old.clone(), now[new.clone()].iter().map(identity)).collect();
        let tail = self.entries.split_off(old.end);
        let entries = self.entries.split_off(old.start);
        let mut before: Map<usize, (Arc<Object>, E)> =
            ids.into_iter().zip(objects.into_iter().zip(entries)).collect();
        let mut made = Vec::new();
        for (at, object) in now.iter().enumerate().take(new.end).skip(new.start) {
            let kept = before.remove(&identity(object)).map(|(_, entry)| entry);
            self.entries.push(kept.unwrap_or_else(|| {
                made.push(at);
                make(object)
            }));
        }
        self.entries.extend(tail);
        Some(Delta { removed: before.into_values().collect(), made })
    }

    /// Each object with its entry.
    pub fn pairs(&mut self) -> impl Iterator<Item = (&Arc<Object>, &mut E)> {
        self.objects.iter().zip(&mut self.entries)
    }

    /// The objects.
    pub fn objects(&self) -> &[Arc<Object>] {
        &self.objects
    }
}

#[cfg(test)]
mod tests {
    use netloom_objects::{Source, parse_source};

    use super::*;

    fn objects(names: &str) -> Vec<Arc<Object>> {
        let one = |name: char| {
            let text = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n");
            parse_source(&Source { name: "a".into(), text: text.into() }).objects[0].clone()
        };
        names.chars().map(one).collect()
    }

    #[test]
    fn entries_follow_their_objects() {
        let all = objects("abcdefgh");
        let pick = |letters: &str| -> Vec<Arc<Object>> {
            letters.chars().map(|l| all[(l as usize) - ('a' as usize)].clone()).collect()
        };
        let mut tracked = Tracked::default();
        for (now, made, removed) in [
            ("", None, 0),
            ("abcd", Some("abcd"), 0),
            ("abcd", None, 0),
            ("abed", Some("e"), 1),
            ("deab", Some(""), 0),
            ("fdeab", Some("f"), 0),
            ("ab", Some(""), 3),
            ("hgcab", Some("hgc"), 0),
            ("", Some(""), 5),
        ] {
            let objects = pick(now);
            let delta = tracked.update(&objects, |o| o.name.clone());
            let made_now =
                delta.as_ref().map(|d| d.made.iter().map(|&i| &*tracked.entries[i]).collect::<String>());
            assert_eq!(made_now.as_deref(), made, "{now}");
            assert_eq!(delta.map_or(0, |d| d.removed.len()), removed, "{now}");
            assert_eq!(tracked.entries.iter().map(|e| &**e).collect::<String>(), now);
            assert_eq!(tracked.objects().len(), now.len());
        }
    }
}
