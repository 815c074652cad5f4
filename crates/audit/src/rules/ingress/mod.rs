//! Rules about Ingress.
mod class_annotation;
mod class_missing;
mod host_path_conflict;
mod host_without_tls;
mod ingress_backend_missing;
mod ingress_backend_port;
mod internal_path_published;
mod no_class;
mod no_tls;
mod pattern_as_prefix;
mod pattern_without_use_regex;
mod redundant_ssl_redirect;
mod rewrite_group_missing;
mod rewrite_to_one_path;
mod several_default_classes;
pub(in crate::rules) mod support;
mod tls_host_unused;
mod unreachable_path;

use crate::Rule;

/// By code.
pub(super) static RULES: &[&Rule] = &[
    &no_tls::RULE,
    &host_without_tls::RULE,
    &tls_host_unused::RULE,
    &no_class::RULE,
    &class_annotation::RULE,
    &class_missing::RULE,
    &several_default_classes::RULE,
    &ingress_backend_missing::RULE,
    &ingress_backend_port::RULE,
    &host_path_conflict::RULE,
    &unreachable_path::RULE,
    &pattern_as_prefix::RULE,
    &pattern_without_use_regex::RULE,
    &rewrite_to_one_path::RULE,
    &rewrite_group_missing::RULE,
    &redundant_ssl_redirect::RULE,
    &internal_path_published::RULE,
];
