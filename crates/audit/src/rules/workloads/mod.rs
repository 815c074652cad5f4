//! Rules about workloads, as they bear on the network.
use crate::Rule;

/// By code.
pub(super) static RULES: &[&Rule] = &[];
