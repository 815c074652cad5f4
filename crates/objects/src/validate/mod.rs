//! What the API server would refuse of a well-typed object, as far as it matters for the network.
use crate::{Object, findings::Findings};
pub(crate) fn object(_object: &Object, _findings: &mut Findings<'_>) {}
