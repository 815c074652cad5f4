//! Builds the arena from a parser's events: duplicate keys, `<<` merges, and bounds on depth and aliases.
use std::{borrow::Cow, collections::HashMap};

use super::{Form, Kind, Node, NodeId, Origin, Resolved, Tree, View, resolve};
use crate::unknown;

/// How deep a document may nest. The API server's limit for what it stores is lower still in practice;
/// this one keeps every recursion over a tree far away from the end of the stack.
pub(crate) const MAX_DEPTH: u32 = 200;

/// How many nodes aliases may stand for, beyond a few for each node that is written.
const ALIAS_ALLOWANCE: u64 = 200_000;
const ALIAS_FACTOR: u64 = 4;

/// How many bytes of text aliases may stand for, beyond as many for each byte that is written: each is text of its own
/// in the objects.
const ALIAS_BYTES: u64 = 16 << 20;

/// Something wrong with a document's structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issue {
    pub(crate) at: NodeId,
    pub(crate) kind: IssueKind,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IssueKind {
    /// The key stands in the same mapping before.
    Duplicate { first: NodeId },
    /// The key is a list or a mapping.
    NotText,
    /// The key is empty or null.
    NullKey,
    /// An unquoted key that Kubernetes reads as something else: `on` is `true`.
    Renamed { written: String, read: String },
    /// `<<` has something else than a mapping or a list of mappings.
    BadMerge,
    /// `<<` overwrites a key that stands before it.
    LateMerge { key: String },
    /// A tag that Kubernetes reads in a way that is not supported.
    Binary,
}

/// Why a document cannot be built any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fatal {
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// Aliases stand for too many nodes.
    AliasBomb,
    /// An alias inside of what it stands for.
    Recursive,
    /// Unquoted text within brackets that has a sign of YAML in it.
    SignInFlow,
    /// More nodes than an index can count.
    TooLarge,
}

struct Frame {
    id: NodeId,
    anchor: usize,
    /// Where its children begin in `pending`.
    base: usize,
    /// Nodes below, aliases expanded.
    size: u64,
    /// The bytes of all text below, aliases expanded.
    bytes: u64,
    /// Levels below, aliases expanded.
    height: u32,
}

#[derive(Clone, Copy)]
struct Anchor {
    node: NodeId,
    size: u64,
    bytes: u64,
    height: u32,
    open: bool,
}

/// Takes the events of one document after the other.
pub(crate) struct Builder {
    pub(crate) tree: Tree,
    pub(crate) issues: Vec<Issue>,
    root: Option<NodeId>,
    pending: Vec<NodeId>,
    frames: Vec<Frame>,
    anchors: HashMap<usize, Anchor>,
    first_node: usize,
    expanded: u64,
    /// The bytes of text that aliases stand for, and those that are written.
    expanded_bytes: u64,
    written_bytes: u64,
}

/// A scalar's text, and where it is.
pub(crate) enum Text<'a> {
    /// A range of the source.
    Source { start: usize, len: usize },
    /// Text that the source holds in another form.
    Owned(&'a str),
}

impl Builder {
    pub(crate) fn new(tree: Tree) -> Self {
        Self {
            tree,
            issues: Vec::new(),
            root: None,
            pending: Vec::new(),
            frames: Vec::new(),
            anchors: HashMap::new(),
            first_node: 0,
            expanded: 0,
            expanded_bytes: 0,
            written_bytes: 0,
        }
    }

    /// Ends a document, whole or broken off, and gives its root.
    pub(crate) fn finish_document(&mut self) -> Option<NodeId> {
        self.pending.clear();
        self.frames.clear();
        self.anchors.clear();
        self.first_node = self.tree.nodes.len();
        self.expanded = 0;
        self.expanded_bytes = 0;
        self.written_bytes = 0;
        self.root.take()
    }

    /// Lets go of the nodes and findings of a document that broke off.
    pub(crate) fn abandon_document(&mut self) {
        self.back_to(self.first_node);
    }

    /// How many nodes there are, for [`Self::back_to`].
    pub(crate) fn len(&self) -> usize {
        self.tree.nodes.len()
    }

    /// Lets go of all nodes after the first `len`, and of what was found in them.
    pub(crate) fn back_to(&mut self, len: usize) {
        _ = self.finish_document();
        self.tree.nodes.truncate(len);
        self.tree.aliases.retain(|alias| (alias.0 as usize) < len);
        self.issues.retain(|issue| (issue.at.0 as usize) < len);
        self.first_node = len;
    }

