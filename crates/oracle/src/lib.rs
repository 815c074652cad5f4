//! For tests only: a slow, obvious reading of policies, pod by pod, and random clusters to hold engines against it.
//!
//! It shares nothing with the engines but the model of the cluster. It is the second opinion, so it is written to be
//! read beside the specification, and never to be fast.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be set up has to fail loudly")]

mod obvious;
mod random;

pub use obvious::{Side, Who, obvious};
pub use random::{NAMESPACES, PORTS, policy, snapshot, without_addresses};
