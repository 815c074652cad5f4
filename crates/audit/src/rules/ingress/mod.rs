//! Rules about Ingress.
use crate::Rule;

/// By code.
pub(super) static RULES: &[&Rule] = &[];
