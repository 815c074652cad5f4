//! One finding about the input: what is wrong, where, and what to do.
use std::ops::Range;

use crate::Location;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The API server would refuse it, or it cannot be read.
    Error,
    /// It is accepted, and most likely not what was meant.
    Warning,
    /// Good to know.
    Info,
}

impl Severity {
    /// `error`, `warning`, `info`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// A finding about the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in a sentence.
    pub message: String,
    /// Where it begins.
    pub at: Location,
    /// Line and column (from 1) just behind its end. The same as `at` where there is nothing to underline.
    pub end: (u32, u32),
    /// What to do.
    pub help: Option<String>,
    /// Other places that belong to it, each with what it is.
    pub related: Vec<(Location, String)>,
    /// How the text can be repaired.
    pub repair: Option<Repair>,
}

/// A replacement in the source that a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// What it does, in the imperative.
    pub title: String,
    /// Whether nothing else can be meant.
    pub safe: bool,
    /// The bytes that are replaced.
    pub bytes: Range<usize>,
    /// What stands there then.
    pub text: String,
}
