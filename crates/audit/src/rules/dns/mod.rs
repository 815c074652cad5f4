//! Rules about DNS.
use crate::Rule;

/// By code.
pub(super) static RULES: &[&Rule] = &[];
