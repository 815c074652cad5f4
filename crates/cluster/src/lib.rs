//! Objects to one immutable Snapshot of the cluster's network: namespaces, nodes, pods, Services, endpoints, policies.
#![forbid(unsafe_code)]

mod addresses;
mod builder;
pub mod defaults;
mod dns;
mod dns_files;
mod fast;
mod findings;
mod input;
pub mod model;
mod namespaces;
mod nodes;
mod operators;
mod options;
mod policies;
mod population;
mod services;
mod topology;
mod tracked;
mod workloads;

pub use builder::{Builder, Built, build};
pub use model::*;
pub use options::{Addressing, Families, Options, OptionsError, Pending};
pub use policies::selector::{UnknownOperator, selector};
