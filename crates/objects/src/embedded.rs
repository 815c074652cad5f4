//! Files inside of a ConfigMap's values, with their places in the manifest.
use std::{ops::Range, sync::Arc};

use serde_json::Value;

use crate::{
    Location, Source,
    access::Span,
    extent::{Ruler, block_indent, skip_properties},
    object::Place,
    tree::{Builder, NodeId, Tree, read_yaml, split},
};

/// One line of a text that stands in a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextLine {
    /// The line, without its end.
    pub text: String,
    /// Where its first character stands in the file.
    pub at: Location,
    /// The byte of the source at which it begins.
    pub start: usize,
}

/// Where a value begins behind its anchor; none where it has a tag.
pub(crate) fn behind_properties(text: &str, bytes: &Range<usize>) -> Option<usize> {
    let start = skip_properties(text, bytes.start).min(bytes.end);
    let properties = text.get(bytes.start..start)?;
    (!properties.split_whitespace().any(|property| property.starts_with('!'))).then_some(start)
}

/// The lines of a scalar; nothing where the node is none.
pub(crate) fn lines(tree: &Tree, id: NodeId) -> Option<Vec<TextLine>> {
    let id = tree.target(id);
    let content = tree.text(id)?;
    let ruler = Ruler::new(tree, id);
    let text = &*tree.source().text;
    let start = skip_properties(text, ruler.start(id));
    let indent = (text.as_bytes().get(start) == Some(&b'|')).then(|| block_indent(text, start)).flatten();
    let starts = match indent {
        Some(indent) => literal_starts(text, start, indent),
        None => folded_starts(text, start, content),
    };
    let file = tree.location(id).file;
    let (mut byte, mut position) = (start, ruler.position(start));
    let content = content.strip_suffix('\n').unwrap_or(content);
    let lines = content.split('\n').zip(starts).map(|(line, at)| {
        // Places come in the order of the text, so that each is counted from the one before.
        if at >= byte {
            position = ruler.advance(position, byte..at);
            byte = at;
        }
        let at = Location { file: file.clone(), line: position.0, column: position.1 };
        TextLine { text: line.to_owned(), at, start: byte }
    });
    Some(lines.collect())
}

/// Where the lines of a literal block begin: behind the indentation of each line after the header.
fn literal_starts(text: &str, start: usize, indent: usize) -> Vec<usize> {
    let mut at = start + text[start..].find('\n').map_or(text.len() - start, |end| end + 1);
    let mut starts = Vec::new();
    for line in text[at..].split_inclusive('\n') {
        let blanks = line.len() - line.trim_start_matches(' ').len();
        starts.push(at + blanks.min(indent));
        if blanks < indent && !line.trim().is_empty() {
            break;
        }
        at += line.len();
    }
    // A last line that lacks its end still counts, and one may follow that is blank.
    starts.push(at.min(text.len()));
    starts
}

/// Where the lines of any other scalar begin: what is not blank stands in the source in the same order.
fn folded_starts(text: &str, start: usize, content: &str) -> Vec<usize> {
    let mut written = Written::new(text, start);
    let mut at = start;
    let mut starts = Vec::new();
    for line in content.split('\n') {
        let blanks = line.len() - line.trim_start().len();
        let mut first = None;
        for wanted in line.chars().filter(|c| !c.is_whitespace()) {
            let Some((place, _)) = written.find(|(_, c)| *c == wanted) else { break };
            first.get_or_insert(place);
            at = place + 1;
        }
        starts.push(first.map_or(at, |first| first.saturating_sub(blanks).max(start)));
    }
    starts
}

/// The characters of a scalar as they are meant, each with the byte where it is written.
struct Written<'t> {
    text: &'t str,
    at: usize,
    quote: Option<char>,
}

impl<'t> Written<'t> {
    fn new(text: &'t str, start: usize) -> Self {
        let quote = text[start..].chars().next().filter(|c| matches!(c, '"' | '\''));
        let header = text[start..].starts_with(['>', '|']);
        let skipped = match quote {
            Some(_) => 1,
            None if header => text[start..].find('\n').unwrap_or(0),
            None => 0,
        };
        Self { text, at: start + skipped, quote }
    }

    /// What an escape of a double-quoted scalar stands for, and how long it is.
    fn escape(&self) -> Option<(char, usize)> {
        let rest = &self.text[self.at..];
        let kind = rest.chars().nth(1)?;
        let hex = |len: usize| {
            let digits = rest.get(2..2 + len)?;
            Some((char::from_u32(u32::from_str_radix(digits, 16).ok()?)?, 2 + len))
        };
        match kind {
            'x' => hex(2),
            'u' => hex(4),
            'U' => hex(8),
            'n' | 't' | 'r' | 'N' | 'L' | 'P' | '_' | 'v' | 'f' => Some(('\n', 2)),
            other => Some((other, 1 + other.len_utf8())),
        }
    }
}

