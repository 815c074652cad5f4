//! Rules about workloads, as they bear on the network.
mod access;
pub(in crate::rules) mod addresses;
mod agent_without_tolerations;
mod budget_blocks_drains;
mod budget_selects_nothing;
mod budgets_overlap;
mod cluster_admin_account;
mod env_service_port;
mod floating_image_tag;
mod grace_too_short;
mod host_port;
mod host_processes;
mod liveness_as_readiness;
mod metric_without_adapter;
mod missing_config;
mod namespace_declared_twice;
mod namespace_without_pod_security;
mod no_disruption_budget;
mod no_readiness_probe;
mod no_resource_requests;
mod probe_port_name;
mod refused_by_pod_security;
mod remote_shell;
mod replicas_together;
mod retired_registry;
mod role_for_every_pod;
mod scaler_conflict;
mod scaler_target;
mod scaler_without_requests;
mod shared_pod_port;
mod support;
mod unmet_pod_security;
mod unsafe_sysctl;
mod update_takes_all;

use crate::Rule;

/// By code.
pub(super) static RULES: &[&Rule] = &[
    &no_readiness_probe::RULE,
    &probe_port_name::RULE,
    &liveness_as_readiness::RULE,
    &grace_too_short::RULE,
    &update_takes_all::RULE,
    &budget_selects_nothing::RULE,
    &budget_blocks_drains::RULE,
    &budgets_overlap::RULE,
    &scaler_without_requests::RULE,
    &scaler_target::RULE,
    &scaler_conflict::RULE,
    &floating_image_tag::RULE,
    &retired_registry::RULE,
    &refused_by_pod_security::RULE,
    &unmet_pod_security::RULE,
    &agent_without_tolerations::RULE,
    &host_processes::RULE,
    &host_port::RULE,
    &shared_pod_port::RULE,
    &namespace_declared_twice::RULE,
    &missing_config::RULE,
    &env_service_port::RULE,
    &unsafe_sysctl::RULE,
    &no_resource_requests::RULE,
    &replicas_together::RULE,
    &no_disruption_budget::RULE,
    &namespace_without_pod_security::RULE,
    &cluster_admin_account::RULE,
    &role_for_every_pod::RULE,
    &metric_without_adapter::RULE,
    &remote_shell::RULE,
];
