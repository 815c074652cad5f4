//! The audit: rules over the whole set of manifests, each finding at the field that it is about.
#![forbid(unsafe_code)]

mod audit;
mod baseline;
pub mod checklist;
pub mod config;
mod constraints;
mod context;
mod documents;
mod finding;
mod fingerprint;
mod fix;
mod kinds;
mod lines;
pub mod mesh;
mod paths;
pub mod reference;
mod repair;
pub mod report;
mod restored;
mod rule;
mod rules;
pub mod scrapes;
mod selection;
mod settings;
mod standing;
mod suppress;
mod text;
pub mod versions;
mod words;
mod workload;

pub use audit::{Report, audit};
pub use baseline::{Baseline, NoBaseline};
pub use context::Context;
pub use finding::{Finding, Findings};
pub use fingerprint::Fingerprint;
pub use fix::{Draft, Edit, Fix};
pub use kinds::Kind;
pub use lines::Lines;
pub use repair::{Repaired, apply, repair};
pub use rule::{Group, Rule};
pub use rules::{AREAS, Area, find_rule, rules};
pub use selection::{Selection, Selector, UnknownRule, most_specific, nearest};
pub use settings::{Closed, Settings, Version};
pub use suppress::suppression;
pub use text::render;
pub use workload::Workload;
