//! Suggestions on whole sets of manifests, judged by the evaluator.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be set up has to fail loudly")]

mod blocked;
mod company;
mod derived;
mod flows;
mod known;
mod mesh;
mod random;
mod review;
mod shop;
mod support;
mod tighten;
mod today;
