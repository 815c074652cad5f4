//! Istio: networking, security, telemetry and extensions of istio.io, with the fields of its 1.32 release.
//! Enumerations and durations are text, for those who judge them.
mod destination_rule;
mod extensions;
mod gateway;
mod security;
mod service_entry;
mod virtual_service;

use std::collections::BTreeMap;

pub use destination_rule::*;
pub use extensions::*;
pub use gateway::*;
pub use security::*;
pub use service_entry::*;
pub use virtual_service::*;

use crate::schema::schema;

schema! {
    /// A port by number.
    pub struct PortSelector {
        pub number: u32,
    }

    /// A port with its protocol.
    pub struct Port {
        pub number: u32,
        pub protocol: String,
        pub name: String,
        /// Deprecated in a Gateway's server.
        pub target_port: Option<u32>,
    }

    /// Pods by their labels, as networking.istio.io writes it.
    pub struct WorkloadSelector {
        pub labels: BTreeMap<String, String>,
    }

    /// Pods by their labels, as security.istio.io writes it.
    pub struct LabelMatch {
        pub match_labels: BTreeMap<String, String>,
    }

    /// A share of all requests.
    pub struct Percent {
        pub value: f64,
    }
}
