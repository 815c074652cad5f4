//! Sets as people have them: what is right in them is left alone, and the mistakes beside it are found.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be checked has to fail loudly")]
mod edge;
mod mesh;
mod mesh_policies;
mod mesh_routes;
mod monitoring;
mod network;
mod table;
mod valid;
