//! Text to typed Kubernetes objects, each with the place it came from.
#![forbid(unsafe_code)]

mod diagnostic;
mod location;
mod object;
pub mod policy_api;
mod render;
mod set;
mod source;

pub use diagnostic::{Diagnostic, Severity};
pub use location::{Location, ObjectRef};
pub use object::{Object, Typed};
pub use render::render;
pub use set::{ObjectSet, ParsedSource, parse_source};
pub use source::{FileList, ReadError, Source, list_files, read_sources};
