//! Real connections against the prediction: what to probe, how it went, and where the two disagree.
mod compare;
mod names;
mod plan;
mod report;
mod run;

pub use plan::{NotProbed, Plan, Probe};
pub use report::{Disagreement, Predicted, Report};
pub use run::{Progress, run};