    pub(crate) fn scalar(
        &mut self,
        position: (u32, u32),
        text: &Text<'_>,
        plain: bool,
        anchor: usize,
    ) -> Result<NodeId, Fatal> {
        let kind = self.scalar_kind(text, plain)?;
        let id = self.push(position, kind)?;
        let bytes = u64::from(self.tree.text_len(id));
        self.written_bytes = self.written_bytes.saturating_add(bytes);
        if let Some(frame) = self.frames.last_mut() {
            frame.bytes = frame.bytes.saturating_add(bytes);
        }
        if anchor != 0 {
            self.anchors.insert(anchor, Anchor { node: id, size: 1, bytes, height: 0, open: false });
        }
        Ok(id)
    }

    /// Text in which something is to be filled in. Its defaults count for nothing, where it is a word and no script.
    fn unknown_kind(&mut self, text: &str, plain: bool) -> Option<Result<Kind, Fatal>> {
        if !unknown::is_unknown(text) {
            return None;
        }
        self.tree.has_unknown = true;
        if text.contains(char::is_whitespace) {
            return None;
        }
        match unknown::without_defaults(text) {
            Cow::Borrowed(_) => None,
            Cow::Owned(text) => Some(self.plain_kind(&Text::Owned(&text), plain)),
        }
    }

    fn scalar_kind(&mut self, text: &Text<'_>, plain: bool) -> Result<Kind, Fatal> {
        let may_be_unknown = |text: &str| memchr::memchr3(b'$', b'[', b'{', text.as_bytes()).is_some();
        let unknown = match *text {
            Text::Source { start, len } if may_be_unknown(&self.tree.source.text[start..start + len]) => {
                let source = self.tree.source.text.clone();
                self.unknown_kind(&source[start..start + len], plain)
            }
            Text::Owned(text) if may_be_unknown(text) => self.unknown_kind(text, plain),
            _ => None,
        };
        unknown.unwrap_or_else(|| self.plain_kind(text, plain))
    }

    fn plain_kind(&mut self, text: &Text<'_>, plain: bool) -> Result<Kind, Fatal> {
        let (start, len, origin) = match *text {
            Text::Source { start, len } => (start, len, Origin::Source),
            Text::Owned(text) => {
                let start = self.tree.pool.len();
                self.tree.pool.push_str(text);
                (start, text.len(), Origin::Pool)
            }
        };
        let start = u32::try_from(start).map_err(|_| Fatal::TooLarge)?;
        let len = u32::try_from(len).map_err(|_| Fatal::TooLarge)?;
        let form = match plain {
            false => Form::Quoted,
            true if matches!(resolve(self.tree.slice(start, len, origin)), Resolved::Text(_)) => Form::Plain,
            true => Form::Special,
        };
        Ok(Kind::Scalar { start, len, origin, form })
    }

    pub(crate) fn start(&mut self, position: (u32, u32), mapping: bool, anchor: usize) -> Result<(), Fatal> {
        if self.frames.len() >= MAX_DEPTH as usize {
            return Err(Fatal::TooDeep);
        }
        let kind = if mapping { Kind::Mapping(0, 0) } else { Kind::Sequence(0, 0) };
        let id = self.push(position, kind)?;
        if anchor != 0 {
            self.anchors.insert(anchor, Anchor { node: id, size: 0, bytes: 0, height: 0, open: true });
        }
        self.frames.push(Frame { id, anchor, base: self.pending.len(), size: 1, bytes: 0, height: 0 });
        Ok(())
    }

    pub(crate) fn alias(&mut self, position: (u32, u32), anchor: usize) -> Result<(), Fatal> {
        let Some(&anchor) = self.anchors.get(&anchor) else { return Err(Fatal::Recursive) };
        if anchor.open {
            return Err(Fatal::Recursive);
        }
        let id = self.push(position, Kind::Alias(anchor.node))?;
        self.tree.aliases.push(id);
        self.expanded = self.expanded.saturating_add(anchor.size);
        let written = (self.tree.nodes.len() - self.first_node) as u64;
        if self.expanded > ALIAS_ALLOWANCE + ALIAS_FACTOR * written {
            return Err(Fatal::AliasBomb);
        }
        self.expanded_bytes = self.expanded_bytes.saturating_add(anchor.bytes);
        if self.expanded_bytes > ALIAS_BYTES.saturating_add(self.written_bytes.saturating_mul(ALIAS_FACTOR)) {
            return Err(Fatal::AliasBomb);
        }
        let depth = u32::try_from(self.frames.len()).unwrap_or(u32::MAX);
        if depth.saturating_add(anchor.height) > MAX_DEPTH {
            return Err(Fatal::TooDeep);
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.size = frame.size.saturating_add(anchor.size);
            frame.bytes = frame.bytes.saturating_add(anchor.bytes);
            frame.height = frame.height.max(anchor.height + 1);
        }
        Ok(())
    }

