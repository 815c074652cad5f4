//! VirtualService.
use std::collections::BTreeMap;

use super::{Percent, PortSelector};
use crate::schema::{kinds, schema};

kinds! {
    /// How requests to hosts are routed.
    pub struct VirtualService { spec: VirtualServiceSpec }
}

schema! {
    /// What a VirtualService says.
    pub struct VirtualServiceSpec {
        pub hosts: Vec<String>,
        /// `mesh` where empty.
        pub gateways: Vec<String>,
        pub http: Vec<HTTPRoute>,
        pub tls: Vec<TLSRoute>,
        pub tcp: Vec<TCPRoute>,
        pub export_to: Vec<String>,
    }

    /// One HTTP route; the first that matches decides.
    pub struct HTTPRoute {
        pub name: Option<String>,
        #[serde(rename = "match")]
        pub match_: Vec<HTTPMatchRequest>,
        pub route: Vec<HTTPRouteDestination>,
        pub redirect: Option<HTTPRedirect>,
        pub direct_response: Option<HTTPDirectResponse>,
        pub delegate: Option<Delegate>,
        pub rewrite: Option<HTTPRewrite>,
        pub timeout: Option<String>,
        pub retries: Option<HTTPRetry>,
        pub fault: Option<HTTPFaultInjection>,
        pub mirror: Option<Destination>,
        pub mirrors: Vec<HTTPMirrorPolicy>,
        /// Deprecated.
        pub mirror_percent: Option<u32>,
        /// The same; the CRD has it in both spellings.
        #[serde(rename = "mirror_percent")]
        pub mirror_percent_snake: Option<u32>,
        pub mirror_percentage: Option<Percent>,
        pub cors_policy: Option<CorsPolicy>,
        pub headers: Option<Headers>,
    }

    /// Requests that a route takes: all that is set must match.
    pub struct HTTPMatchRequest {
        pub name: Option<String>,
        pub uri: Option<StringMatch>,
        pub scheme: Option<StringMatch>,
        pub method: Option<StringMatch>,
        pub authority: Option<StringMatch>,
        pub headers: BTreeMap<String, StringMatch>,
        pub port: Option<u32>,
        pub source_labels: BTreeMap<String, String>,
        pub gateways: Vec<String>,
        pub query_params: BTreeMap<String, StringMatch>,
        pub ignore_uri_case: Option<bool>,
        pub without_headers: BTreeMap<String, StringMatch>,
        pub source_namespace: Option<String>,
        pub stat_prefix: Option<String>,
    }

    /// A text; at most one field is set.
    pub struct StringMatch {
        pub exact: Option<String>,
        pub prefix: Option<String>,
        pub regex: Option<String>,
    }

    /// A destination with its share.
    pub struct HTTPRouteDestination {
        pub destination: Destination,
        pub weight: Option<i32>,
        pub headers: Option<Headers>,
    }

    /// A host, and which part of it.
    pub struct Destination {
        pub host: String,
        /// A subset of a DestinationRule.
        pub subset: Option<String>,
        pub port: Option<PortSelector>,
    }

    /// Changes of headers.
    pub struct Headers {
        pub request: Option<HeaderOperations>,
        pub response: Option<HeaderOperations>,
    }

    /// Changes of headers in one direction.
    pub struct HeaderOperations {
        pub set: BTreeMap<String, String>,
        pub add: BTreeMap<String, String>,
        pub remove: Vec<String>,
    }

    /// Answers with a redirect.
    pub struct HTTPRedirect {
        pub uri: Option<String>,
        pub authority: Option<String>,
        pub port: Option<u32>,
        pub derive_port: Option<String>,
        pub scheme: Option<String>,
        pub redirect_code: Option<u32>,
        pub prefix_rewrite: Option<String>,
    }

    /// Answers at once.
    pub struct HTTPDirectResponse {
        pub status: u32,
        pub body: Option<HTTPBody>,
    }

    /// A body; one field is set.
    pub struct HTTPBody {
        pub string: Option<String>,
        pub bytes: Option<String>,
    }

    /// Another VirtualService that decides.
    pub struct Delegate {
        pub name: Option<String>,
        pub namespace: Option<String>,
    }

    /// Changes path and host.
    pub struct HTTPRewrite {
        pub uri: Option<String>,
        pub authority: Option<String>,
        pub uri_regex_rewrite: Option<RegexRewrite>,
    }

    /// A replacement.
    pub struct RegexRewrite {
        #[serde(rename = "match")]
        pub match_: Option<String>,
        pub rewrite: Option<String>,
    }

    /// Which answers are asked for again.
    pub struct HTTPRetry {
        pub attempts: i32,
        pub per_try_timeout: Option<String>,
        pub retry_on: Option<String>,
        pub retry_remote_localities: Option<bool>,
        pub retry_ignore_previous_hosts: Option<bool>,
        pub backoff: Option<String>,
    }

    /// Faults on purpose.
    pub struct HTTPFaultInjection {
        pub delay: Option<FaultDelay>,
        pub abort: Option<FaultAbort>,
    }

    /// Waits.
    pub struct FaultDelay {
        /// Deprecated.
        pub percent: Option<i32>,
        pub fixed_delay: Option<String>,
        pub exponential_delay: Option<String>,
        pub percentage: Option<Percent>,
    }

    /// Answers with an error.
    pub struct FaultAbort {
        pub http_status: Option<i32>,
        pub grpc_status: Option<String>,
        pub http2_error: Option<String>,
        pub percentage: Option<Percent>,
    }

    /// Sends a copy elsewhere.
    pub struct HTTPMirrorPolicy {
        pub destination: Destination,
        pub percentage: Option<Percent>,
    }

    /// What browsers may do from other origins.
    pub struct CorsPolicy {
        /// Deprecated.
        pub allow_origin: Vec<String>,
        pub allow_origins: Vec<StringMatch>,
        pub allow_methods: Vec<String>,
        pub allow_headers: Vec<String>,
        pub expose_headers: Vec<String>,
        pub max_age: Option<String>,
        pub allow_credentials: Option<bool>,
        pub unmatched_preflights: Option<String>,
    }

    /// A route for TLS that is not terminated.
    pub struct TLSRoute {
        #[serde(rename = "match")]
        pub match_: Vec<TLSMatchAttributes>,
        pub route: Vec<RouteDestination>,
    }

    /// Connections that a TLS route takes.
    pub struct TLSMatchAttributes {
        pub sni_hosts: Vec<String>,
        pub destination_subnets: Vec<String>,
        pub port: Option<u32>,
        pub source_labels: BTreeMap<String, String>,
        pub gateways: Vec<String>,
        pub source_namespace: Option<String>,
    }

    /// A route for TCP.
    pub struct TCPRoute {
        #[serde(rename = "match")]
        pub match_: Vec<L4MatchAttributes>,
        pub route: Vec<RouteDestination>,
    }

    /// Connections that a TCP route takes.
    pub struct L4MatchAttributes {
        pub destination_subnets: Vec<String>,
        pub port: Option<u32>,
        pub source_subnet: Option<String>,
        pub source_labels: BTreeMap<String, String>,
        pub gateways: Vec<String>,
        pub source_namespace: Option<String>,
    }

    /// A destination with its share.
    pub struct RouteDestination {
        pub destination: Destination,
        pub weight: Option<i32>,
    }
}
