//! What a rule is: its documentation, and the function that finds.
use netloom_objects::Severity;

use crate::{Context, Findings};

/// What kind of harm a rule looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// It does not do what it says.
    Correctness,
    /// It lets in, out or through what it should not.
    Security,
    /// It fails under load, on a change, or with a node.
    Reliability,
    /// It costs time or capacity.
    Performance,
    /// It is harder to read or to maintain than it need be.
    Style,
}

impl Group {
    /// All groups.
    pub const ALL: [Self; 5] =
        [Self::Correctness, Self::Security, Self::Reliability, Self::Performance, Self::Style];

    /// `correctness`, `security`, …
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Correctness => "correctness",
            Self::Security => "security",
            Self::Reliability => "reliability",
            Self::Performance => "performance",
            Self::Style => "style",
        }
    }
}

/// One rule. Everything in it that is text is shown to users: by `check --explain`, and in the reference.
#[derive(Debug)]
pub struct Rule {
    /// `NP003`: two letters of the area, and a number that never changes its meaning.
    pub code: &'static str,
    /// `egress-without-dns`: what it finds, in kebab case.
    pub name: &'static str,
    /// What kind of harm.
    pub group: Group,
    /// How bad a finding is, unless the finding says otherwise.
    pub severity: Severity,
    /// What it finds, in a sentence or two (Markdown).
    pub finds: &'static str,
    /// Why that matters, and where the rule of the field is written (Markdown).
    pub why: &'static str,
    /// Manifests in which it finds something; a test holds that it does.
    pub wrong: &'static str,
    /// The same manifests, repaired; a test holds that it finds nothing.
    pub right: &'static str,
    /// Whether what it misses may stand outside of the set. Such a rule speaks only where the set is declared
    /// complete (see [`crate::Closed`]); its examples are judged as complete.
    pub closed: bool,
    /// Finds.
    pub check: fn(&Context<'_>, &mut Findings<'_>),
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.code == other.code
    }
}
