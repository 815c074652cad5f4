//! A whole multi-node network on one machine, without root: namespaces, stand-ins, DNS, and the probes that prove it.
//!
//! Everything here runs inside a [`netloom_kernel::sandbox`]: what it makes ends with its process.
#![forbid(unsafe_code)]

mod control;
mod cut;
mod dns;
mod drops;
mod error;
mod network;
mod nodes;
mod outside;
mod plumbing;
mod runs;
mod servers;
mod sessions;
mod translated;
pub mod verify;
mod watch;

pub use control::{Answer, Request, ask, serve_control};
pub use drops::Denied;
pub use error::EmbeddedError;
pub use network::{Applied, Network, NetworkOptions, Overlay};
pub use runs::{RUN_COMMAND, means, run_in_pod};
pub use watch::{Changed, Watcher};
