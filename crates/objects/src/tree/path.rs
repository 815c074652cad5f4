//! Paths to fields: `spec.ingress[0].from[1]`, `metadata.labels.app\.kubernetes\.io/name`.
use std::fmt::Write as _;

use super::{NodeId, Tree, View};

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    Key(String),
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

/// Reads a path. A backslash takes the meaning from the character behind it.
pub(crate) fn parse_path(path: &str) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut key = String::new();
    let mut chars = path.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => key.extend(chars.next()),
            '.' => end_key(&mut segments, &mut key),
            '[' => {
                end_key(&mut segments, &mut key);
                let digits: String = chars.by_ref().take_while(|c| *c != ']').collect();
                match digits.parse() {
                    Ok(index) => segments.push(Segment::Index(index)),
                    Err(_) => segments.push(Segment::Key(digits)),
                }
            }
            _ => key.push(c),
        }
    }
    end_key(&mut segments, &mut key);
    segments
}

fn end_key(segments: &mut Vec<Segment>, key: &mut String) {
    if !key.is_empty() {
        segments.push(Segment::Key(std::mem::take(key)));
    }
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
    pub(crate) fn look_up(&self, root: NodeId, path: &[Segment], masked: &[NodeId]) -> Lookup {
        let is_masked = |id: NodeId| masked.binary_search(&id).is_ok();
        let mut found = Lookup { place: root, value: Some(root), masked: false };
        for segment in path {
            let Some(at) = found.value else { break };
            let next = match (segment, self.view(at)) {
                (Segment::Key(key), View::Mapping(_)) => self.entry(at, key),
                (Segment::Index(index), View::Sequence(items)) => {
                    items.iter().filter(|i| !is_masked(**i)).nth(*index).map(|i| (*i, *i))
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
        let key = |k: &str| Key(k.to_owned());
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
            assert_eq!(parse_path(path), expected, "{path}");
        }
    }
}
