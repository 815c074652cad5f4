//! Text to typed Kubernetes objects, each with the place it came from.
#![forbid(unsafe_code)]

mod access;
pub mod calico;
pub mod cert_manager;
mod decode;
mod diagnostic;
mod document;
mod embedded;
mod extent;
mod findings;
mod former;
pub mod gateway_api;
pub mod istio;
mod kinds;
mod location;
mod object;
mod package;
mod packaging;
mod parse;
pub mod policy_api;
pub mod prometheus;
mod reindent;
mod render;
mod repair;
pub mod runner;
mod schema;
mod set;
mod shape;
mod source;
mod tree;
pub mod unread;
mod validate;

pub use access::Span;
pub use decode::edit_distance;
pub use diagnostic::{Cause, Diagnostic, Repair, Severity};
pub use embedded::{EmbeddedYaml, TextLine};
pub use location::{Location, ObjectRef};
pub use object::{Object, Typed};
pub use package::{Package, Packaging};
pub use parse::{parse_source, parse_sources, parse_sources_on};
pub use reindent::{Restored, restore};
pub use render::{render, render_coded};
pub use set::{Earlier, ObjectSet, ParsedSource};
pub use source::{
    FileList, ReadError, Source, is_manifest, list_files, list_packaged, read_source, read_sources,
};
