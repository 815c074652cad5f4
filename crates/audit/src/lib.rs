//! The audit: rules over the whole set of manifests, each finding at the field that it is about.
#![forbid(unsafe_code)]

mod audit;
mod context;
mod finding;
mod fix;
mod kinds;
mod repair;
mod rule;
mod rules;
mod settings;
mod text;
mod workload;

pub use audit::{Report, audit};
pub use context::Context;
pub use finding::{Finding, Findings};
pub use fix::{Draft, Edit, Fix};
pub use kinds::Kind;
pub use repair::{Repaired, apply, repair};
pub use rule::{Group, Rule};
pub use rules::{AREAS, Area, find_rule, rules};
pub use settings::{Closed, Settings, Version};
pub use text::render;
pub use workload::Workload;
