//! Repairs: edits of the text that keep comments and formatting.
use std::{ops::Range, sync::Arc};

/// One replacement in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// The file.
    pub file: Arc<str>,
    /// The bytes that are replaced.
    pub start: usize,
    /// Just behind them.
    pub end: usize,
    /// What stands there then.
    pub text: String,
}

impl Edit {
    /// The bytes that are replaced.
    #[must_use]
    pub const fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// A repair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, in the imperative: "Name the port `http`".
    pub title: String,
    /// Whether it cannot change what works today; only such are applied by `--fix`.
    pub safe: bool,
    /// Its edits, all or none.
    pub edits: Vec<Edit>,
}
