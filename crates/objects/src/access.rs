//! Reads any object by paths, typed or not: values, and where they stand in the text.
use std::ops::Range;

use serde_json::{Number, Value};

use crate::{
    EmbeddedYaml, Location, Object, Source,
    embedded::{self, TextLine},
    extent::{Extent, Ruler},
    object::Place,
    tree::{NodeId, Resolved, Tree, View},
};

/// Where a key or a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its first character.
    pub start: Location,
    /// Line and column just behind its last.
    pub end: (u32, u32),
    /// The same in bytes of the source.
    pub bytes: Range<usize>,
}

impl Object {
    /// The value at a path, as JSON. `spec.ingress[0].from[1]`, `metadata.labels.app\.kubernetes\.io/name`.
    #[must_use]
    pub fn value(&self, path: &str) -> Option<Value> {
        self.place.value(path)
    }

    /// The scalar at a path as it is written, quotes and escapes resolved. Nothing for null.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.place.text(path)
    }

    /// The keys of the mapping at a path, in order.
    #[must_use]
    pub fn keys(&self, path: &str) -> Vec<&str> {
        self.place.keys(path)
    }

    /// How many items the list at a path has; 0 where there is no list.
    #[must_use]
    pub fn count(&self, path: &str) -> usize {
        self.place.count(path)
    }

    /// Where the value at a path stands, quotes and brackets included.
    #[must_use]
    pub fn span(&self, path: &str) -> Option<Span> {
        self.place.span(path)
    }

    /// Where the key of the entry at a path stands. Nothing for items of lists.
    #[must_use]
    pub fn key_span(&self, path: &str) -> Option<Span> {
        self.place.key_span(path)
    }

    /// The bytes of the value at a path in [`Self::source`].
    #[must_use]
    pub fn byte_range(&self, path: &str) -> Option<Range<usize>> {
        self.span(path).map(|span| span.bytes)
    }

    /// The bytes of the entry at a path, from its key to the end of its value. Of a list's item, the item.
    #[must_use]
    pub fn entry_range(&self, path: &str) -> Option<Range<usize>> {
        let value = self.span(path)?.bytes;
        let start = self.key_span(path).map_or(value.start, |key| key.bytes.start);
        Some(start..value.end.max(start))
    }

    /// Bytes of the source without the anchor that they begin with. None where a change of them would change more than
    /// they are: what an alias stands for, or a value whose tag says what it is.
    #[must_use]
    pub fn changeable(&self, bytes: Range<usize>) -> Option<Range<usize>> {
        let tree = self.place.tree();
        if tree.is_shared(&bytes) {
            return None;
        }
        let start = embedded::behind_properties(&tree.source().text, &bytes)?;
        Some(start..bytes.end)
    }

    /// The source that holds this object.
    #[must_use]
    pub fn source(&self) -> &Source {
        self.place.tree().source()
    }

    /// The bytes of the document that holds this object: what stands between the `---` lines, comments included.
    #[must_use]
    pub fn document_range(&self) -> Range<usize> {
        let text = &*self.source().text;
        let own = self.place.extent(self.place.root()).bytes;
        let before = &text[..own.start];
        let start = before.rfind("\n---").map(|at| at + 1).or(before.starts_with("---").then_some(0));
        let start = start.map_or(0, |at| at + text[at..].find('\n').map_or(3, |end| end + 1)).min(own.start);
        let ends = |marker: &str| text[own.end..].find(marker).map(|at| own.end + at + 1);
        let end = ends("\n---").into_iter().chain(ends("\n...")).min().unwrap_or(text.len());
        start..end
    }

    /// The text at a path line by line, each with its place in the file: a file inside of a ConfigMap.
    #[must_use]
    pub fn text_lines(&self, path: &str) -> Option<Vec<TextLine>> {
        let id = self.place.look_up(path).value?;
        embedded::lines(self.place.tree(), id)
    }

    /// The YAML or JSON in the text at a path, with its places in the file. Nothing where there is no text.
    #[must_use]
    pub fn embedded(&self, path: &str) -> Option<EmbeddedYaml> {
        EmbeddedYaml::read(self.source(), self.text(path)?, self.text_lines(path)?)
    }
}

impl Place {
    pub(crate) fn value(&self, path: &str) -> Option<Value> {
        self.look_up(path).value.map(|id| json(self.tree(), id))
    }

    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        let id = self.look_up(path).value?;
        self.tree().text(id).filter(|_| !self.tree().is_null(id))
    }

    pub(crate) fn keys(&self, path: &str) -> Vec<&str> {
        match self.look_up(path).value.map(|id| self.tree().view(id)) {
            Some(View::Mapping(entries)) => {
                entries.iter().step_by(2).filter_map(|key| self.tree().text(*key)).collect()
            }
            _ => Vec::new(),
        }
    }

    pub(crate) fn count(&self, path: &str) -> usize {
        match self.look_up(path).value.map(|id| self.tree().view(id)) {
            Some(View::Sequence(items)) => items.len(),
            _ => 0,
        }
    }

    pub(crate) fn span(&self, path: &str) -> Option<Span> {
        let found = self.look_up(path);
        let id = found.value?;
        Some(self.spanned(id, Ruler::new(self.tree(), found.place).extent(id)))
    }

    pub(crate) fn key_span(&self, path: &str) -> Option<Span> {
        let found = self.look_up(path);
        let key = found.value.filter(|value| *value != found.place).map(|_| found.place)?;
        Some(self.spanned(key, self.extent(key)))
    }

    pub(crate) fn extent(&self, id: NodeId) -> Extent {
        Ruler::new(self.tree(), id).extent(id)
    }

    fn spanned(&self, id: NodeId, extent: Extent) -> Span {
        let file = self.tree().location(id).file;
        let (line, column) = extent.start;
        Span { start: Location { file, line, column }, end: extent.end, bytes: extent.bytes }
    }
}

/// A node as JSON. What JSON has no number for becomes null.
fn json(tree: &Tree, id: NodeId) -> Value {
    match tree.view(id) {
        View::Scalar(Resolved::Null) => Value::Null,
        View::Scalar(Resolved::Bool(value)) => Value::Bool(value),
        View::Scalar(Resolved::Int(value)) => Value::from(value),
        View::Scalar(Resolved::Large(value)) => Value::from(value),
        View::Scalar(Resolved::Float(value)) => Number::from_f64(value).map_or(Value::Null, Value::Number),
        View::Scalar(Resolved::Text(text)) => Value::from(text),
        View::Sequence(items) => items.iter().map(|item| json(tree, *item)).collect(),
        View::Mapping(entries) => entries
            .chunks_exact(2)
            .map(|e| (tree.text(e[0]).unwrap_or_default().to_owned(), json(tree, e[1])))
            .collect(),
    }
}
