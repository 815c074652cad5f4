//! What routes do to requests on their way.
use super::{BackendRef, LocalObjectReference};
use crate::schema::schema;

schema! {
    /// A filter of an HTTPRoute: the field that `type` names is set.
    pub struct HTTPRouteFilter {
        #[serde(rename = "type")]
        pub type_: String,
        pub request_header_modifier: Option<HeaderModifier>,
        pub response_header_modifier: Option<HeaderModifier>,
        pub request_mirror: Option<RequestMirror>,
        pub request_redirect: Option<RequestRedirect>,
        pub url_rewrite: Option<UrlRewrite>,
        pub cors: Option<Cors>,
        pub external_auth: Option<ExternalAuth>,
        pub extension_ref: Option<LocalObjectReference>,
    }

    /// A filter of a GRPCRoute: the field that `type` names is set.
    pub struct GRPCRouteFilter {
        #[serde(rename = "type")]
        pub type_: String,
        pub request_header_modifier: Option<HeaderModifier>,
        pub response_header_modifier: Option<HeaderModifier>,
        pub request_mirror: Option<RequestMirror>,
        pub extension_ref: Option<LocalObjectReference>,
    }

    /// Changes headers.
    pub struct HeaderModifier {
        pub set: Vec<Header>,
        pub add: Vec<Header>,
        pub remove: Vec<String>,
    }

    /// A header.
    pub struct Header {
        pub name: String,
        pub value: String,
    }

    /// Sends a copy elsewhere.
    pub struct RequestMirror {
        pub backend_ref: BackendRef,
        pub percent: Option<i32>,
        pub fraction: Option<Fraction>,
    }

    /// A part of all requests.
    pub struct Fraction {
        pub numerator: i32,
        /// 100 where unset.
        pub denominator: Option<i32>,
    }

    /// Answers with a redirect.
    pub struct RequestRedirect {
        pub scheme: Option<String>,
        pub hostname: Option<String>,
        pub path: Option<PathModifier>,
        pub port: Option<i32>,
        /// 302 where unset.
        pub status_code: Option<i32>,
    }

    /// Changes host and path.
    pub struct UrlRewrite {
        pub hostname: Option<String>,
        pub path: Option<PathModifier>,
    }

    /// What becomes of a path: the field that `type` names is set.
    pub struct PathModifier {
        #[serde(rename = "type")]
        pub type_: String,
        pub replace_full_path: Option<String>,
        pub replace_prefix_match: Option<String>,
    }

    /// What browsers may do from other origins.
    pub struct Cors {
        pub allow_origins: Vec<String>,
        pub allow_credentials: Option<bool>,
        pub allow_methods: Vec<String>,
        pub allow_headers: Vec<String>,
        pub expose_headers: Vec<String>,
        /// Seconds; 5 where unset.
        pub max_age: Option<i32>,
    }

    /// Asks a service whether a request may pass.
    pub struct ExternalAuth {
        /// `HTTP` or `GRPC`.
        pub protocol: String,
        pub backend_ref: BackendRef,
        pub grpc: Option<ExternalAuthGrpc>,
        pub http: Option<ExternalAuthHttp>,
        pub forward_body: Option<ForwardBody>,
    }

    /// What is told over gRPC.
    pub struct ExternalAuthGrpc {
        pub allowed_headers: Vec<String>,
    }

    /// What is told over HTTP.
    pub struct ExternalAuthHttp {
        pub path: Option<String>,
        pub allowed_headers: Vec<String>,
        pub allowed_response_headers: Vec<String>,
    }

    /// How much of a body is told.
    pub struct ForwardBody {
        pub max_size: i32,
    }
}
