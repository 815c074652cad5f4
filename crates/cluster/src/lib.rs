//! Objects to one immutable Snapshot of the cluster's network: namespaces, nodes, pods, Services, endpoints, policies.
pub mod model;

pub use model::*;
