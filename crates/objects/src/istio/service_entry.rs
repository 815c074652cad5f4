//! ServiceEntry and Sidecar.
use std::collections::BTreeMap;

use super::{ConnectionPoolSettings, Destination, Port, ServerTLSSettings, WorkloadSelector};
use crate::schema::{kinds, schema};

kinds! {
    /// Makes a host known to the mesh.
    pub struct ServiceEntry { spec: ServiceEntrySpec }

    /// What the proxies of some pods take in and let out.
    pub struct Sidecar { spec: SidecarSpec }
}

schema! {
    /// What a ServiceEntry says.
    pub struct ServiceEntrySpec {
        pub hosts: Vec<String>,
        pub addresses: Vec<String>,
        pub ports: Vec<Port>,
        /// `MESH_EXTERNAL` (where unset) or `MESH_INTERNAL`.
        pub location: Option<String>,
        /// `NONE` (where unset), `STATIC`, `DNS`, `DNS_ROUND_ROBIN` or `DYNAMIC_DNS`.
        pub resolution: Option<String>,
        pub endpoints: Vec<WorkloadEntrySpec>,
        pub workload_selector: Option<WorkloadSelector>,
        pub export_to: Vec<String>,
        pub subject_alt_names: Vec<String>,
    }

    /// One endpoint.
    pub struct WorkloadEntrySpec {
        pub address: Option<String>,
        pub ports: BTreeMap<String, u32>,
        pub labels: BTreeMap<String, String>,
        pub network: Option<String>,
        pub locality: Option<String>,
        pub weight: Option<u32>,
        pub service_account: Option<String>,
    }

    /// What a Sidecar says.
    pub struct SidecarSpec {
        /// All pods of the namespace where unset.
        pub workload_selector: Option<WorkloadSelector>,
        pub ingress: Vec<IstioIngressListener>,
        pub egress: Vec<IstioEgressListener>,
        pub inbound_connection_pool: Option<ConnectionPoolSettings>,
        pub outbound_traffic_policy: Option<OutboundTrafficPolicy>,
    }

    /// A port that is taken in.
    pub struct IstioIngressListener {
        pub port: Port,
        pub bind: Option<String>,
        pub capture_mode: Option<String>,
        pub default_endpoint: Option<String>,
        pub tls: Option<ServerTLSSettings>,
        pub connection_pool: Option<ConnectionPoolSettings>,
    }

    /// Hosts that may be reached.
    pub struct IstioEgressListener {
        pub port: Option<Port>,
        pub bind: Option<String>,
        pub capture_mode: Option<String>,
        /// `namespace/host`.
        pub hosts: Vec<String>,
    }

    /// What becomes of traffic to hosts that the mesh does not know.
    pub struct OutboundTrafficPolicy {
        /// `REGISTRY_ONLY` or `ALLOW_ANY`.
        pub mode: Option<String>,
        pub egress_proxy: Option<Destination>,
    }
}
