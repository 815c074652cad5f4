//! Paths to fields: `spec.ingress[0].from[1]`, `metadata.labels.app\.kubernetes\.io/name`.
use std::{borrow::Cow, fmt::Write as _};

use super::{NodeId, Tree, View};

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment<'p> {
    Key(Cow<'p, str>),
    Index(usize),
}

/// What a path led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lookup {
    /// The best place to show: the key of an entry, the item of a list; of the nearest that exists.
    pub(crate) place: NodeId,
    /// The value, where the whole path exists.
    pub(crate) value: Option<NodeId>,
    /// Whether the path leads to or through a value that could not be decoded.
    pub(crate) masked: bool,
}

/// The steps of a path. A backslash takes the meaning from the character behind it. Rules ask for millions of paths:
/// nothing is copied but keys with a backslash.
pub(crate) fn segments(path: &str) -> impl Iterator<Item = Segment<'_>> {
    let mut rest = path;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches('.');
        if let Some(inner) = rest.strip_prefix('[') {
            let (step, behind) = inner.split_once(']').unwrap_or((inner, ""));
            rest = behind;
            let key = || Segment::Key(Cow::Borrowed(step));
            return Some(step.parse().map_or_else(|_| key(), Segment::Index));
        }
        let end = memchr::memchr3(b'.', b'[', b'\\', rest.as_bytes()).unwrap_or(rest.len());
        if rest[end..].starts_with('\\') {
            let (key, behind) = escaped_key(rest);
            rest = behind;
            return (!key.is_empty()).then_some(Segment::Key(Cow::Owned(key)));
        }
        let (key, behind) = rest.split_at(end);
        rest = behind;
        (!key.is_empty()).then_some(Segment::Key(Cow::Borrowed(key)))
    })
}

/// A key that backslashes stand in, and what is behind it.
fn escaped_key(path: &str) -> (String, &str) {
    let mut key = String::new();
    let mut chars = path.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => key.extend(chars.next().map(|(_, c)| c)),
            '.' | '[' => return (key, &path[at..]),
            _ => key.push(c),
        }
    }
    (key, "")
}

/// A key as it is written in a path.
pub(crate) fn escape(key: &str) -> String {
    let mut escaped = String::with_capacity(key.len());
    for c in key.chars() {
        if matches!(c, '.' | '[' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

impl Tree {
    /// Follows a path from a node. `masked` (sorted) are values left out when the object was decoded: list items
    /// among them do not count, so that indices are those of the decoded lists.
    pub(crate) fn look_up(&self, root: NodeId, path: &str, masked: &[NodeId]) -> Lookup {
        let is_masked = |id: NodeId| masked.binary_search(&id).is_ok();
        let mut found = Lookup { place: root, value: Some(root), masked: false };
        for segment in segments(path) {
            let Some(at) = found.value else { break };
            let next = match (segment, self.view(at)) {
                (Segment::Key(key), View::Mapping(_)) => self.entry(at, &key),
                (Segment::Index(index), View::Sequence(items)) => {
                    items.iter().filter(|i| !is_masked(**i)).nth(index).map(|i| (*i, *i))
                }
                _ => None,
            };
            found.value = next.map(|(_, value)| value);
            if let Some((place, value)) = next {
                found.place = place;
                found.masked |= is_masked(value);
            }
        }
        found
    }

    /// The path from a node to another below it, for messages. Children are numbered in the order of the text,
    /// so the last that does not come after the target holds it.
    pub(crate) fn path_to(&self, root: NodeId, target: NodeId) -> String {
        let mut path = String::new();
        let mut at = self.target(root);
        while at < target {
            match self.view(at) {
                View::Mapping(entries) => {
                    let holder = entries.chunks_exact(2).filter(|e| e[0] <= target).max_by_key(|e| e[0]);
                    let Some(entry) = holder else { break };
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(&escape(self.text(entry[0]).unwrap_or_default()));
                    if entry[1] > target || entry[0] == target {
                        break;
                    }
                    at = entry[1];
                }
                View::Sequence(items) => {
                    let Some(index) = items.iter().rposition(|i| *i <= target) else { break };
                    _ = write!(path, "[{index}]");
                    at = items[index];
                }
                View::Scalar(_) => break,
            }
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::{Segment::*, *};

    #[test]
    fn paths_are_read() {
        let key = |k: &'static str| Key(Cow::Borrowed(k));
        let table = [
            ("", vec![]),
            ("spec.ingress[0].from[1]", vec![key("spec"), key("ingress"), Index(0), key("from"), Index(1)]),
            (
                r"metadata.labels.app\.kubernetes\.io/name",
                vec![key("metadata"), key("labels"), key("app.kubernetes.io/name")],
            ),
            ("data[tls.crt]", vec![key("data"), key("tls.crt")]),
            ("a[0][1]", vec![key("a"), Index(0), Index(1)]),
            (r"a\", vec![key("a")]),
            ("a[", vec![key("a"), key("")]),
        ];
        for (path, expected) in table {
            assert_eq!(segments(path).collect::<Vec<_>>(), expected, "{path}");
        }
    }
}
