//! Text to typed Kubernetes objects, each with the place it came from.
#![forbid(unsafe_code)]

mod decode;
mod diagnostic;
mod document;
mod findings;
mod kinds;
mod location;
mod object;
mod packaging;
mod parse;
pub mod policy_api;
mod render;
mod set;
mod shape;
mod source;
mod tree;
mod validate;

pub use decode::edit_distance;
pub use diagnostic::{Diagnostic, Severity};
pub use location::{Location, ObjectRef};
pub use object::{Object, Typed};
pub use parse::{parse_source, parse_sources, parse_sources_on};
pub use render::render;
pub use set::{ObjectSet, ParsedSource};
pub use source::{FileList, ReadError, Source, list_files, read_sources};
