//! CoreDNS' configuration: a Corefile as text to server blocks of plugins, each word with its place in the manifest.
//!
//! One reader for everybody: the rules that judge a Corefile and the server that runs it.
#![forbid(unsafe_code)]
mod expand;
mod plugins;
mod read;
mod word;
mod zones;

pub use expand::{Directive, Expanded, Fault, File, Server, expand};
pub use plugins::{PLUGINS, place_in_chain};
pub use read::{Block, Corefile, Plugin};
pub use word::Word;
pub use zones::{zone_of, zones_of};
