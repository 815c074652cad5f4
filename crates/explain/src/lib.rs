//! Every hop of one request, and the object and line that decides it.
//!
//! [`trace`] walks every way that a packet takes over a compiled [`World`]; [`explain`] asks it about a request as a
//! person writes it and puts the answer in words, with the line that decides and what would have to change.
#![forbid(unsafe_code)]

mod choose;
mod destination;
mod error;
mod explain;
mod fix;
mod hop;
mod lines;
mod lookup;
mod names;
mod paths;
mod plan;
mod policy_words;
mod render;
mod selector_words;
mod service_words;
mod similar;
mod trace;
mod world;

pub use destination::{Destination, Host, PortSpec};
pub use error::ExplainError;
pub use explain::{Options, explain, explain_leg};
pub use fix::{PASSING as PASSING_LABELS, TELLING as TELLING_LABELS, scalar as yaml_scalar};
pub use hop::{Excerpt, Explanation, Hop, Outcome, Stage, Verdict};
pub use lookup::Named;
pub use names::is_foreign;
pub use trace::{Drop, End, Origin, Path, Rejection, Step, Target, listens, trace};
pub use world::{World, Worlds};
