//! What the targets share: one text as a set of manifests, judged by all rules.
#![forbid(unsafe_code)]

use std::sync::Arc;

use netloom_audit::{Closed, Report, Settings, audit};
use netloom_objects::{ObjectSet, Severity, Source, parse_source};

/// The set of one file.
#[must_use]
pub fn set(text: &str) -> ObjectSet {
    ObjectSet::assemble(vec![Arc::new(parse_source(&Source::new("a.yaml", text)))])
}

/// Everything that all rules find.
#[must_use]
pub fn look(set: &ObjectSet) -> Report {
    let closed = Closed { everything: true, ..Closed::default() };
    audit(set, &Settings { closed, ..Settings::default() }, &|_| true)
}

/// How many errors reading has.
#[must_use]
pub fn errors(set: &ObjectSet) -> usize {
    set.diagnostics().filter(|d| d.severity == Severity::Error).count()
}
