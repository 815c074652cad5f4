//! Rules about Services.
mod affinity_behind_proxy;
mod annotation_of_classic_balancer;
mod balancers;
mod clients_denied;
mod contradicting_clouds;
mod deprecated_endpoints;
mod deprecated_service_field;
mod exposed_backend_port;
mod external_ips;
mod external_local;
mod external_name_dangling;
mod external_name_denied;
mod external_name_host;
mod external_name_ports;
mod external_name_target;
mod fixed_node_port;
mod headless_affinity;
mod headless_port;
mod internal_local;
mod mesh_port_protocol;
mod no_endpoints;
mod node_port;
mod open_source_range;
mod outside;
mod overwritten_endpoints;
mod partly_served_port;
mod plaintext_load_balancer;
mod private_clients_only;
mod selects_job_pods;
mod selects_nothing;
mod slice_port_name;
mod stateful_set_service;
mod superseded_annotation;
pub(crate) mod support;
mod target_port_name;
mod target_port_number;
mod twin_services;
mod unnamed_port;
mod unready_published;

use crate::Rule;

/// By code.
pub(super) static RULES: &[&Rule] = &[
    &selects_nothing::RULE,
    &target_port_name::RULE,
    &target_port_number::RULE,
    &partly_served_port::RULE,
    &selects_job_pods::RULE,
    &unnamed_port::RULE,
    &mesh_port_protocol::RULE,
    &plaintext_load_balancer::RULE,
    &exposed_backend_port::RULE,
    &open_source_range::RULE,
    &contradicting_clouds::RULE,
    &fixed_node_port::RULE,
    &internal_local::RULE,
    &external_local::RULE,
    &clients_denied::RULE,
    &external_name_ports::RULE,
    &external_name_denied::RULE,
    &external_name_host::RULE,
    &external_name_target::RULE,
    &external_name_dangling::RULE,
    &headless_port::RULE,
    &headless_affinity::RULE,
    &deprecated_service_field::RULE,
    &external_ips::RULE,
    &affinity_behind_proxy::RULE,
    &stateful_set_service::RULE,
    &no_endpoints::RULE,
    &slice_port_name::RULE,
    &overwritten_endpoints::RULE,
    &deprecated_endpoints::RULE,
    &unready_published::RULE,
    &twin_services::RULE,
    &node_port::RULE,
    &annotation_of_classic_balancer::RULE,
    &private_clients_only::RULE,
    &superseded_annotation::RULE,
];
