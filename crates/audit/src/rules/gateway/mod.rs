//! Rules about Gateway API.
mod allowed_routes_selector;
mod backend_tls_target;
mod backend_tls_validation;
mod backend_without_port;
mod certificate_for_other_host;
mod conflicting_filters;
mod controller_name;
mod duplicate_header;
mod field_refused;
mod filter_type_mismatch;
mod gateway_address;
mod gateway_api_version;
mod gateway_class_missing;
mod grpc_backend_protocol;
mod grpc_method_match;
mod hostnames_disjoint;
mod invalid_hostname;
mod invalid_path;
mod listener_conflict;
mod listener_missing;
mod listener_tls;
mod matching;
mod mirror_share;
mod misdirected_grant;
mod no_request_timeout;
mod no_weight;
mod parent_missing;
mod parents_not_distinct;
mod plaintext_beside_https;
mod prefix_replacement;
mod reference_not_granted;
mod retries_beyond_timeout;
mod route_backend_missing;
mod route_backend_port;
mod route_for_all_hosts;
mod route_not_allowed;
mod route_protocol;
mod route_timeouts;
mod routes_collide;
mod routes_from_everywhere;
mod session_persistence;
pub(in crate::rules) mod support;
mod tls_route_without_hostnames;
mod unreachable_rule;
mod unused_grant;

use crate::Rule;

/// By code.
pub(super) static RULES: &[&Rule] = &[
    &listener_conflict::RULE,
    &listener_tls::RULE,
    &invalid_hostname::RULE,
    &filter_type_mismatch::RULE,
    &conflicting_filters::RULE,
    &prefix_replacement::RULE,
    &invalid_path::RULE,
    &duplicate_header::RULE,
    &backend_without_port::RULE,
    &route_timeouts::RULE,
    &retries_beyond_timeout::RULE,
    &mirror_share::RULE,
    &grpc_method_match::RULE,
    &parents_not_distinct::RULE,
    &session_persistence::RULE,
    &backend_tls_validation::RULE,
    &parent_missing::RULE,
    &listener_missing::RULE,
    &route_not_allowed::RULE,
    &route_protocol::RULE,
    &hostnames_disjoint::RULE,
    &reference_not_granted::RULE,
    &misdirected_grant::RULE,
    &unused_grant::RULE,
    &route_backend_missing::RULE,
    &route_backend_port::RULE,
    &no_weight::RULE,
    &routes_collide::RULE,
    &unreachable_rule::RULE,
    &route_for_all_hosts::RULE,
    &plaintext_beside_https::RULE,
    &routes_from_everywhere::RULE,
    &certificate_for_other_host::RULE,
    &gateway_class_missing::RULE,
    &gateway_api_version::RULE,
    &no_request_timeout::RULE,
    &controller_name::RULE,
    &backend_tls_target::RULE,
    &tls_route_without_hostnames::RULE,
    &grpc_backend_protocol::RULE,
    &allowed_routes_selector::RULE,
    &field_refused::RULE,
    &gateway_address::RULE,
];
