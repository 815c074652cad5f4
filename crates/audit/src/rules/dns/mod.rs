//! Rules about DNS.
mod cluster_zone_unserved;
mod coredns_without_probes;
mod corefile;
mod corefile_syntax;
mod dns_not_measured;
mod duplicate_zone;
mod forged_pod_names;
mod forward_loop;
mod fourth_nameserver;
mod node_resolver;
mod public_resolver;
mod repeated_search;
mod resolver_option;
mod stateful_set_name;
mod stub_domains;
mod subdomain_without_service;
mod uncached_zone;
mod unknown_corefile_plugin;
mod unwatched_zone;
mod zone_transfer_to_anyone;

use crate::{Context, Rule};

/// By code.
pub(super) static RULES: &[&Rule] = &[
    &public_resolver::RULE,
    &repeated_search::RULE,
    &fourth_nameserver::RULE,
    &node_resolver::RULE,
    &resolver_option::RULE,
    &subdomain_without_service::RULE,
    &corefile_syntax::RULE,
    &unknown_corefile_plugin::RULE,
    &forged_pod_names::RULE,
    &forward_loop::RULE,
    &duplicate_zone::RULE,
    &unwatched_zone::RULE,
    &cluster_zone_unserved::RULE,
    &coredns_without_probes::RULE,
    &stub_domains::RULE,
    &stateful_set_name::RULE,
    &dns_not_measured::RULE,
    &zone_transfer_to_anyone::RULE,
    &uncached_zone::RULE,
];

/// How many Corefiles there are.
pub(crate) fn corefiles(cx: &Context<'_>) -> usize {
    corefile::corefiles(cx).len()
}
