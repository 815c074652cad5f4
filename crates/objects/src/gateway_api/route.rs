//! HTTPRoute, GRPCRoute, TLSRoute, TCPRoute and UDPRoute.
use super::{GRPCRouteFilter, HTTPRouteFilter};
use crate::schema::{kinds, schema};

kinds! {
    /// Routes HTTP requests.
    pub struct HTTPRoute { spec: HTTPRouteSpec }

    /// Routes gRPC calls.
    pub struct GRPCRoute { spec: GRPCRouteSpec }

    /// Routes TLS connections by the name that the client asks for.
    pub struct TLSRoute { spec: TLSRouteSpec }

    /// Routes TCP connections.
    pub struct TCPRoute { spec: L4RouteSpec }

    /// Routes UDP datagrams.
    pub struct UDPRoute { spec: L4RouteSpec }
}

schema! {
    /// What a route attaches to.
    pub struct ParentReference {
        /// gateway.networking.k8s.io where unset.
        pub group: Option<String>,
        /// `Gateway` where unset.
        pub kind: Option<String>,
        /// The route's own where unset.
        pub namespace: Option<String>,
        pub name: String,
        /// A listener of a Gateway, a port of a Service.
        pub section_name: Option<String>,
        pub port: Option<i32>,
    }

    /// Where traffic goes.
    pub struct BackendRef {
        /// The core group where unset.
        pub group: Option<String>,
        /// `Service` where unset.
        pub kind: Option<String>,
        pub name: String,
        /// The route's own where unset; another one needs a ReferenceGrant.
        pub namespace: Option<String>,
        pub port: Option<i32>,
        /// 1 where unset.
        pub weight: Option<i32>,
    }

    /// What an HTTPRoute says.
    pub struct HTTPRouteSpec {
        pub parent_refs: Vec<ParentReference>,
        pub use_default_gateways: Option<String>,
        pub hostnames: Vec<String>,
        pub rules: Vec<HTTPRouteRule>,
    }

    /// One rule of an HTTPRoute.
    pub struct HTTPRouteRule {
        pub name: Option<String>,
        /// Any of them; everything where empty.
        pub matches: Vec<HTTPRouteMatch>,
        pub filters: Vec<HTTPRouteFilter>,
        pub backend_refs: Vec<HTTPBackendRef>,
        pub timeouts: Option<RouteTimeouts>,
        pub retry: Option<RouteRetry>,
        pub session_persistence: Option<SessionPersistence>,
    }

    /// Requests that a rule takes: all that is set must match.
    pub struct HTTPRouteMatch {
        /// All paths where unset.
        pub path: Option<HTTPPathMatch>,
        pub headers: Vec<NameValueMatch>,
        pub query_params: Vec<NameValueMatch>,
        pub method: Option<String>,
    }

    /// A path.
    pub struct HTTPPathMatch {
        /// `Exact`, `PathPrefix` (where unset) or `RegularExpression`.
        #[serde(rename = "type")]
        pub type_: Option<String>,
        /// `/` where unset.
        pub value: Option<String>,
    }

    /// A header or a query parameter.
    pub struct NameValueMatch {
        /// `Exact` (where unset) or `RegularExpression`.
        #[serde(rename = "type")]
        pub type_: Option<String>,
        pub name: String,
        pub value: String,
    }

    /// Where HTTP requests go.
    pub struct HTTPBackendRef {
        /// The core group where unset.
        pub group: Option<String>,
        /// `Service` where unset.
        pub kind: Option<String>,
        pub name: String,
        /// The route's own where unset; another one needs a ReferenceGrant.
        pub namespace: Option<String>,
        pub port: Option<i32>,
        /// 1 where unset.
        pub weight: Option<i32>,
        pub filters: Vec<HTTPRouteFilter>,
    }

    /// How long a request may take.
    pub struct RouteTimeouts {
        pub request: Option<String>,
        pub backend_request: Option<String>,
    }

    /// Which answers are asked for again.
    pub struct RouteRetry {
        pub codes: Vec<i32>,
        pub attempts: Option<i32>,
        pub backoff: Option<String>,
    }

    /// How a client stays with one backend.
    pub struct SessionPersistence {
        pub session_name: Option<String>,
        pub absolute_timeout: Option<String>,
        pub idle_timeout: Option<String>,
        /// `Cookie` (where unset) or `Header`.
        #[serde(rename = "type")]
        pub type_: Option<String>,
        pub cookie_config: Option<CookieConfig>,
        /// In place of `sessionName` and `cookieConfig` since 1.7.
        pub cookie: Option<SessionCookie>,
        pub header: Option<SessionHeader>,
    }

    /// The cookie of a session, by its name.
    pub struct SessionCookie {
        pub name: Option<String>,
        pub path: Option<String>,
        pub lifetime_type: Option<String>,
    }

    /// The header of a session.
    pub struct SessionHeader {
        pub name: Option<String>,
    }

    /// The cookie of a session.
    pub struct CookieConfig {
        /// `Session` (where unset) or `Permanent`.
        pub lifetime_type: Option<String>,
    }

    /// What a GRPCRoute says.
    pub struct GRPCRouteSpec {
        pub parent_refs: Vec<ParentReference>,
        pub use_default_gateways: Option<String>,
        pub hostnames: Vec<String>,
        pub rules: Vec<GRPCRouteRule>,
    }

    /// One rule of a GRPCRoute.
    pub struct GRPCRouteRule {
        pub name: Option<String>,
        /// Any of them; everything where empty.
        pub matches: Vec<GRPCRouteMatch>,
        pub filters: Vec<GRPCRouteFilter>,
        pub backend_refs: Vec<GRPCBackendRef>,
        pub session_persistence: Option<SessionPersistence>,
    }

    /// Calls that a rule takes: all that is set must match.
    pub struct GRPCRouteMatch {
        pub method: Option<GRPCMethodMatch>,
        pub headers: Vec<NameValueMatch>,
    }

    /// A service and a method.
    pub struct GRPCMethodMatch {
        /// `Exact` (where unset) or `RegularExpression`.
        #[serde(rename = "type")]
        pub type_: Option<String>,
        pub service: Option<String>,
        pub method: Option<String>,
    }

    /// Where gRPC calls go.
    pub struct GRPCBackendRef {
        /// The core group where unset.
        pub group: Option<String>,
        /// `Service` where unset.
        pub kind: Option<String>,
        pub name: String,
        /// The route's own where unset; another one needs a ReferenceGrant.
        pub namespace: Option<String>,
        pub port: Option<i32>,
        /// 1 where unset.
        pub weight: Option<i32>,
        pub filters: Vec<GRPCRouteFilter>,
    }

    /// What a TLSRoute says.
    pub struct TLSRouteSpec {
        pub parent_refs: Vec<ParentReference>,
        pub use_default_gateways: Option<String>,
        pub hostnames: Vec<String>,
        pub rules: Vec<L4RouteRule>,
    }

    /// What a TCPRoute or a UDPRoute says.
    pub struct L4RouteSpec {
        pub parent_refs: Vec<ParentReference>,
        pub use_default_gateways: Option<String>,
        pub rules: Vec<L4RouteRule>,
    }

    /// One rule of a TLSRoute, TCPRoute or UDPRoute.
    pub struct L4RouteRule {
        pub name: Option<String>,
        pub backend_refs: Vec<BackendRef>,
    }
}
