//! Repairs: edits of the text that keep comments and formatting.
mod place;

use std::ops::Range;

use netloom_objects::{FileName, Location, Object};

use place::{
    Style, alone_in_parent, byte_of, container_of, first_entry, item_behind, last_entry, line_start,
    next_line, plain_or_quoted, quoted, removal,
};

/// One replacement in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// The file.
    pub file: FileName,
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

    /// Replaces a text: in its own quotes, or in none where it needs none.
    #[must_use]
    pub fn set_text(self, object: &Object, path: &str, text: &str) -> Self {
        let written = object.byte_range(path).and_then(|range| object.source().text.get(range));
        let yaml = match written.and_then(|written| written.chars().next()) {
            Some('\'') => format!("'{}'", text.replace('\'', "''")),
            Some('"') => quoted(text),
            _ => plain_or_quoted(text),
        };
        self.set(object, path, &yaml)
    }

    /// Replaces a part of a scalar as it is written; nothing where it stands there more than once, or goes on.
    #[must_use]
    pub fn replace_within(self, object: &Object, path: &str, part: &str, instead: &str) -> Self {
        let step = object.byte_range(path).and_then(|range| {
            let written = object.source().text.get(range.clone())?;
            let goes_on = |rest: &str| {
                let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
                part.ends_with(word) && rest.starts_with(word)
            };
            let mut found =
                written.match_indices(part).filter(|(at, _)| !goes_on(&written[at + part.len()..]));
            let (at, _) = found.next()?;
            let start = range.start + at;
            found.next().is_none().then(|| (start..start + part.len(), instead.to_owned()))
        });
        self.step(object, step)
    }

    /// Replaces a word that stands at a place of the source.
    #[must_use]
    pub fn replace_at(self, object: &Object, at: &Location, word: &str, instead: &str) -> Self {
        let text = &*object.source().text;
        let start = byte_of(text, at).filter(|start| text[*start..].starts_with(word));
        self.step(object, start.map(|start| (start..start + word.len(), instead.to_owned())))
    }

    /// Removes the line that a word begins.
    #[must_use]
    pub fn remove_line_at(self, object: &Object, at: &Location) -> Self {
        let text = &*object.source().text;
        let step = byte_of(text, at).and_then(|start| {
            let line = line_start(text, start);
            text[line..start].trim().is_empty().then(|| (line..next_line(text, start), String::new()))
        });
        self.step(object, step)
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

    /// As [`Self::remove`], and what would be left empty goes too.
    #[must_use]
    pub fn remove_all(self, object: &Object, path: &str) -> Self {
        let mut path = path;
        while alone_in_parent(object, path) {
            let parent = container_of(path);
            if parent.is_empty() {
                break;
            }
            path = parent;
        }
        self.remove(object, path)
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

    /// As [`Self::append`], with an item that is a mapping: between braces where the list or its last item is.
    #[must_use]
    pub fn append_mapping(self, object: &Object, list: &str, entries: &[(&str, &str)]) -> Self {
        let text = &*object.source().text;
        let begins = |path: &str, c: char| {
            object.byte_range(path).is_some_and(|range| text[range.start..].starts_with(c))
        };
        let last = format!("{list}[{}]", object.count(list).saturating_sub(1));
        let written: Vec<String> = entries.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        let yaml = match begins(list, '[') || begins(&last, '{') {
            true => format!("{{{}}}", written.join(", ")),
            false => written.join("\n"),
        };
        self.append(object, list, &yaml)
    }

    /// Replaces bytes of the source that holds an object.
    #[must_use]
    pub fn replace(self, object: &Object, bytes: Range<usize>, text: &str) -> Self {
        self.step(object, Some((bytes, text.to_owned())))
    }

    fn step(mut self, object: &Object, step: Option<(Range<usize>, String)>) -> Self {
        let step = step.and_then(|(range, text)| Some((object.changeable(range)?, text)));
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

#[cfg(test)]
mod tests;