    fn push(&mut self, (line, column): (u32, u32), kind: Kind) -> Result<NodeId, Fatal> {
        let id = NodeId(u32::try_from(self.tree.nodes.len()).map_err(|_| Fatal::TooLarge)?);
        self.tree.nodes.push(Node { line, column, kind });
        if let Some(frame) = self.frames.last_mut() {
            frame.size += 1;
            frame.height = frame.height.max(1);
            self.pending.push(id);
        } else {
            self.root = Some(id);
        }
        Ok(id)
    }

    /// Ends the innermost collection.
    pub(crate) fn end(&mut self) -> Result<(), Fatal> {
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        let mapping = matches!(self.tree.node(frame.id).kind, Kind::Mapping(..));
        if mapping {
            self.settle_keys(frame.base)?;
        }
        let from = u32::try_from(self.tree.children.len()).map_err(|_| Fatal::TooLarge)?;
        self.tree.children.extend(self.pending.drain(frame.base..));
        let to = u32::try_from(self.tree.children.len()).map_err(|_| Fatal::TooLarge)?;
        self.tree.nodes[frame.id.0 as usize].kind =
            if mapping { Kind::Mapping(from, to) } else { Kind::Sequence(from, to) };
        if frame.anchor != 0 {
            let Frame { id: node, size, bytes, height, .. } = frame;
            let anchor = Anchor { node, size, bytes, height, open: false };
            self.anchors.insert(frame.anchor, anchor);
        }
        if let Some(parent) = self.frames.last_mut() {
            parent.size = parent.size.saturating_add(frame.size);
            parent.bytes = parent.bytes.saturating_add(frame.bytes);
            parent.height = parent.height.max(frame.height + 1);
        }
        Ok(())
    }

    /// Makes the keys of a mapping text and unique: what Kubernetes reads them as, `<<` merged in, the last of
    /// several equal ones kept.
    fn settle_keys(&mut self, base: usize) -> Result<(), Fatal> {
        let mut doubtful = false;
        let mut refused = Vec::new();
        let mut seen = Seen::default();
        for at in (base..self.pending.len()).step_by(2) {
            let key = self.pending[at];
            // Most keys are plain text and no `<<`.
            if let Kind::Scalar { start, len, origin, form: Form::Plain | Form::Quoted } =
                self.tree.node(key).kind
                && len != 2
            {
                doubtful |= seen.perhaps(self.tree.slice(start, len, origin));
                continue;
            }
            doubtful = true;
            if !self.settle_key(key)? {
                refused.push(at);
            }
        }
        for at in refused.into_iter().rev() {
            self.pending.drain(at..(at + 2).min(self.pending.len()));
        }
        if doubtful && (self.has_merge(base) || self.has_duplicates(base)) {
            let entries = self.pending.split_off(base);
            let unique = self.unite(&entries);
            self.pending.extend(unique);
        }
        Ok(())
    }

    fn has_merge(&self, base: usize) -> bool {
        self.pending[base..].iter().step_by(2).any(|key| self.is_merge(*key))
    }

    fn is_merge(&self, key: NodeId) -> bool {
        self.tree.is_plain(key) && self.tree.text(key) == Some("<<")
    }

