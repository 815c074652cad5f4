//! Repairs: edits of the text that keep comments and formatting.
use std::{ops::Range, sync::Arc};

use netloom_objects::Object;

/// One replacement in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// The file.
    pub file: Arc<str>,
    /// The first byte that is replaced.
    pub start: usize,
    /// Just behind the last.
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
    /// What it does, in the imperative: "name the port `http`".
    pub title: String,
    /// Whether it cannot break what works today; only such are applied by `--fix`.
    pub safe: bool,
    /// Its edits, all or none.
    pub edits: Vec<Edit>,
}

impl Fix {
    /// Begins a repair that cannot break what works today.
    #[must_use]
    pub fn safe(title: impl Into<String>) -> Draft {
        Draft { title: title.into(), safe: true, edits: Some(Vec::new()) }
    }

    /// Begins a repair that somebody should look at before it is applied.
    #[must_use]
    pub fn proposed(title: impl Into<String>) -> Draft {
        Draft { safe: false, ..Self::safe(title) }
    }
}

/// A repair in the making. Where one of its steps cannot be done as text, there is none.
#[derive(Debug)]
pub struct Draft {
    title: String,
    safe: bool,
    edits: Option<Vec<Edit>>,
}

impl From<Draft> for Option<Fix> {
    fn from(draft: Draft) -> Self {
        let edits = draft.edits.filter(|edits| !edits.is_empty())?;
        Some(Fix { title: draft.title, safe: draft.safe, edits })
    }
}

impl Draft {
    /// Replaces a value; `yaml` is written as it is.
    #[must_use]
    pub fn set(self, object: &Object, path: &str, yaml: &str) -> Self {
        let range = object.byte_range(path);
        self.step(object, range.map(|range| (range, yaml.to_owned())))
    }

    /// Renames the key of an entry.
    #[must_use]
    pub fn rename(self, object: &Object, path: &str, key: &str) -> Self {
        let span = object.key_span(path);
        self.step(object, span.map(|span| (span.bytes, key.to_owned())))
    }

    /// Removes an entry of a mapping, or an item of a list, with its line's comment.
    #[must_use]
    pub fn remove(self, object: &Object, path: &str) -> Self {
        self.step(object, removal(object, path).map(|range| (range, String::new())))
    }

    /// Puts an entry before the first one of a mapping.
    #[must_use]
    pub fn insert_first(self, object: &Object, mapping: &str, key: &str, yaml: &str) -> Self {
        let step = first_entry(object, mapping).map(|(at, style)| {
            let separator = style.separator(&object.source().text, at);
            (at..at, format!("{key}: {yaml}{separator}"))
        });
        self.step(object, step)
    }

    /// Puts an entry behind the last one of a mapping. `yaml` may have several lines: those after the first are
    /// written below the key, indented by two more.
    #[must_use]
    pub fn insert_last(self, object: &Object, mapping: &str, key: &str, yaml: &str) -> Self {
        let step = last_entry(object, mapping).map(|(at, style)| match style {
            Style::Flow => (at..at, format!(", {key}: {yaml}")),
            Style::Block(indent) => {
                let indent = " ".repeat(indent);
                let value = yaml.trim_end().replace('\n', &format!("\n{indent}  "));
                let space = if value.starts_with('\n') { "" } else { " " };
                (at..at, format!("\n{indent}{key}:{space}{value}"))
            }
        });
        self.step(object, step)
    }

    /// Puts an item behind the last one of a list that has one.
    #[must_use]
    pub fn append(self, object: &Object, list: &str, yaml: &str) -> Self {
        self.step(object, item_behind(object, list, yaml))
    }

    /// Replaces bytes of the source that holds an object.
    #[must_use]
    pub fn replace(self, object: &Object, bytes: Range<usize>, text: &str) -> Self {
        self.step(object, Some((bytes, text.to_owned())))
    }

    fn step(mut self, object: &Object, step: Option<(Range<usize>, String)>) -> Self {
        self.edits = match (self.edits, step) {
            (Some(mut edits), Some((range, text))) => {
                let file = object.source().name.clone();
                edits.push(Edit { file, start: range.start, end: range.end, text });
                Some(edits)
            }
            _ => None,
        };
        self
    }
}

/// How a collection is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// Between brackets.
    Flow,
    /// One entry a line, indented by so many columns.
    Block(usize),
}

impl Style {
    /// What parts a new first entry from the one behind it.
    fn separator(self, text: &str, at: usize) -> String {
        match self {
            Self::Flow => ", ".to_owned(),
            Self::Block(indent) => {
                let end = if text[line_start(text, at)..].lines().next().is_some_and(|l| l.ends_with('\r')) {
                    "\r\n"
                } else {
                    "\n"
                };
                format!("{end}{}", " ".repeat(indent))
            }
        }
    }
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline)
}

