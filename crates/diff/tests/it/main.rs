//! Comparisons of random clusters, and of small ones whose changes are known.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be set up has to fail loudly")]

mod formats;
mod random;
mod support;
mod table;
