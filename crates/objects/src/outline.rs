//! Documents by their fields, whatever they are: which field of one document is which of another.
use std::sync::Arc;

use crate::{
    Source,
    object::Place,
    tree::{Builder, NodeId, Tree, View, read_yaml, split},
};

/// A document of a source, as far as it can be read.
#[derive(Clone, Debug)]
pub struct Outline {
    place: Place,
    first: u32,
}

/// A field of a document, beside the same field in another document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Twin {
    /// Line and column of its key, or of the item of a list.
    pub at: (u32, u32),
    /// The same in the other document; of the nearest field around it, where the other has no such field.
    pub other: (u32, u32),
    /// Whether the other document has it.
    pub found: bool,
    /// Whether its value is the same there. Where it is a mapping or a list, only that there is one.
    pub same: bool,
}

/// The documents of a source, those left out that cannot be read.
#[must_use]
pub fn outlines(source: &Source) -> Vec<Outline> {
    let mut builder = Builder::new(Tree::new(source.clone(), source.text.len()));
    let mut roots = Vec::new();
    for chunk in split(&source.text) {
        let (found, _) = read_yaml(&mut builder, chunk);
        roots.extend(found.into_iter().map(|root| (root, chunk.line)));
    }
    let tree = Arc::new(builder.tree);
    roots
        .into_iter()
        .map(|(root, first)| Outline { place: Place::new(tree.clone(), root, Vec::new(), Vec::new()), first })
        .collect()
}

impl Outline {
    /// The line at which its part of the source begins.
    #[must_use]
    pub const fn first_line(&self) -> u32 {
        self.first
    }

    /// The scalar at a path as it is written. Nothing for null.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.place.text(path)
    }

    /// How many items the list at a path has; 0 where there is no list.
    #[must_use]
    pub fn count(&self, path: &str) -> usize {
        self.place.count(path)
    }

    /// Line and column of a field; of the nearest that exists, where it does not.
    #[must_use]
    pub fn place(&self, path: &str) -> (u32, u32) {
        position(self.place.tree(), self.place.look_up(path).place)
    }

    /// Its fields, in the order of the text, each beside the same in another document. Items of a list are the same by
    /// their names, else by their values, else by their places.
    #[must_use]
    pub fn twins(&self, other: &Self) -> Vec<Twin> {
        let mut walk = Walk { own: self.place.tree(), other: other.place.tree(), twins: Vec::new() };
        walk.pair(self.place.root(), Some(other.place.root()), other.place.root());
        walk.twins
    }
}

fn position(tree: &Tree, id: NodeId) -> (u32, u32) {
    let at = tree.location(id);
    (at.line, at.column)
}

struct Walk<'t> {
    own: &'t Tree,
    other: &'t Tree,
    twins: Vec<Twin>,
}

impl Walk<'_> {
    /// Goes through what is below a node. `around` is what is shown where the other document has nothing.
    fn pair(&mut self, own: NodeId, other: Option<NodeId>, around: NodeId) {
        match self.own.view(own) {
            View::Mapping(entries) => {
                for entry in entries.chunks_exact(2) {
                    let key = self.own.text(entry[0]).unwrap_or_default();
                    let twin = other.and_then(|other| self.other.entry(other, key));
                    self.add(entry[0], entry[1], twin, around);
                    self.pair(entry[1], twin.map(|(_, value)| value), twin.map_or(around, |(key, _)| key));
                }
            }
            View::Sequence(items) => {
                for (nth, item) in items.iter().enumerate() {
                    let twin = other.and_then(|other| self.item(other, *item, nth));
                    self.add(*item, *item, twin.map(|twin| (twin, twin)), around);
                    self.pair(*item, twin, twin.unwrap_or(around));
                }
            }
            View::Scalar(_) => {}
        }
    }

    fn add(&mut self, key: NodeId, value: NodeId, twin: Option<(NodeId, NodeId)>, around: NodeId) {
        let same = twin.is_some_and(|(_, other)| match (self.own.view(value), self.other.view(other)) {
            (View::Scalar(_), View::Scalar(_)) => self.own.text(value) == self.other.text(other),
            (View::Mapping(_), View::Mapping(_)) | (View::Sequence(_), View::Sequence(_)) => true,
            _ => false,
        });
        let other = position(self.other, twin.map_or(around, |(key, _)| key));
        self.twins.push(Twin { at: position(self.own, key), other, found: twin.is_some(), same });
    }

    /// The item of the other document's list that is the same.
    fn item(&self, list: NodeId, item: NodeId, nth: usize) -> Option<NodeId> {
        let View::Sequence(items) = self.other.view(list) else { return None };
        match self.own.view(item) {
            View::Scalar(_) => {
                let text = self.own.text(item);
                items.iter().copied().find(|other| self.other.text(*other) == text)
            }
            View::Mapping(_) if self.own.get_text(item, "name").is_some() => {
                let name = self.own.get_text(item, "name");
                items.iter().copied().find(|other| self.other.get_text(*other, "name") == name)
            }
            _ => items.get(nth).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_in_another_document_where_order_and_values_differ() {
        let rendered = "kind: A\nmetadata:\n  name: p-a\n  namespace: x\nspec:\n  c:\n  - name: two\n    v: 2\n  - name: one\n    v: 9\n  l:\n  - b\n";
        let written = "---\nspec: {c: [{name: one, v: 1}, {name: two, v: 2}], l: [a, b]}\nkind: A\nmetadata: {name: a}\n";
        let own = outlines(&Source::new("r.yaml", rendered));
        let other = outlines(&Source::new("w.yaml", written));
        let found: Vec<String> = own[0]
            .twins(&other[0])
            .iter()
            .map(|t| {
                let mark = match (t.found, t.same) {
                    (true, true) => "=",
                    (true, false) => "~",
                    _ => "-",
                };
                format!("{}:{} {mark} {}:{}", t.at.0, t.at.1, t.other.0, t.other.1)
            })
            .collect();
        let expected = [
            "1:1 = 3:1",
            "2:1 = 4:1",
            "3:3 ~ 4:12",
            "4:3 - 4:1",
            "5:1 = 2:1",
            "6:3 = 2:8",
            "7:5 = 2:31",
            "7:5 = 2:32",
            "8:5 = 2:43",
            "9:5 = 2:12",
            "9:5 = 2:13",
            "10:5 ~ 2:24",
            "11:3 = 2:51",
            "12:5 = 2:58",
        ];
        assert_eq!(found, expected);
        assert_eq!(other[0].place("spec.l"), (2, 51));
    }
}
