//! Rules about Ingress.
mod annotations;
mod backend_protocol;
mod basic_auth;
mod canary;
mod class_annotation;
mod class_missing;
mod cors_for_everyone;
mod external_name_backend;
mod firewall_only_watches;
mod foreign_annotation;
mod host_path_conflict;
mod host_without_tls;
mod ingress_backend_missing;
mod ingress_backend_port;
mod internal_path_published;
mod invalid_ingress_path;
mod nginx_annotation_value;
mod no_class;
mod no_rules;
mod no_tls;
mod old_tls;
mod path_for_every_host;
mod pattern_as_prefix;
mod pattern_without_use_regex;
mod plaintext_auth;
mod redundant_ssl_redirect;
mod reference_in_other_namespace;
mod retired_controller;
mod rewrite_group_missing;
mod rewrite_to_one_path;
mod several_default_classes;
mod snippet;
mod source_range;
mod ssl_redirect_off;
mod superseded_nginx_annotation;
pub(in crate::rules) mod support;
mod tls_host_unused;
mod tls_secret_missing;
mod unknown_nginx_annotation;
mod unlimited_body;
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
    &no_rules::RULE,
    &path_for_every_host::RULE,
    &retired_controller::RULE,
    &snippet::RULE,
    &plaintext_auth::RULE,
    &source_range::RULE,
    &unlimited_body::RULE,
    &unknown_nginx_annotation::RULE,
    &nginx_annotation_value::RULE,
    &foreign_annotation::RULE,
    &canary::RULE,
    &reference_in_other_namespace::RULE,
    &tls_secret_missing::RULE,
    &backend_protocol::RULE,
    &external_name_backend::RULE,
    &ssl_redirect_off::RULE,
    &invalid_ingress_path::RULE,
    &old_tls::RULE,
    &firewall_only_watches::RULE,
    &cors_for_everyone::RULE,
    &basic_auth::RULE,
    &superseded_nginx_annotation::RULE,
];
