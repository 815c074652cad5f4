//! Istio's own Gateway.
use std::collections::BTreeMap;

use super::Port;
use crate::schema::{kinds, schema};

kinds! {
    /// Where traffic comes into the mesh.
    pub struct Gateway { spec: GatewaySpec }
}

schema! {
    /// What a Gateway says.
    pub struct GatewaySpec {
        pub servers: Vec<Server>,
        pub selector: BTreeMap<String, String>,
    }

    /// One port, and the hosts on it.
    pub struct Server {
        pub port: Port,
        pub bind: Option<String>,
        /// `host` or `namespace/host`.
        pub hosts: Vec<String>,
        pub tls: Option<ServerTLSSettings>,
        pub default_endpoint: Option<String>,
        pub name: Option<String>,
    }

    /// How a server speaks TLS.
    pub struct ServerTLSSettings {
        pub https_redirect: Option<bool>,
        /// `PASSTHROUGH`, `SIMPLE`, `MUTUAL`, `AUTO_PASSTHROUGH`, `ISTIO_MUTUAL` or `OPTIONAL_MUTUAL`.
        pub mode: Option<String>,
        pub server_certificate: Option<String>,
        pub private_key: Option<String>,
        pub ca_certificates: Option<String>,
        pub ca_crl: Option<String>,
        pub credential_name: Option<String>,
        pub credential_names: Vec<String>,
        pub ca_cert_credential_name: Option<String>,
        pub tls_certificates: Vec<TLSCertificate>,
        pub subject_alt_names: Vec<String>,
        pub verify_certificate_spki: Vec<String>,
        pub verify_certificate_hash: Vec<String>,
        pub min_protocol_version: Option<String>,
        pub max_protocol_version: Option<String>,
        pub cipher_suites: Vec<String>,
        pub ecdh_curves: Vec<String>,
        pub alpn_protocols: Vec<String>,
        pub insecure_skip_verify: Option<bool>,
    }

    /// One of several certificates.
    pub struct TLSCertificate {
        pub server_certificate: Option<String>,
        pub private_key: Option<String>,
        pub ca_certificates: Option<String>,
    }
}
