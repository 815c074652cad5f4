//! Cells: identities that no effect tells apart. What rules name, and nothing is decided by, does not count.
use std::collections::HashMap;

use fixedbitset::FixedBitSet;

use crate::effect::Effects;

/// The cell of each identity.
#[derive(Debug)]
pub(crate) struct Cells {
    of_identity: Vec<u32>,
    /// One identity of each cell.
    examples: Vec<u32>,
}

impl Cells {
    pub fn of(everyone: &FixedBitSet, effects: [&Effects; 2]) -> Self {
        let parts: Vec<&FixedBitSet> = effects.iter().flat_map(|e| e.parts()).collect();
        let mut columns = vec![FixedBitSet::with_capacity(parts.len()); everyone.len()];
        for (nth, identities) in parts.iter().enumerate() {
            identities.ones().for_each(|identity| columns[identity].insert(nth));
        }
        let mut cells = Self { of_identity: vec![0; everyone.len()], examples: Vec::new() };
        let mut known: HashMap<&FixedBitSet, u32> = HashMap::new();
        for identity in everyone.ones() {
            let fresh = cells.examples.len() as u32;
            let cell = *known.entry(&columns[identity]).or_insert(fresh);
            if cell == fresh {
                cells.examples.push(identity as u32);
            }
            cells.of_identity[identity] = cell;
        }
        cells
    }

    pub fn cell(&self, identity: u32) -> u32 {
        self.of_identity[identity as usize]
    }

    /// One identity of a cell, which stands for all of them.
    pub fn example(&self, cell: u32) -> u32 {
        self.examples[cell as usize]
    }

    /// One identity of each cell.
    pub fn examples(&self) -> &[u32] {
        &self.examples
    }
}
