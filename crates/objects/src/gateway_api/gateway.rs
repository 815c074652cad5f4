//! GatewayClass and Gateway.
use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::{
    HTTPRouteFilter, LocalObjectReference, ObjectReference, Options, ParametersReference,
    SecretObjectReference,
};
use crate::schema::{kinds, schema};

kinds! {
    /// Names a controller; cluster-scoped.
    pub struct GatewayClass { spec: GatewayClassSpec }

    /// Where traffic comes in.
    pub struct Gateway { spec: GatewaySpec }
}

schema! {
    /// What a GatewayClass says.
    pub struct GatewayClassSpec {
        pub controller_name: String,
        pub parameters_ref: Option<ParametersReference>,
        pub description: Option<String>,
    }

    /// What a Gateway says.
    pub struct GatewaySpec {
        pub gateway_class_name: String,
        pub listeners: Vec<Listener>,
        pub addresses: Vec<GatewayAddress>,
        pub infrastructure: Option<GatewayInfrastructure>,
        /// Experimental in 1.3, `tls.backend` since.
        #[serde(rename = "backendTLS")]
        pub backend_tls: Option<GatewayBackendTls>,
        pub tls: Option<GatewayTls>,
        pub allowed_listeners: Option<AllowedListeners>,
        pub default_scope: Option<String>,
    }

    /// One port that a Gateway listens on, for one hostname.
    pub struct Listener {
        pub name: String,
        /// All hostnames where unset.
        pub hostname: Option<String>,
        pub port: i32,
        /// `HTTP`, `HTTPS`, `TLS`, `TCP`, `UDP`, or one with a domain in front.
        pub protocol: String,
        pub tls: Option<ListenerTls>,
        pub allowed_routes: Option<AllowedRoutes>,
        /// Experimental in 1.7.
        pub filters: Option<ListenerFilters>,
    }

    /// What a listener does with requests before routes see them.
    pub struct ListenerFilters {
        pub requests: Vec<HTTPRouteFilter>,
    }

    /// How a listener treats TLS.
    pub struct ListenerTls {
        /// `Terminate` (where unset) or `Passthrough`.
        pub mode: Option<String>,
        pub certificate_refs: Vec<SecretObjectReference>,
        /// Experimental up to 1.3, `spec.tls.frontend` since.
        pub frontend_validation: Option<FrontendValidation>,
        pub options: Options,
    }

    /// How certificates of clients are checked.
    pub struct FrontendValidation {
        pub ca_certificate_refs: Vec<ObjectReference>,
        /// `AllowValidOnly` (where unset) or `AllowInsecureFallback`.
        pub mode: Option<String>,
    }

    /// Which routes may attach to a listener.
    pub struct AllowedRoutes {
        pub namespaces: Option<RouteNamespaces>,
        pub kinds: Vec<RouteGroupKind>,
    }

    /// From which namespaces routes may attach.
    pub struct RouteNamespaces {
        /// `Same` (where unset), `All` or `Selector`; for listener sets also `None`.
        pub from: Option<String>,
        pub selector: Option<LabelSelector>,
    }

    /// A kind of route.
    pub struct RouteGroupKind {
        /// gateway.networking.k8s.io where unset.
        pub group: Option<String>,
        pub kind: String,
    }

    /// An address that is asked for.
    pub struct GatewayAddress {
        /// `IPAddress` where unset, or `Hostname`.
        #[serde(rename = "type")]
        pub type_: Option<String>,
        pub value: Option<String>,
        /// Experimental in 1.7.
        pub routability: Option<String>,
    }

    /// For what the controller makes on behalf of a Gateway.
    pub struct GatewayInfrastructure {
        pub labels: BTreeMap<String, String>,
        pub annotations: BTreeMap<String, String>,
        pub parameters_ref: Option<LocalObjectReference>,
    }

    /// TLS of a whole Gateway.
    pub struct GatewayTls {
        pub backend: Option<GatewayBackendTls>,
        pub frontend: Option<FrontendTls>,
    }

    /// How a Gateway shows itself to backends.
    pub struct GatewayBackendTls {
        pub client_certificate_ref: Option<SecretObjectReference>,
    }

    /// How clients are checked, on all ports and on single ones.
    pub struct FrontendTls {
        pub default: FrontendTlsConfig,
        pub per_port: Vec<FrontendTlsPort>,
    }

    /// How clients are checked on one port.
    pub struct FrontendTlsPort {
        pub port: i32,
        pub tls: FrontendTlsConfig,
    }

    /// How clients are checked.
    pub struct FrontendTlsConfig {
        pub validation: Option<FrontendValidation>,
    }

    /// Which ListenerSets may attach to a Gateway.
    pub struct AllowedListeners {
        pub namespaces: Option<RouteNamespaces>,
    }
}