fn next_line(text: &str, at: usize) -> usize {
    (line_end(text, at) + 1).min(text.len())
}

/// How the collection is written whose first entry begins at a byte.
fn style_at(object: &Object, collection: &str, first: usize) -> Option<Style> {
    let text = &*object.source().text;
    let start = if collection.is_empty() { first } else { object.byte_range(collection)?.start };
    if start < first && text[start..].starts_with(['{', '[']) {
        return Some(Style::Flow);
    }
    Some(Style::Block(text[line_start(text, first)..first].chars().count()))
}

fn join(mapping: &str, key: &str) -> String {
    let key = key.replace('\\', "\\\\").replace('.', "\\.");
    if mapping.is_empty() { key } else { format!("{mapping}.{key}") }
}

/// Where the first entry of a mapping begins.
fn first_entry(object: &Object, mapping: &str) -> Option<(usize, Style)> {
    let keys = object.keys(mapping);
    let at = object.key_span(&join(mapping, keys.first()?))?.bytes.start;
    Some((at, style_at(object, mapping, at)?))
}

/// Where the last entry of a mapping ends, its line's comment included where it is written in block style.
fn last_entry(object: &Object, mapping: &str) -> Option<(usize, Style)> {
    let keys = object.keys(mapping);
    let first = object.key_span(&join(mapping, keys.first()?))?.bytes.start;
    let end = object.entry_range(&join(mapping, keys.last()?))?.end;
    let style = style_at(object, mapping, first)?;
    let end = if style == Style::Flow { end } else { before_newline(&object.source().text, end) };
    Some((end, style))
}

/// The end of the line on which something ends. What ended with its newline ends on the line before.
fn before_newline(text: &str, end: usize) -> usize {
    let end = text[..end].trim_end_matches(['\n', '\r', ' ']).len();
    let line = line_end(text, end);
    line - usize::from(text[..line].ends_with('\r'))
}

fn item_behind(object: &Object, list: &str, yaml: &str) -> Option<(Range<usize>, String)> {
    let text = &*object.source().text;
    let count = object.count(list).checked_sub(1)?;
    let last = object.byte_range(&format!("{list}[{count}]"))?;
    let own = object.byte_range(list)?;
    if text[own.start..].starts_with('[') {
        return Some((last.end..last.end, format!(", {yaml}")));
    }
    let line = line_start(text, last.start);
    let dash = text[line..last.start].rfind('-')?;
    let indent = text[line..line + dash].chars().count();
    let end = before_newline(text, last.end);
    let indent = " ".repeat(indent);
    let value = yaml.trim_end().replace('\n', &format!("\n{indent}  "));
    Some((end..end, format!("\n{indent}- {value}")))
}

/// What goes with an entry or item that is removed. Nothing where the collection would be left empty, or where another
/// entry stands on the same line in block style.
fn removal(object: &Object, path: &str) -> Option<Range<usize>> {
    let text = &*object.source().text;
    let range = object.entry_range(path)?;
    let line = line_start(text, range.start);
    let before = &text[line..range.start];
    let end = before_newline(text, range.end);
    let behind = text[range.end.min(end)..end].trim();
    if before.trim().is_empty() && (behind.is_empty() || behind.starts_with('#')) {
        return (!alone_in_parent(object, path)).then(|| line..next_line(text, end));
    }
    if before.trim() == "-" && path.ends_with(']') && (behind.is_empty() || behind.starts_with('#')) {
        return (!alone_in_parent(object, path)).then(|| line..next_line(text, end));
    }
    in_flow(text, &range)
}

/// An entry between brackets goes with one of its commas.
fn in_flow(text: &str, range: &Range<usize>) -> Option<Range<usize>> {
    let behind = text[range.end..].trim_start_matches(' ');
    if let Some(rest) = behind.strip_prefix(',') {
        let end = text.len() - rest.trim_start_matches(' ').len();
        return Some(range.start..end);
    }
    let before = text[..range.start].trim_end_matches(' ');
    (behind.starts_with(['}', ']']) && before.ends_with(',')).then(|| before.len() - 1..range.end)
}

/// Whether nothing but this is in its mapping or list.
fn alone_in_parent(object: &Object, path: &str) -> bool {
    match path.strip_suffix(']').and_then(|path| path.rsplit_once('[')) {
        Some((list, _)) => object.count(list) < 2,
        None => {
            let parent = parent_of(path);
            object.keys(parent).len() < 2
        }
    }
}

