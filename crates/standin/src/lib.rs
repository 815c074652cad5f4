//! Stand-in containers: servers that answer in place of a container image, and the prober that tries them.
//!
//! Everything here works on sockets that someone else opened, in whichever network namespace they belong to:
//! this crate knows addresses and bytes, and neither namespaces nor Kubernetes.
//!
//! - [`serve_tcp`], [`serve_udp`] and [`serve_health`] answer on a socket until their [`Server`] is dropped.
//! - [`probe`] opens one connection and says what became of it; [`run_all`] does so many times at once.
#![forbid(unsafe_code)]

mod beacon;
mod echo;
mod health;
mod http;
mod identity;
mod pool;
pub mod probe;
mod rewind;
mod server;
mod sniff;
mod tcp;
mod udp;

pub use beacon::Beacon;
pub use health::{HealthState, serve_health};
pub use identity::{Identity, NamedPort, Transport};
pub use pool::{Progress, run_all};
pub use server::{ServeError, Server};
pub use tcp::serve_tcp;
pub use udp::serve_udp;
