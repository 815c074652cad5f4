//! Rules about TLS and certificates.
mod acme_contact_refused;
mod acme_staging;
mod acme_without_solver;
mod certificate_duration;
mod cloudflare_credentials;
mod common_name_only;
mod host_not_in_certificate;
mod issuer_missing;
mod issuer_secret_missing;
mod key_never_rotated;
mod key_size;
mod private_key_in_manifest;
mod redundant_name;
mod secret_with_two_owners;
mod self_signed_published;
mod shim_certificate_taken;
mod solver_class_field;
pub(in crate::rules) mod support;
mod tls_secret_content;
mod wildcard_without_dns;

use crate::Rule;

/// By code.
pub(super) static RULES: &[&Rule] = &[
    &issuer_missing::RULE,
    &secret_with_two_owners::RULE,
    &shim_certificate_taken::RULE,
    &host_not_in_certificate::RULE,
    &acme_contact_refused::RULE,
    &acme_staging::RULE,
    &solver_class_field::RULE,
    &cloudflare_credentials::RULE,
    &wildcard_without_dns::RULE,
    &certificate_duration::RULE,
    &key_size::RULE,
    &key_never_rotated::RULE,
    &common_name_only::RULE,
    &tls_secret_content::RULE,
    &private_key_in_manifest::RULE,
    &self_signed_published::RULE,
    &acme_without_solver::RULE,
    &redundant_name::RULE,
    &issuer_secret_missing::RULE,
];
