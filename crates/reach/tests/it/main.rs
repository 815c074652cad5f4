//! Who reaches whom: against the obvious reading, point by point of the specification, and as users see it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be set up has to fail loudly")]

mod asked;
mod expectations;
mod exposure;
mod formats;
mod published;
mod random;
mod requests;
mod support;
mod tiers;
mod tricky;
