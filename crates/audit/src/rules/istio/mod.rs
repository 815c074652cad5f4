//! Rules about Istio.
mod admission;
mod allow_by_exclusion;
mod allows_everyone;
mod annotations;
mod any_host_in_mesh;
mod breaker_always_open;
mod caller_outside_strict_mesh;
mod certificate_on_two_gateways;
mod conflicting_gateways;
mod conflicting_virtual_services;
mod contradicting_injection;
mod cors_any_origin_with_credentials;
mod deprecated_istio_field;
mod destination_not_exported;
mod destination_rule_for_external_name;
mod destination_rule_without_host;
mod destination_rules_for_one_host;
mod empty_subset;
mod envoy_filter_without_effect;
mod exposed_strict_pods;
mod fault_injection;
mod gateway_any_host;
mod gateway_old_tls;
mod gateway_port_not_on_service;
mod gateway_secret_elsewhere;
mod gateway_server_tls;
mod gateway_without_redirect;
mod gateways;
mod half_qualified_host;
mod host_not_on_gateway;
mod http_policy_on_tcp_port;
mod http_route_without_http;
mod http_rules_without_waypoint;
mod ingress_into_strict_mesh;
mod injection_in_restricted_namespace;
mod istio_annotation_value;
mod istio_field_refused;
mod istio_selector_selects_nothing;
mod jwks_over_http;
mod keep_alive_defeated;
mod lopsided_weights;
mod malformed_principal;
mod mesh_without_authorization;
mod mesh_without_strict_mtls;
mod misplaced_istio_annotation;
mod mtls_not_strict;
mod no_circuit_breaker;
mod plaintext_service_entry;
mod plaintext_to_strict;
mod policy_on_service_port;
mod policy_without_rules;
mod port_mtls_without_selector;
mod port_without_protocol;
mod principal_outside_mesh;
mod regex_not_re2;
mod reserved_proxy_user;
mod retries_exceed_timeout;
mod route_refused_by_authorization;
mod route_without_timeout;
mod selector_on_gateway_pods;
mod server_names_to_one_host;
mod service_entries_differ;
mod service_entry_resolution;
mod sibling_without_circuit_breaker;
mod sidecar_egress_host;
mod sidecar_in_ambient;
mod sidecar_on_host_network;
mod sidecars_for_one_pod;
mod sni_host_not_in_hosts;
pub(in crate::rules) mod strict;
mod superseded_istio_version;
pub(in crate::rules) mod support;
mod tcp_service_entry_without_address;
mod telemetries_for_one_pod;
mod tokens_not_required;
mod two_for_one_namespace;
mod unknown_destination;
mod unknown_istio_annotation;
mod unknown_istio_gateway;
mod unknown_mesh_host;
mod unknown_subset;
mod unreachable_route;
mod unverified_server_certificate;
mod wasm_plugin_fails_open;
mod wasm_plugin_unpinned;
mod wildcard_in_the_middle;
mod wrong_destination_port;

use crate::{Context, Rule};

/// By code.
pub(super) static RULES: &[&Rule] = &[
    &superseded_istio_version::RULE,
    &unknown_subset::RULE,
    &unknown_destination::RULE,
    &unknown_mesh_host::RULE,
    &server_names_to_one_host::RULE,
    &half_qualified_host::RULE,
    &conflicting_virtual_services::RULE,
    &unreachable_route::RULE,
    &lopsided_weights::RULE,
    &retries_exceed_timeout::RULE,
    &deprecated_istio_field::RULE,
    &wrong_destination_port::RULE,
    &sibling_without_circuit_breaker::RULE,
    &keep_alive_defeated::RULE,
    &plaintext_to_strict::RULE,
    &unverified_server_certificate::RULE,
    &destination_rules_for_one_host::RULE,
    &empty_subset::RULE,
    &mtls_not_strict::RULE,
    &mesh_without_strict_mtls::RULE,
    &port_mtls_without_selector::RULE,
    &policy_on_service_port::RULE,
    &istio_selector_selects_nothing::RULE,
    &two_for_one_namespace::RULE,
    &policy_without_rules::RULE,
    &allows_everyone::RULE,
    &allow_by_exclusion::RULE,
    &http_policy_on_tcp_port::RULE,
    &http_rules_without_waypoint::RULE,
    &malformed_principal::RULE,
    &principal_outside_mesh::RULE,
    &wildcard_in_the_middle::RULE,
    &tokens_not_required::RULE,
    &jwks_over_http::RULE,
    &gateway_server_tls::RULE,
    &gateway_secret_elsewhere::RULE,
    &gateway_any_host::RULE,
    &gateway_without_redirect::RULE,
    &gateway_old_tls::RULE,
    &conflicting_gateways::RULE,
    &unknown_istio_gateway::RULE,
    &host_not_on_gateway::RULE,
    &sni_host_not_in_hosts::RULE,
    &service_entry_resolution::RULE,
    &tcp_service_entry_without_address::RULE,
    &plaintext_service_entry::RULE,
    &http_route_without_http::RULE,
    &sidecar_egress_host::RULE,
    &injection_in_restricted_namespace::RULE,
    &contradicting_injection::RULE,
    &port_without_protocol::RULE,
    &fault_injection::RULE,
    &cors_any_origin_with_credentials::RULE,
    &regex_not_re2::RULE,
    &reserved_proxy_user::RULE,
    &any_host_in_mesh::RULE,
    &mesh_without_authorization::RULE,
    &sidecar_on_host_network::RULE,
    &destination_rule_for_external_name::RULE,
    &no_circuit_breaker::RULE,
    &route_without_timeout::RULE,
    &breaker_always_open::RULE,
    &ingress_into_strict_mesh::RULE,
    &exposed_strict_pods::RULE,
    &istio_field_refused::RULE,
    &gateway_port_not_on_service::RULE,
    &destination_rule_without_host::RULE,
    &destination_not_exported::RULE,
    &sidecars_for_one_pod::RULE,
    &service_entries_differ::RULE,
    &certificate_on_two_gateways::RULE,
    &selector_on_gateway_pods::RULE,
    &sidecar_in_ambient::RULE,
    &caller_outside_strict_mesh::RULE,
    &route_refused_by_authorization::RULE,
    &envoy_filter_without_effect::RULE,
    &telemetries_for_one_pod::RULE,
    &wasm_plugin_fails_open::RULE,
    &wasm_plugin_unpinned::RULE,
    &unknown_istio_annotation::RULE,
    &misplaced_istio_annotation::RULE,
    &istio_annotation_value::RULE,
];

/// How many workloads take part in the mesh.
pub(crate) fn meshed(cx: &Context<'_>) -> usize {
    cx.workloads().iter().filter(|workload| support::mesh_of_workload(cx, workload).is_some()).count()
}
