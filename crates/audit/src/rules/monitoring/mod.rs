//! Rules about monitoring.
mod alert_at_once;
mod alert_receiver_missing;
mod alert_template;
mod alert_without_runbook;
mod alert_without_severity;
mod alerts_go_nowhere;
mod deprecated_endpoint_field;
mod duplicate_rule_group;
mod duration_without_buckets;
mod histogram_quantile;
mod labels;
mod matching;
mod metrics_not_scraped;
mod monitor_port_missing;
mod monitor_selects_nothing;
mod monitor_shut_out;
mod monitored_without_alerts;
mod nothing_measured;
mod pod_monitor_port_missing;
mod promql;
mod query;
mod query_syntax;
mod rate_window_too_short;
mod reader;
mod rule_without_kind;
mod scrape_into_strict_mesh;
mod scrape_timeout;
pub(crate) mod support;

use crate::Rule;

/// By code.
pub(super) static RULES: &[&Rule] = &[
    &monitor_port_missing::RULE,
    &pod_monitor_port_missing::RULE,
    &monitor_selects_nothing::RULE,
    &monitor_shut_out::RULE,
    &metrics_not_scraped::RULE,
    &scrape_timeout::RULE,
    &deprecated_endpoint_field::RULE,
    &alert_without_severity::RULE,
    &alert_without_runbook::RULE,
    &duration_without_buckets::RULE,
    &histogram_quantile::RULE,
    &query_syntax::RULE,
    &rate_window_too_short::RULE,
    &duplicate_rule_group::RULE,
    &rule_without_kind::RULE,
    &alert_template::RULE,
    &alert_at_once::RULE,
    &monitored_without_alerts::RULE,
    &alert_receiver_missing::RULE,
    &alerts_go_nowhere::RULE,
    &nothing_measured::RULE,
    &scrape_into_strict_mesh::RULE,
];
