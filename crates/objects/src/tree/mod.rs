//! A source as a flat arena of nodes, each of which knows its line and column.
mod blank;
mod build;
mod json;
mod loose;
mod path;
mod plain;
mod resolve;
mod split;
mod yaml;

use std::{
    ops::Range,
    sync::{Arc, OnceLock},
};

pub(crate) use build::{Builder, Issue, IssueKind};
pub(crate) use json::{looks_like_json, read_json};
pub(crate) use path::{Lookup, escape};
pub(crate) use plain::read_plain;
pub(crate) use resolve::{Resolved, resolve, shorten};
pub(crate) use split::{Chunk, split};
pub(crate) use yaml::{Broken, read_yaml};

use crate::{Location, Source, extent::Ruler};

/// Index of a node in its [`Tree`]. Nodes are numbered in the order of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeId(u32);

/// Where the text of a scalar is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// As it stands in the source.
    Source,
    /// In the pool, because escapes or folding changed it.
    Pool,
}

/// How a scalar stands in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// In quotes, or as a block: text whatever it looks like.
    Quoted,
    /// Without quotes, and text all the same.
    Plain,
    /// Without quotes, and a number, a boolean or null to Kubernetes.
    Special,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Text.
    Scalar { start: u32, len: u32, origin: Origin, form: Form },
    /// A range of [`Tree::children`], the items.
    Sequence(u32, u32),
    /// A range of [`Tree::children`]: key, value, key, value.
    Mapping(u32, u32),
    /// The same as another node.
    Alias(NodeId),
}

#[derive(Clone, Copy, Debug)]
struct Node {
    line: u32,
    column: u32,
    kind: Kind,
}

