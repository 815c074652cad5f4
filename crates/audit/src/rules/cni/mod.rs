//! Rules about the CNI and kube-proxy.
use crate::Rule;

/// By code.
pub(super) static RULES: &[&Rule] = &[];
