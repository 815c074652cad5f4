//! What was found, for people and for programs.
mod json;
mod text;

pub(crate) use json::changes as changes_json;
pub use json::json;
pub(crate) use text::changes as changes_text;
pub use text::text;

use crate::{Changes, Chosen, Doubt, Ground, Proof, Suggestion};
use netloom_reach::expect::Outcome;

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
    /// Whether everything is as it has to be.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.proof.unmet.is_empty()
            && self.shut.iter().all(|(_, outcomes)| outcomes.iter().all(Outcome::held))
    }
}
