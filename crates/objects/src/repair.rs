//! Repairs of what reading and validation find, where only one thing can be meant.
use std::{ops::Range, sync::Arc};

use crate::{
    Repair,
    extent::{Ruler, skip_properties},
    tree::{NodeId, Tree, View},
};

/// Writes a value or key in another way.
pub(crate) fn rewrite(
    tree: &Tree,
    at: NodeId,
    text: String,
    safe: bool,
    title: impl FnOnce(&str) -> String,
) -> Option<Repair> {
    // What an alias stands for is written elsewhere.
    if tree.target(at) != at {
        return None;
    }
    let bytes = Ruler::new(tree, at).extent(at).bytes;
    if tree.is_shared(&bytes) {
        return None;
    }
    let properties = bytes.start..skip_properties(&tree.source().text, bytes.start);
    // With a tag it would be something else than it is now.
    if tree.source().text.get(properties.clone())?.contains('!') {
        return None;
    }
    replace(tree, properties.end..bytes.end, text, safe, title)
}

/// Replaces what stands on one line.
fn replace(
    tree: &Tree,
    bytes: Range<usize>,
    text: String,
    safe: bool,
    title: impl FnOnce(&str) -> String,
) -> Option<Repair> {
    let written = tree.source().text.get(bytes.clone())?;
    let one_line = !written.is_empty() && !written.contains(['\n', '\r']);
    one_line.then(|| Repair { title: title(&text), safe, bytes, text })
}

/// Puts a plain scalar in quotes, behind its anchor. A tag goes: it would say that the quotes are not meant.
pub(crate) fn quote(tree: &Tree, at: NodeId) -> Option<Repair> {
    let bytes = Ruler::new(tree, at).extent(at).bytes;
    if tree.target(at) != at || !tree.is_plain(at) || tree.is_shared(&bytes) {
        return None;
    }
    let text = &*tree.source().text;
    let content = skip_properties(text, bytes.start);
    let written = text.get(content..bytes.end)?;
    if matches!(written, "null" | "Null" | "NULL" | "~") || written.starts_with(['"', '\'']) {
        return None;
    }
    let quoted = serde_json::to_string(written).ok()?;
    let properties: Vec<&str> = text.get(bytes.start..content)?.split_whitespace().collect();
    let tagged = properties.iter().any(|property| property.starts_with('!'));
    let (from, instead) = match properties.iter().find(|property| property.starts_with('&')) {
        Some(anchor) if tagged => (bytes.start, format!("{anchor} {quoted}")),
        None if tagged => (bytes.start, quoted),
        _ => (content, quoted),
    };
    replace(tree, from..bytes.end, instead, true, |text| format!("quote it: {text}"))
}

/// Renames a key, unless its mapping has the other one too.
pub(crate) fn rename(tree: &Tree, root: NodeId, key: NodeId, name: &str) -> Option<Repair> {
    let taken =
        entries_around(tree, root, key)?.iter().step_by(2).any(|other| tree.text(*other) == Some(name));
    if taken {
        return None;
    }
    let written = tree.text(key)?;
    // Another letter may be another field that the writer had in mind; another case is not.
    let safe = written.eq_ignore_ascii_case(name);
    let quoted = tree.source().text.get(Ruler::new(tree, key).extent(key).bytes)?.starts_with('"');
    let text = if quoted { format!("\"{name}\"") } else { name.to_owned() };
    rewrite(tree, key, text, safe, |text| format!("rename it to `{}`", text.trim_matches('"')))
}

/// Removes the second of two entries that are written alike, each on a line of its own.
pub(crate) fn remove_repeated(tree: &Arc<Tree>, first: NodeId, second: NodeId) -> Option<Repair> {
    let text = &*tree.source().text;
    let (one, other) = (Line::of(tree, text, first)?, Line::of(tree, text, second)?);
    let alike = one.content == other.content && one.indent == other.indent;
    let inline = other.content.split_once(": ").is_some_and(|(_, value)| {
        !value.trim().is_empty() && !value.starts_with(['|', '>', '&', '*', '!', '{', '[', '"', '\'', '#'])
    });
    let shared = tree.is_shared(&(one.start..one.next)) || tree.is_shared(&(other.start..other.next));
    (alike && inline && !shared && one.is_alone(text) && other.is_alone(text)).then(|| Repair {
        title: "remove the second".to_owned(),
        safe: true,
        bytes: other.start..other.next,
        text: String::new(),
    })
}

/// A line that begins with a key.
struct Line<'t> {
    start: usize,
    next: usize,
    indent: usize,
    content: &'t str,
}

impl<'t> Line<'t> {
    fn of(tree: &Tree, text: &'t str, key: NodeId) -> Option<Self> {
        let from = Ruler::new(tree, key).start(key);
        let start = text[..from].rfind('\n').map_or(0, |end| end + 1);
        let end = text[from..].find('\n').map_or(text.len(), |at| from + at);
        let blank = text[start..from].chars().all(|c| c == ' ');
        blank.then(|| Self {
            start,
            next: (end + 1).min(text.len()),
            indent: from - start,
            content: text[from..end].trim_end(),
        })
    }

    /// Whether what follows is no part of this line's value.
    fn is_alone(&self, text: &str) -> bool {
        let next = text[self.next..].lines().find(|line| !line.trim().is_empty());
        next.is_none_or(|line| line.len() - line.trim_start_matches(' ').len() <= self.indent)
    }
}

/// The entries of the mapping that a key is in.
fn entries_around(tree: &Tree, root: NodeId, key: NodeId) -> Option<&[NodeId]> {
    let mut at = tree.target(root);
    loop {
        match tree.view(at) {
            View::Mapping(entries) => {
                let holder = entries.chunks_exact(2).filter(|e| e[0] <= key).max_by_key(|e| e[0])?;
                if holder[0] == key {
                    return Some(entries);
                }
                at = holder[1];
            }
            View::Sequence(items) => at = *items.iter().rev().find(|item| **item <= key)?,
            View::Scalar(_) => return None,
        }
    }
}
