//! Rules about Services.
mod selects_nothing;

use crate::Rule;

/// By code.
pub(super) static RULES: &[&Rule] = &[&selects_nothing::RULE];
