//! The items, topic by topic.
mod edge;
mod mesh;
mod monitoring;
mod network;
mod policies;
mod services;
mod workloads;

use super::{Topic, decided, subject::*, undecided};

/// All of them.
pub static TOPICS: &[&Topic] = &[
    &policies::TOPIC,
    &services::TOPIC,
    &services::DNS,
    &edge::TOPIC,
    &edge::TLS,
    &mesh::TOPIC,
    &workloads::TOPIC,
    &workloads::SECURITY,
    &monitoring::TOPIC,
    &network::TOPIC,
    &network::PRACTICE,
];
