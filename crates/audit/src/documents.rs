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

/// The objects of a source by where they begin.
pub(crate) struct Begun<'s> {
    documents: Documents,
    /// Sorted by place.
    objects: Vec<&'s Arc<ObjectRef>>,
}

impl<'s> Begun<'s> {
    pub(crate) fn of(source: &'s ParsedSource) -> Self {
        let mut objects: Vec<_> = source.objects.iter().map(|object| &object.reference).collect();
        objects.sort_by_key(|reference| (reference.at.line, reference.at.column));
        Self { documents: Documents::of(&Lines::of(&source.source.text)), objects }
    }

    /// The object that a place is in: the last that begins before it in its document.
    pub(crate) fn object_at(&self, at: &Location) -> Option<Arc<ObjectRef>> {
        let first = self.documents.range(at.line).0;
        let behind = self.objects.partition_point(|r| (r.at.line, r.at.column) <= (at.line, at.column));
        let last = self.objects.get(behind.checked_sub(1)?)?;
        (last.at.line >= first).then(|| Arc::clone(last))
    }
}

#[cfg(test)]
mod tests {
    use netloom_objects::{Source, parse_source};

    use super::*;

    #[test]
    fn a_place_is_in_the_object_that_begins_before_it() {
        let one = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\ndata: {a: b}\n";
        let text = [one.replace("NAME", "a"), one.replace("NAME", "a"), "# none\n".to_owned()].join("---\n");
        let source = parse_source(&Source::new("a.yaml", &text));
        let begun = Begun::of(&source);
        let line_of = |line: u32| {
            let at = Location { file: "a.yaml".into(), line, column: 3 };
            begun.object_at(&at).map(|object| object.at.line)
        };
        assert_eq!([1, 4, 6, 9, 11].map(line_of), [Some(1), Some(1), Some(6), Some(6), None]);
    }
}
