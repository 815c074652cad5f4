//! Text to typed Kubernetes objects, each with the place it came from.
#![forbid(unsafe_code)]

mod access;
pub mod calico;
pub mod cert_manager;
mod decode;
mod defaults;
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
mod origin;
mod outline;
mod package;
mod packaging;
mod parse;
pub mod policy_api;
pub mod prometheus;
mod reindent;
mod render;
mod repair;
mod repository;
pub mod runner;
mod schema;
mod set;
mod shape;
mod source;
mod tree;
mod unknown;
pub mod unread;
mod validate;
mod visible;

pub use access::Span;
pub use decode::edit_distance;
pub use diagnostic::{Cause, Diagnostic, Repair, Severity};
pub use embedded::{EmbeddedYaml, TextLine};
pub use location::{Location, ObjectRef, Rendered};
pub use object::{Object, Typed};
pub use origin::{FileName, Origin, Origins};
pub use outline::{Outline, Twin, outlines};
pub use package::{Packaging, joined, seen_from};
pub use parse::{parse_source, parse_sources, parse_sources_on};
pub use reindent::{Restored, restore};
pub use render::{render, render_coded};
pub use repository::Repository;
pub use set::{Earlier, ObjectSet, ParsedSource};
pub use source::{
    FileList, GENERATED, ReadError, Source, is_manifest, list_files, read_source, read_sources,
};
pub use visible::visible;
