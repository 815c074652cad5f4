//! The DNS records of a Snapshot and each pod's resolver configuration.
//!
//! Everything here is pure: [`Zone::compile`] turns a Snapshot into what the DNS server answers, and [`resolve`]
//! tells with the same zone what a pod's `getaddrinfo` gets, so that a prediction and the server cannot differ.
#![forbid(unsafe_code)]
mod hosts;
mod names;
mod pod_files;
mod record;
mod resolv_conf;
mod resolve;
mod reverse;
mod service;
mod shards;
mod short;
mod zone;

pub use hosts::Hosts;
pub use pod_files::resolv_conf;
pub use record::{Answer, Ending, Record, RecordData, RecordType};
pub use resolv_conf::ResolvConf;
pub use resolve::{Attempt, Outcome, Resolution, expand, resolve};
pub use zone::{TTL, Zone};
