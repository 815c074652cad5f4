//! What was found, for people and for programs.
mod json;
pub mod review;
mod text;
pub mod tightened;

pub use json::json;
pub use text::text;

use crate::{Changes, Chosen, Doubt, Ground, Proof, Suggestion, need::unneeded};
use netloom_reach::{PortSet, expect::Outcome};

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
        let all = self.chosen.units.iter().map(|unit| {
            let ports = unneeded(snapshot, units, *unit, &self.suggestion.needs);
            (units.get(*unit).title(), ports)
        });
        all.filter(|(_, ports)| !ports.is_none()).collect()
    }

    /// Whether everything is as it has to be.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.proof.unmet.is_empty()
            && self.shut.iter().all(|(_, outcomes)| outcomes.iter().all(Outcome::held))
    }
}
