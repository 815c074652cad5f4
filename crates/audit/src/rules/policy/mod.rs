//! Rules about network policies.
mod dns_over_udp_only;
mod egress_without_dns;
mod either_instead_of_both;
mod empty_list_opens_all;
mod namespace_label_not_automatic;
mod outside_by_namespace_selector;
mod peer_in_another_namespace;
mod peer_matches_nothing;
mod policy_selects_nothing;
mod port_of_another_protocol;
mod service_port_in_policy;
mod store_open_to_everyone;
mod support;
mod unknown_named_port;

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
];
