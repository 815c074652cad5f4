//! Rules about Gateway API.
use crate::Rule;

/// By code.
pub(super) static RULES: &[&Rule] = &[];
