//! The reconcile loop of one node: what a Snapshot means for the node's kernel, and the smallest change that gets there.
//!
//! [`Firewall`] holds what the kernel was last told. [`Firewall::plan`] compares that with a new Snapshot's policies
//! and routes and yields a [`Change`]: pure data, that prints as nft text or is committed over netlink.
#![forbid(unsafe_code)]

mod change;
mod firewall;
mod layout;
mod marks;
mod policies;
mod services;
mod slots;

pub use change::{Change, SetChange};
pub use firewall::{Firewall, NodeState, PlanError};
pub use layout::{LOG_GROUP, LogPrefix, TABLE};
