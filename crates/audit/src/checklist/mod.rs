//! The checklist: what a sound network has, which rules decide it, and what of it no manifest shows.
mod judge;
mod page;
mod subject;
mod table;
mod text;

pub use judge::{Idle, Judged, Status, judge};
pub use page::page;
pub use subject::Subject;
pub use table::TOPICS;
pub use text::text;

pub(crate) use subject::{SUPPRESSIONS, looked_at};

/// Items about one part of the network.
#[derive(Debug)]
pub struct Topic {
    /// What they are about.
    pub title: &'static str,
    /// The items, what matters most first.
    pub items: &'static [Item],
}

/// One item.
#[derive(Debug)]
pub struct Item {
    /// `default-deny`: never changes its meaning.
    pub id: &'static str,
    /// How it is where it is met, in a sentence.
    pub title: &'static str,
    /// What it is about. A set that has none of it has nothing that could meet the item.
    pub about: &'static [&'static Subject],
    /// The codes of the rules that decide it; none where manifests cannot.
    pub rules: &'static [&'static str],
    /// What of it no manifest shows.
    pub beyond: Option<Beyond>,
}

/// What no manifest shows.
#[derive(Clone, Copy, Debug)]
pub struct Beyond {
    /// Why not.
    pub why: &'static str,
    /// What to run or to look at instead.
    pub instead: &'static str,
}

/// An item that rules decide.
const fn decided(
    id: &'static str,
    title: &'static str,
    about: &'static [&'static Subject],
    rules: &'static [&'static str],
) -> Item {
    Item { id, title, about, rules, beyond: None }
}

/// An item that no manifest shows.
const fn undecided(id: &'static str, title: &'static str, why: &'static str, instead: &'static str) -> Item {
    Item { id, title, about: &[], rules: &[], beyond: Some(Beyond { why, instead }) }
}

impl Item {
    /// The same item, of which manifests show a part only.
    const fn beyond(self, why: &'static str, instead: &'static str) -> Self {
        Self { beyond: Some(Beyond { why, instead }), ..self }
    }
}
