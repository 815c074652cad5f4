//! What was found, for people and for programs.
mod json;
pub mod review;
mod text;
pub mod tightened;

pub use json::json;
pub use text::text;

use std::collections::HashMap;

use netloom_reach::{PortSet, expect::Outcome};

use crate::{Changes, Chosen, Doubt, End, Ground, Proof, Suggestion, UnitId, need::listening};

/// Everything that there is to say about a suggestion.
pub struct Report<'a> {
    /// What it was made from.
    pub ground: &'a Ground<'a>,
    /// Who gets policies.
    pub chosen: &'a Chosen,
    /// The policies.
    pub suggestion: &'a Suggestion,
    /// What the evaluator says.
    pub proof: &'a Proof,
    /// What changes against today.
    pub changes: &'a Changes,
    /// What only people know.
    pub doubts: &'a [Doubt],
    /// What must stay shut, with what became of it.
    pub shut: &'a [(String, Vec<Outcome>)],
}

impl Report<'_> {
    /// The ports of each workload that nobody is known to need.
    #[must_use]
    pub fn unneeded(&self) -> Vec<(String, PortSet)> {
        let (snapshot, units) = (&self.ground.snapshot, &self.ground.units);
        let mut needed: HashMap<UnitId, PortSet> = HashMap::new();
        for need in &self.suggestion.needs {
            if let End::Unit(unit) = &need.to {
                let ports = needed.entry(*unit).or_default();
                *ports = ports.or(&need.ports);
            }
        }
        let all = self.chosen.units.iter().map(|unit| {
            let answered = listening(snapshot, units, *unit);
            let ports = needed.get(unit).map_or(answered.clone(), |needed| answered.minus(needed));
            (units.get(*unit).title(), ports)
        });
        all.filter(|(_, ports)| !ports.is_none()).collect()
    }

    /// Whether everything that is known to be needed is allowed, and what must be shut is.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.proof.unmet.is_empty()
            && self.shut.iter().all(|(_, outcomes)| outcomes.iter().all(Outcome::held))
    }
}
