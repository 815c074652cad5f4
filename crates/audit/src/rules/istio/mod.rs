//! Rules about Istio.
use crate::Rule;

/// By code.
pub(super) static RULES: &[&Rule] = &[];
