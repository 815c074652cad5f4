//! The comparison in each format.
mod csv;
mod github;
mod json;
mod markdown;
mod text;
mod words;

pub use csv::csv;
pub use github::{github, github_of_set};
pub use json::json;
pub use markdown::{LONGEST, markdown, markdown_of_set};
pub use text::text;
pub use words::headline;

/// Pairs that are asked for the causes of one group, where people read them.
const ASKED: usize = 200;
