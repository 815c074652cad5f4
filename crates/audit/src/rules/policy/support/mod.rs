//! What rules about policies share: the policies with the pods that they select, and an evaluator that also knows
//! pods which only the policies speak of.
mod index;
mod ports;
mod selectors;
mod views;
mod words;

use netloom_policy::Direction;

pub use index::Index;
pub use ports::{covers, is_store, mapped_ports, opens, plain_port, targets};
pub use selectors::{has_foreign_policies, is_compatible, is_elsewhere, is_near};
pub use views::{Group, RuleView, View};
pub use words::{escape, group_words, label_words, requirement_path, words};

/// The two directions, as policies write them.
pub const DIRECTIONS: [Direction; 2] = [Direction::Ingress, Direction::Egress];
