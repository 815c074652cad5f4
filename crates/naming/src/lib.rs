//! The DNS of a Snapshot: the cluster's names, the servers that answer for them, and each pod's resolver configuration.
//!
//! Everything here is pure: [`Zone::compile`] turns a Snapshot into the cluster's names, [`Dns`] is a server as its
//! Corefile makes it, and [`resolve`] tells with both what a pod's `getaddrinfo` gets, so that a prediction and the
//! server cannot differ.
#![forbid(unsafe_code)]
mod hosts;
mod names;
mod pod_files;
mod presentation;
mod record;
mod resolv_conf;
mod resolve;
mod response;
mod reverse;
mod server;
mod servers;
mod service;
mod shards;
mod short;
pub mod types;
mod view;
mod zone;
mod zone_index;

pub use hosts::Hosts;
pub use pod_files::resolv_conf;
pub use record::{Answer, Ending, Record, RecordData, RecordType};
pub use resolv_conf::ResolvConf;
pub use resolve::{Attempt, Outcome, Resolution, expand, resolve};
pub use response::{Did, Reply, Response, Step};
pub use server::{
    Admin, Ask, Block, Cache, Dns, Forward, Known, Listen, Log, Need, Note, Policy, Share, Target,
};
pub use servers::{NodeLocal, Predicted, Servers};
pub use view::{PodNames, View};
pub use zone::{TTL, Zone};