/// The path without its last key; dots in keys are written `\.`.
fn parent_of(path: &str) -> &str {
    let bytes = path.as_bytes();
    let dot = (1..bytes.len()).rev().find(|at| bytes[*at] == b'.' && bytes[at - 1] != b'\\');
    dot.map_or("", |dot| &path[..dot])
}

#[cfg(test)]
mod tests {
    use netloom_objects::{Source, parse_source};

    use super::*;
    use crate::repair::apply;

    fn edited(text: &str, draft: impl Fn(&Object) -> Draft) -> Option<String> {
        let parsed = parse_source(&Source::new("a.yaml", text));
        let fix: Option<Fix> = draft(&parsed.objects[0]).into();
        fix.map(|fix| apply(text, &fix.edits.iter().collect::<Vec<_>>()))
    }

    const BLOCK: &str = "\
apiVersion: v1
kind: Service
metadata:
  name: web # its name
spec:
  ports:
    - port: 80 # in clear
      protocol: TCP
    - port: 443
  selector:
    app: web
";

    #[test]
    fn entries_and_items_in_block_style() {
        type Step = fn(&Object) -> Draft;
        let cases: [(&str, Step, &str, &str); 7] = [
            ("set", |o| Fix::safe("").set(o, "spec.ports[1].port", "8443"), "- port: 443", "- port: 8443"),
            (
                "rename",
                |o| Fix::safe("").rename(o, "spec.selector.app", "tier"),
                "    app: web",
                "    tier: web",
            ),
            (
                "first",
                |o| Fix::safe("").insert_first(o, "spec.ports[0]", "name", "http"),
                "    - port: 80 # in clear",
                "    - name: http\n      port: 80 # in clear",
            ),
            (
                "last",
                |o| Fix::safe("").insert_last(o, "metadata", "labels", "\napp: web"),
                "  name: web # its name",
                "  name: web # its name\n  labels:\n    app: web",
            ),
            (
                "append",
                |o| Fix::safe("").append(o, "spec.ports", "name: dns\nport: 53"),
                "    - port: 443",
                "    - port: 443\n    - name: dns\n      port: 53",
            ),
            (
                "remove entry",
                |o| Fix::safe("").remove(o, "spec.ports[0].protocol"),
                "      protocol: TCP\n",
                "",
            ),
            ("remove item", |o| Fix::safe("").remove(o, "spec.ports[1]"), "    - port: 443\n", ""),
        ];
        for (name, step, from, to) in cases {
            assert_eq!(edited(BLOCK, step).unwrap(), BLOCK.replace(from, to), "{name}");
        }
    }

    #[test]
    fn entries_and_items_in_flow_style() {
        let text = "apiVersion: v1\nkind: Service\nmetadata: {name: web, labels: {a: b}}\nspec: {ports: [{port: 80, protocol: TCP}, {port: 81}]}\n";
        type Step = fn(&Object) -> Draft;
        let cases: [(&str, Step, &str, &str); 6] = [
            (
                "first",
                |o| Fix::safe("").insert_first(o, "spec.ports[1]", "name", "b"),
                "{port: 81}",
                "{name: b, port: 81}",
            ),
            (
                "last",
                |o| Fix::safe("").insert_last(o, "spec.ports[1]", "name", "b"),
                "{port: 81}",
                "{port: 81, name: b}",
            ),
            (
                "append",
                |o| Fix::safe("").append(o, "spec.ports", "{port: 82}"),
                "{port: 81}]",
                "{port: 81}, {port: 82}]",
            ),
            ("remove last", |o| Fix::safe("").remove(o, "spec.ports[0].protocol"), ", protocol: TCP", ""),
            ("remove first", |o| Fix::safe("").remove(o, "spec.ports[0]"), "{port: 80, protocol: TCP}, ", ""),
            ("remove middle", |o| Fix::safe("").remove(o, "metadata.name"), "name: web, ", ""),
        ];
        for (name, step, from, to) in cases {
            assert_eq!(edited(text, step).unwrap(), text.replace(from, to), "{name}");
        }
    }

    #[test]
    fn what_would_leave_an_empty_collection_is_no_repair() {
        assert_eq!(edited(BLOCK, |o| Fix::safe("").remove(o, "spec.selector.app")), None);
        assert_eq!(edited(BLOCK, |o| Fix::safe("").remove(o, "spec.selector.tier")), None);
        assert_eq!(edited(BLOCK, |o| Fix::safe("").set(o, "spec.type", "ClusterIP")), None);
    }
}
