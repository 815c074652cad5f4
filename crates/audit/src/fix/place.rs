//! Where the parts of an object stand in its text, and how they are written.
use std::ops::Range;

use netloom_objects::{Location, Object};

use crate::Lines;

/// A text between double quotes.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

/// A text as it is, where no reader of YAML takes it for anything else.
pub(super) fn plain_or_quoted(text: &str) -> String {
    let first = |c: char| c.is_ascii_alphabetic() || c == '/';
    let rest = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | ':' | '@');
    let word = matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "false" | "yes" | "no" | "on" | "off" | "null" | "y" | "n"
    );
    if text.starts_with(first) && text.chars().all(rest) && !text.ends_with(':') && !word {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// The byte of a place.
pub(super) fn byte_of(text: &str, at: &Location) -> Option<usize> {
    let lines = Lines::of(text);
    let (start, line) = (lines.start(at.line)?, lines.line(at.line)?);
    let bom = line.len() - line.trim_start_matches('\u{feff}').len();
    let skipped = (at.column as usize).checked_sub(1)?;
    line[bom..].char_indices().nth(skipped).map(|(byte, _)| start + bom + byte)
}

/// How a collection is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Between brackets.
    Flow,
    /// One entry a line, indented by so many columns.
    Block(usize),
}

impl Style {
    /// What parts a new first entry from the one behind it.
    pub(super) fn separator(self, text: &str, at: usize) -> String {
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

pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

pub(super) fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline)
}

pub(super) fn next_line(text: &str, at: usize) -> usize {
    (line_end(text, at) + 1).min(text.len())
}

/// How the collection is written whose first entry begins at a byte.
pub(super) fn style_at(object: &Object, collection: &str, first: usize) -> Option<Style> {
    let text = &*object.source().text;
    let start = if collection.is_empty() { first } else { object.byte_range(collection)?.start };
    if start < first && text[start..].starts_with(['{', '[']) {
        return Some(Style::Flow);
    }
    Some(Style::Block(text[line_start(text, first)..first].chars().count()))
}

pub(super) fn join(mapping: &str, key: &str) -> String {
    let key = key.replace('\\', "\\\\").replace('.', "\\.");
    if mapping.is_empty() { key } else { format!("{mapping}.{key}") }
}

/// Where the first entry of a mapping begins.
pub(super) fn first_entry(object: &Object, mapping: &str) -> Option<(usize, Style)> {
    let keys = object.keys(mapping);
    let at = object.key_span(&join(mapping, keys.first()?))?.bytes.start;
    Some((at, style_at(object, mapping, at)?))
}

/// Where the last entry of a mapping ends, its line's comment included where it is written in block style.
pub(super) fn last_entry(object: &Object, mapping: &str) -> Option<(usize, Style)> {
    let keys = object.keys(mapping);
    let first = object.key_span(&join(mapping, keys.first()?))?.bytes.start;
    let end = object.entry_range(&join(mapping, keys.last()?))?.end;
    let style = style_at(object, mapping, first)?;
    let end = if style == Style::Flow { end } else { before_newline(&object.source().text, end) };
    Some((end, style))
}

/// The end of the line on which something ends. What ended with its newline ends on the line before.
pub(super) fn before_newline(text: &str, end: usize) -> usize {
    let end = text[..end].trim_end_matches(['\n', '\r', ' ']).len();
    let line = line_end(text, end);
    line - usize::from(text[..line].ends_with('\r'))
}

pub(super) fn item_behind(object: &Object, list: &str, yaml: &str) -> Option<(Range<usize>, String)> {
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
pub(super) fn removal(object: &Object, path: &str) -> Option<Range<usize>> {
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
pub(super) fn in_flow(text: &str, range: &Range<usize>) -> Option<Range<usize>> {
    let behind = text[range.end..].trim_start_matches(' ');
    if let Some(rest) = behind.strip_prefix(',') {
        let end = text.len() - rest.trim_start_matches(' ').len();
        return Some(range.start..end);
    }
    let before = text[..range.start].trim_end_matches(' ');
    (behind.starts_with(['}', ']']) && before.ends_with(',')).then(|| before.len() - 1..range.end)
}

/// The path of the mapping or list that something is in.
pub(super) fn container_of(path: &str) -> &str {
    let list = path.strip_suffix(']').and_then(|path| path.rsplit_once('['));
    list.map_or_else(|| parent_of(path), |(list, _)| list)
}

/// Whether nothing but this is in its mapping or list.
pub(super) fn alone_in_parent(object: &Object, path: &str) -> bool {
    match path.strip_suffix(']').and_then(|path| path.rsplit_once('[')) {
        Some((list, _)) => object.count(list) < 2,
        None => {
            let parent = parent_of(path);
            object.keys(parent).len() < 2
        }
    }
}

/// The path without its last key; dots in keys are written `\.`.
pub(super) fn parent_of(path: &str) -> &str {
    let bytes = path.as_bytes();
    let dot = (1..bytes.len()).rev().find(|at| bytes[*at] == b'.' && bytes[at - 1] != b'\\');
    dot.map_or("", |dot| &path[..dot])
}
