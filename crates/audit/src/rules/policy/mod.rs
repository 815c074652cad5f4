//! Rules about network policies.
mod acme_solver_shut_out;
mod admin_policy_superseded;
mod baseline_never_reached;
mod block_of_pod_addresses;
mod block_of_service_addresses;
mod deny_without_dns;
mod dns_over_udp_only;
mod dns_to_anywhere;
mod duplicate_policy;
mod egress_without_dns;
mod either_instead_of_both;
mod empty_list_opens_all;
mod entrance;
mod exception_undone;
mod host_network_not_policed;
mod ingress_controller_shut_out;
mod internet_egress_reaches_inside;
mod istio_gateway_shut_out;
mod namespace_label_not_automatic;
mod no_default_deny;
mod only_one_side_opened;
mod open_to_every_namespace;
mod outside_by_namespace_selector;
mod outside_clients_shut_out;
mod pass_to_nobody;
mod peer_in_another_namespace;
mod peer_matches_nothing;
mod policy_in_unknown_namespace;
mod policy_selects_nothing;
mod port_of_another_protocol;
mod rule_already_covered;
mod rule_without_ports;
mod rules_without_their_type;
mod same_priority;
pub(in crate::rules) mod scrape_blocked;
mod selector_contradicts_itself;
mod service_out_of_reach;
mod service_port_in_policy;
mod store_open_to_everyone;
mod support;
mod unknown_named_port;
mod workload_without_policy;

pub(crate) use support::Index;

use crate::Rule;

/// By code.
pub(super) static RULES: &[&Rule] = &[
    &egress_without_dns::RULE,
    &dns_over_udp_only::RULE,
    &policy_selects_nothing::RULE,
    &peer_matches_nothing::RULE,
    &namespace_label_not_automatic::RULE,
    &either_instead_of_both::RULE,
    &service_port_in_policy::RULE,
    &peer_in_another_namespace::RULE,
    &unknown_named_port::RULE,
    &port_of_another_protocol::RULE,
    &empty_list_opens_all::RULE,
    &store_open_to_everyone::RULE,
    &outside_by_namespace_selector::RULE,
    &internet_egress_reaches_inside::RULE,
    &block_of_service_addresses::RULE,
    &block_of_pod_addresses::RULE,
    &rules_without_their_type::RULE,
    &only_one_side_opened::RULE,
    &duplicate_policy::RULE,
    &rule_already_covered::RULE,
    &no_default_deny::RULE,
    &workload_without_policy::RULE,
    &rule_without_ports::RULE,
    &host_network_not_policed::RULE,
    &scrape_blocked::RULE,
    &ingress_controller_shut_out::RULE,
    &outside_clients_shut_out::RULE,
    &admin_policy_superseded::RULE,
    &same_priority::RULE,
    &pass_to_nobody::RULE,
    &baseline_never_reached::RULE,
    &selector_contradicts_itself::RULE,
    &exception_undone::RULE,
    &policy_in_unknown_namespace::RULE,
    &service_out_of_reach::RULE,
    &dns_to_anywhere::RULE,
    &acme_solver_shut_out::RULE,
    &open_to_every_namespace::RULE,
    &istio_gateway_shut_out::RULE,
    &deny_without_dns::RULE,
];
