//! Rules about TLS and certificates.
use crate::Rule;

/// By code.
pub(super) static RULES: &[&Rule] = &[];
