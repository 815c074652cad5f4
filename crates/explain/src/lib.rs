//! Every hop of one request, and the object and line that decides it.
#![forbid(unsafe_code)]

mod trace;
mod world;

pub use trace::{Drop, End, Origin, Path, Rejection, Step, Target, listens, trace};
pub use world::{World, Worlds};
