//! What has to change in the kernel, as data.
use std::{collections::BTreeMap, sync::Arc};

use netloom_kernel::nft::{Chain, Element, Table};

/// The elements of one set that go and come.
#[derive(Clone, Debug, Default)]
pub struct SetChange {
    /// Deleted, before anything is added.
    pub delete: Vec<Element>,
    /// Added.
    pub add: Vec<Element>,
}

/// The change from what the kernel was told to what it should know; applied whole or not at all.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The table's constant part, when it is not there yet.
    pub table: Option<Table>,
    /// Chains to make before elements point at them.
    pub chains: Vec<Chain>,
    /// Chains that nothing points at once the elements are changed.
    pub unused: Vec<Arc<str>>,
    /// By set.
    pub sets: BTreeMap<Arc<str>, SetChange>,
}

impl Change {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.table.is_none() && self.chains.is_empty() && self.unused.is_empty() && self.sets.is_empty()
    }

    /// How many elements go and come.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sets.values().map(|s| s.add.len() + s.delete.len()).sum()
    }

    pub(crate) fn add(&mut self, set: &str, element: Element) {
        self.of(set).add.push(element);
    }

    pub(crate) fn delete(&mut self, set: &str, element: Element) {
        self.of(set).delete.push(element);
    }

    /// Takes back the addition of an element.
    pub(crate) fn withdraw(&mut self, set: &str, element: &Element) {
        if let Some(change) = self.sets.get_mut(set) {
            change.add.retain(|added| added != element);
        }
    }

    fn of(&mut self, set: &str) -> &mut SetChange {
        if !self.sets.contains_key(set) {
            self.sets.insert(Arc::from(set), SetChange::default());
        }
        self.sets.entry(Arc::from(set)).or_default()
    }

    /// The whole table as it is after this first change, for printing.
    #[must_use]
    pub fn into_table(self) -> Option<Table> {
        let mut table = self.table?;
        table.chains.splice(0..0, self.chains);
        for set in &mut table.sets {
            if let Some(change) = self.sets.get(&set.name) {
                set.elements.extend(change.add.iter().cloned());
            }
        }
        Some(table)
    }
}