    /// Makes a key text; false where it cannot be.
    fn settle_key(&mut self, key: NodeId) -> Result<bool, Fatal> {
        let View::Scalar(value) = self.tree.view(key) else {
            self.issues.push(Issue { at: key, kind: IssueKind::NotText });
            return Ok(false);
        };
        let read = match value {
            Resolved::Text(_) => return Ok(true),
            Resolved::Null => {
                self.issues.push(Issue { at: key, kind: IssueKind::NullKey });
                return Ok(false);
            }
            Resolved::Bool(value) => value.to_string(),
            Resolved::Int(value) => value.to_string(),
            Resolved::Large(value) => value.to_string(),
            Resolved::Float(value) => value.to_string(),
        };
        let written = self.tree.text(key).unwrap_or_default().to_owned();
        if written != read {
            let kind = self.scalar_kind(&Text::Owned(&read), false)?;
            self.tree.nodes[key.0 as usize].kind = kind;
            self.issues.push(Issue { at: key, kind: IssueKind::Renamed { written, read } });
        }
        Ok(true)
    }

    fn has_duplicates(&self, base: usize) -> bool {
        let keys = &self.pending[base..];
        let text = |at: usize| self.tree.text(keys[at]);
        // A few keys are compared with each other faster than they are hashed.
        if keys.len() <= 32 {
            return (2..keys.len()).step_by(2).any(|i| {
                let len = self.tree.text_len(keys[i]);
                (0..i).step_by(2).any(|j| self.tree.text_len(keys[j]) == len && text(i) == text(j))
            });
        }
        let mut seen = std::collections::HashSet::with_capacity(keys.len() / 2);
        (0..keys.len()).step_by(2).any(|at| !seen.insert(text(at)))
    }

    /// go-yaml v2 goes through the entries in order, merges included, and the last one wins.
    fn unite(&mut self, entries: &[NodeId]) -> Vec<NodeId> {
        let mut united = United::default();
        for entry in entries.chunks_exact(2) {
            let (key, value) = (entry[0], entry[1]);
            let text = self.tree.text(key).unwrap_or_default();
            if self.is_merge(key) {
                self.merge(key, value, &mut united);
            } else if let Some((first, merged)) = united.put(text, key, value, false)
                && !merged
            {
                self.issues.push(Issue { at: key, kind: IssueKind::Duplicate { first } });
            }
        }
        united.entries
    }

    fn merge(&mut self, key: NodeId, value: NodeId, united: &mut United) {
        let mappings = match self.tree.view(value) {
            View::Mapping(_) => vec![value],
            // Earlier ones take precedence over later ones.
            View::Sequence(items) => items.iter().rev().copied().collect(),
            View::Scalar(_) => Vec::new(),
        };
        if mappings.is_empty() {
            self.issues.push(Issue { at: key, kind: IssueKind::BadMerge });
        }
        for mapping in mappings {
            let View::Mapping(entries) = self.tree.view(mapping) else {
                self.issues.push(Issue { at: key, kind: IssueKind::BadMerge });
                continue;
            };
            for entry in entries.chunks_exact(2) {
                let text = self.tree.text(entry[0]).unwrap_or_default();
                if let Some((_, false)) = united.put(text, entry[0], entry[1], true) {
                    let kind = IssueKind::LateMerge { key: text.to_owned() };
                    self.issues.push(Issue { at: key, kind });
                }
            }
        }
    }
}

/// Which keys a mapping may have had already: two that are equal are never missed, others are rarely confused.
#[derive(Default)]
struct Seen(u64);

impl Seen {
    fn perhaps(&mut self, key: &str) -> bool {
        let bytes = key.as_bytes();
        let byte = |at: usize| bytes.get(at).map_or(0, |b| usize::from(*b));
        let sum =
            bytes.len() + 7 * byte(0) + 31 * byte(bytes.len() / 2) + 17 * byte(bytes.len().saturating_sub(1));
        let bit = 1 << (sum % 64);
        let before = self.0 & bit != 0;
        self.0 |= bit;
        before
    }
}

/// Entries by key, the last one kept where the first one stood.
#[derive(Default)]
struct United {
    entries: Vec<NodeId>,
    index: HashMap<String, (usize, bool)>,
}

impl United {
    /// Sets an entry. Gives the key that it replaces, and whether that one came from a merge.
    fn put(&mut self, text: &str, key: NodeId, value: NodeId, merged: bool) -> Option<(NodeId, bool)> {
        if let Some((at, was_merged)) = self.index.get_mut(text) {
            let replaced = (self.entries[*at], *was_merged);
            *was_merged = merged;
            self.entries[*at] = key;
            self.entries[*at + 1] = value;
            return Some(replaced);
        }
        self.index.insert(text.to_owned(), (self.entries.len(), merged));
        self.entries.extend([key, value]);
        None
    }
}
