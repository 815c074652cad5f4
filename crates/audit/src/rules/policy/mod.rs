//! Rules about network policies.
mod egress_without_dns;

use crate::Rule;

/// By code.
pub(super) static RULES: &[&Rule] = &[&egress_without_dns::RULE];
