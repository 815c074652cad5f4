//! Rules about monitoring.
use crate::Rule;

/// By code.
pub(super) static RULES: &[&Rule] = &[];