/// What a node is, aliases followed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum View<'t> {
    /// A scalar as Kubernetes reads it.
    Scalar(Resolved<'t>),
    /// The items.
    Sequence(&'t [NodeId]),
    /// Key, value, key, value. Keys are text and unique.
    Mapping(&'t [NodeId]),
}

/// The nodes of some documents of one source.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    source: Source,
    nodes: Vec<Node>,
    children: Vec<NodeId>,
    pool: String,
    has_unknown: bool,
    /// In the order of the text.
    aliases: Vec<NodeId>,
    /// What aliases stand for, in bytes of the source; measured when somebody asks.
    shared: OnceLock<Vec<Range<usize>>>,
}

impl Tree {
    /// A tree for so many bytes of a source.
    pub(crate) fn new(source: Source, text: usize) -> Self {
        // Manifests have a node about every 12 bytes; what is too much is given back.
        let nodes = text / 12;
        Self {
            source,
            nodes: Vec::with_capacity(nodes),
            children: Vec::with_capacity(nodes),
            pool: String::new(),
            has_unknown: false,
            aliases: Vec::new(),
            shared: OnceLock::new(),
        }
    }

    /// Gives back memory that was reserved for growth.
    pub(crate) fn shrink(&mut self) {
        self.nodes.shrink_to_fit();
        self.children.shrink_to_fit();
        self.pool.shrink_to_fit();
    }

    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// The node that an alias stands for; itself for any other.
    pub(crate) fn target(&self, mut id: NodeId) -> NodeId {
        // Aliases point at nodes that came before them, so this ends.
        while let Kind::Alias(target) = self.node(id).kind {
            id = target;
        }
        id
    }

    pub(crate) fn view(&self, id: NodeId) -> View<'_> {
        match self.node(self.target(id)).kind {
            Kind::Scalar { start, len, origin, form } => {
                let text = self.slice(start, len, origin);
                View::Scalar(if form == Form::Special { resolve(text) } else { Resolved::Text(text) })
            }
            Kind::Sequence(from, to) => View::Sequence(self.range(from, to)),
            Kind::Mapping(from, to) => View::Mapping(self.range(from, to)),
            Kind::Alias(_) => View::Scalar(Resolved::Null),
        }
    }

    /// The text of a scalar as written (escapes resolved), whatever its type is.
    pub(crate) fn text(&self, id: NodeId) -> Option<&str> {
        match self.node(self.target(id)).kind {
            Kind::Scalar { start, len, origin, .. } => Some(self.slice(start, len, origin)),
            _ => None,
        }
    }

    /// How long the text of a scalar is; 0 for anything else.
    fn text_len(&self, id: NodeId) -> u32 {
        match self.node(self.target(id)).kind {
            Kind::Scalar { len, .. } => len,
            _ => 0,
        }
    }

    /// Whether the scalar stands without quotes.
    pub(crate) fn is_plain(&self, id: NodeId) -> bool {
        matches!(self.node(self.target(id)).kind, Kind::Scalar { form: Form::Plain | Form::Special, .. })
    }

    pub(crate) fn is_null(&self, id: NodeId) -> bool {
        match self.node(self.target(id)).kind {
            Kind::Scalar { start, len, origin, form: Form::Special } => {
                len <= 4 && resolve(self.slice(start, len, origin)) == Resolved::Null
            }
            _ => false,
        }
    }

    /// The key and value nodes of a mapping's entry.
    pub(crate) fn entry(&self, mapping: NodeId, key: &str) -> Option<(NodeId, NodeId)> {
        let View::Mapping(entries) = self.view(mapping) else { return None };
        entries.chunks_exact(2).find(|e| self.text(e[0]) == Some(key)).map(|e| (e[0], e[1]))
    }

    /// The value of a mapping's entry.
    pub(crate) fn get(&self, mapping: NodeId, key: &str) -> Option<NodeId> {
        self.entry(mapping, key).map(|(_, value)| value)
    }

    /// The value of a mapping's entry, where it is text.
    pub(crate) fn get_text(&self, mapping: NodeId, key: &str) -> Option<&str> {
        match self.view(self.get(mapping, key)?) {
            View::Scalar(Resolved::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether a node is another one or stands below it.
    pub(crate) fn holds(&self, outer: NodeId, inner: NodeId) -> bool {
        let outer = self.target(outer);
        outer == inner
            || match self.view(outer) {
                View::Sequence(nodes) | View::Mapping(nodes) => {
                    nodes.iter().any(|node| self.holds(*node, inner))
                }
                View::Scalar(_) => false,
            }
    }

    pub(crate) fn location(&self, id: NodeId) -> Location {
        let &Node { line, column, .. } = self.node(id);
        Location { file: self.source.name.clone(), line, column }
    }

    /// Whether some bytes of the source are, or hold, a part of what an alias stands for: who changes them changes what
    /// stands elsewhere.
    pub(crate) fn is_shared(&self, bytes: &Range<usize>) -> bool {
        let shared = self.shared.get_or_init(|| {
            let targets = self.aliases.iter().map(|alias| self.target(*alias));
            let mut ranges: Vec<_> = targets.map(|id| Ruler::new(self, id).extent(id).bytes).collect();
            ranges.sort_by_key(|range| (range.start, range.end));
            // Within one that begins before it a range adds nothing.
            ranges.dedup_by(|later, earlier| {
                let within = later.start < earlier.end;
                if within {
                    earlier.end = earlier.end.max(later.end);
                }
                within
            });
            ranges
        });
        let next = shared.partition_point(|range| range.end <= bytes.start);
        shared.get(next).is_some_and(|range| range.start < bytes.end.max(bytes.start + 1))
    }

    /// Line and column of a node.
    pub(crate) fn position(&self, id: NodeId) -> (u32, u32) {
        let &Node { line, column, .. } = self.node(id);
        (line, column)
    }

    /// Whether a value among the nodes is not known yet.
    pub(crate) fn has_unknown(&self) -> bool {
        self.has_unknown
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// Line and column just behind the node's token, as far as it stands on one line.
    pub(crate) fn end(&self, id: NodeId) -> (u32, u32) {
        let &Node { line, column, kind } = self.node(id);
        let width = match kind {
            Kind::Scalar { start, len, origin: Origin::Source, form } => {
                let text = self.slice(start, len, Origin::Source);
                let chars = text.chars().count();
                let first_line = text.lines().next().unwrap_or_default().chars().count();
                if form != Form::Quoted || first_line < chars {
                    first_line
                } else {
                    chars + self.quotes(start, len)
                }
            }
            _ => 0,
        };
        (line, column.saturating_add(u32::try_from(width).unwrap_or(u32::MAX)))
    }

    /// 2 where a scalar of the source stands in quotes.
    fn quotes(&self, start: u32, len: u32) -> usize {
        let bytes = self.source.text.as_bytes();
        let quote = |at: usize| bytes.get(at).filter(|b| matches!(b, b'"' | b'\''));
        let before = (start as usize).checked_sub(1).and_then(quote);
        if before.is_some() && before == quote(start as usize + len as usize) { 2 } else { 0 }
    }

    fn slice(&self, start: u32, len: u32, origin: Origin) -> &str {
        let text: &str = match origin {
            Origin::Source => &self.source.text,
            Origin::Pool => &self.pool,
        };
        &text[start as usize..start as usize + len as usize]
    }

    fn range(&self, from: u32, to: u32) -> &[NodeId] {
        &self.children[from as usize..to as usize]
    }
}

/// A tree shared by the objects that were read from it.
pub(crate) type SharedTree = Arc<Tree>;
