//! Rules about the CNI and kube-proxy.
mod arp_not_strict;
mod block_size;
mod cluster_cidr_mismatch;
mod conntrack_size;
mod flows_not_observed;
mod ipvs_forgets_first;
mod no_usable_pool;
mod node_range_shared;
mod pinned_mtu;
mod plugin;
mod policies_not_enforced;
mod pool_encapsulation;
mod pools_overlap;
mod proxy_metrics_on_loopback;
mod proxy_mode;
mod proxy_without_kubeconfig;
mod ranges_overlap;
mod retired_plugin;
mod support;

use crate::{Context, Rule};

/// By code.
pub(super) static RULES: &[&Rule] = &[
    &pinned_mtu::RULE,
    &pools_overlap::RULE,
    &ranges_overlap::RULE,
    &cluster_cidr_mismatch::RULE,
    &proxy_mode::RULE,
    &arp_not_strict::RULE,
    &conntrack_size::RULE,
    &proxy_metrics_on_loopback::RULE,
    &block_size::RULE,
    &pool_encapsulation::RULE,
    &no_usable_pool::RULE,
    &node_range_shared::RULE,
    &policies_not_enforced::RULE,
    &retired_plugin::RULE,
    &flows_not_observed::RULE,
    &proxy_without_kubeconfig::RULE,
    &ipvs_forgets_first::RULE,
];

/// How many configurations of kube-proxy there are.
pub(crate) fn proxies(cx: &Context<'_>) -> usize {
    support::proxies(cx).len()
}

/// How many CNI plugins and policy engines there are.
pub(crate) fn plugins(cx: &Context<'_>) -> usize {
    plugin::plugins(cx).len()
}