impl Iterator for Written<'_> {
    type Item = (usize, char);

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at;
        let c = self.text.get(at..)?.chars().next()?;
        let (meant, len) = match (self.quote, c) {
            (Some('"'), '\\') => self.escape().unwrap_or((c, 1)),
            (Some('\''), '\'') if self.text[at + 1..].starts_with('\'') => ('\'', 2),
            _ => (c, c.len_utf8()),
        };
        self.at += len;
        Some((at, meant))
    }
}

/// YAML or JSON inside of a text, read by paths; its places are those in the manifest around it.
#[derive(Clone, Debug)]
pub struct EmbeddedYaml {
    place: Place,
    lines: Arc<[TextLine]>,
    outer: Source,
    broken: Option<(Location, String)>,
}

impl EmbeddedYaml {
    /// Reads the first document of a text. Nothing where there is none.
    pub(crate) fn read(outer: &Source, text: &str, lines: Vec<TextLine>) -> Option<Self> {
        let source = Source { name: outer.name.clone(), text: text.into() };
        let mut builder = Builder::new(Tree::new(source, text.len()));
        let mut first = None;
        let mut broken = None;
        for chunk in split(text) {
            let (roots, fault) = read_yaml(&mut builder, chunk);
            first = first.or(roots.first().copied());
            broken = broken.or(fault);
        }
        let root = first.or_else(|| {
            // A broken text still has places: those of an empty mapping.
            builder.start((1, 1), true, 0).and_then(|()| builder.end()).ok()?;
            builder.finish_document()
        })?;
        let place = Place::new(Arc::new(builder.tree), root, Vec::new(), Vec::new());
        let mut read = Self { place, lines: lines.into(), outer: outer.clone(), broken: None };
        read.broken = broken.map(|b| (read.outside(b.line, b.column), b.message));
        Some(read)
    }

    /// Where and why the text cannot be read as YAML, if so. What stands before is read.
    #[must_use]
    pub fn broken(&self) -> Option<&(Location, String)> {
        self.broken.as_ref()
    }

    /// The value at a path, as JSON.
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

    /// Whether a field is written, with whatever value.
    #[must_use]
    pub fn is_written(&self, path: &str) -> bool {
        self.place.look_up(path).value.is_some()
    }

    /// Where a field is written in the manifest: its key; for items of lists, the item. The nearest that exists
    /// where the field itself does not.
    #[must_use]
    pub fn locate(&self, path: &str) -> Location {
        let at = self.place.tree().location(self.place.look_up(path).place);
        self.outside(at.line, at.column)
    }

    /// Where the value at a path stands in the manifest. Nothing where escapes or folding stand between the two.
    #[must_use]
    pub fn span(&self, path: &str) -> Option<Span> {
        self.place.span(path).and_then(|span| self.outer_span(&span))
    }

    /// Where the key of the entry at a path stands in the manifest. Nothing for items of lists, and where escapes
    /// or folding stand between the two.
    #[must_use]
    pub fn key_span(&self, path: &str) -> Option<Span> {
        self.place.key_span(path).and_then(|span| self.outer_span(&span))
    }

    fn outer_span(&self, span: &Span) -> Option<Span> {
        let end = self.outside(span.end.0, span.end.1);
        let bytes = self.outer_byte(span.bytes.start)?..self.outer_byte(span.bytes.end)?;
        self.is_verbatim(&span.bytes, &bytes).then(|| Span {
            start: self.outside(span.start.line, span.start.column),
            end: (end.line, end.column),
            bytes,
        })
    }

    /// Whether the manifest holds a part of the text as it is, but for indentation.
    fn is_verbatim(&self, inner: &Range<usize>, outer: &Range<usize>) -> bool {
        let inner = self.place.tree().source().text.get(inner.clone());
        let outer = self.outer.text.get(outer.clone());
        let (Some(inner), Some(outer)) = (inner, outer) else { return false };
        inner.lines().map(str::trim).eq(outer.lines().map(str::trim))
    }

    /// The byte of the manifest at which a byte of the text stands.
    fn outer_byte(&self, byte: usize) -> Option<usize> {
        let before = self.place.tree().source().text.get(..byte)?;
        let line = self.lines.get(before.matches('\n').count())?;
        Some(line.start + before.len() - before.rfind('\n').map_or(0, |end| end + 1))
    }

    /// The place in the manifest of a place in the text.
    fn outside(&self, line: u32, column: u32) -> Location {
        let index = (line.saturating_sub(1) as usize).min(self.lines.len().saturating_sub(1));
        match self.lines.get(index) {
            Some(line) => Location {
                column: line.at.column.saturating_add(column.saturating_sub(1)),
                ..line.at.clone()
            },
            None => Location { file: self.outer.name.clone(), line, column },
        }
    }
}
