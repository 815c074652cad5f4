//! Which lines of a file are one document, and which object stands at a place.
use std::sync::Arc;

use netloom_objects::{Location, ObjectRef, ParsedSource};

use crate::Lines;

/// The documents of a file.
#[derive(Debug)]
pub(crate) struct Documents {
    /// The first line of each.
    starts: Vec<u32>,
}

impl Documents {
    pub(crate) fn of(lines: &Lines<'_>) -> Self {
        let marks = (2..=lines.count()).filter(|n| lines.line(*n).is_some_and(is_mark));
        Self { starts: std::iter::once(1).chain(marks).collect() }
    }

    /// The first line of the document that a line is in, and the first of the next one.
    pub(crate) fn range(&self, line: u32) -> (u32, u32) {
        let next = self.starts.partition_point(|start| *start <= line);
        let first = next.checked_sub(1).and_then(|index| self.starts.get(index));
        (first.copied().unwrap_or(1), self.starts.get(next).copied().unwrap_or(u32::MAX))
    }
}

/// Whether a line begins a document.
pub(crate) fn is_mark(line: &str) -> bool {
    line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
}

/// The object that a place is in: the last that begins before it in its document.
pub(crate) fn object_at(
    source: &ParsedSource,
    documents: &Documents,
    at: &Location,
) -> Option<Arc<ObjectRef>> {
    let first = documents.range(at.line).0;
    source
        .objects
        .iter()
        .map(|object| &object.reference)
        .filter(|r| r.at.line >= first && (r.at.line, r.at.column) <= (at.line, at.column))
        .max_by_key(|r| (r.at.line, r.at.column))
        .cloned()
}
