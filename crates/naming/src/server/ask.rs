//! What is asked of a server, what it has to ask others, and what they said.
use std::{net::IpAddr, sync::Arc};

use super::{Cache, Forward};
use crate::{record::RecordType, response::Reply};

/// Who asks what, and where.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'q> {
    /// In lower case, without the final dot.
    pub name: &'q str,
    /// The type.
    pub rtype: RecordType,
    /// Who asks.
    pub client: Option<IpAddr>,
    /// The port that is asked; any where it does not matter.
    pub port: Option<u16>,
}

/// Something that only another server can say.
#[derive(Clone, Debug)]
pub struct Need {
    /// Whom to ask.
    pub forward: Arc<Forward>,
    /// How the answer may be kept.
    pub cache: Option<Arc<Cache>>,
    /// The name.
    pub name: String,
    /// The type.
    pub rtype: RecordType,
}

/// What other servers said so far.
#[derive(Clone, Debug, Default)]
pub struct Known(Vec<(Need, Reply)>);

impl Known {
    /// Keeps what a server said; none where nobody could be asked, or nobody answered.
    pub fn add(&mut self, need: Need, reply: Reply) {
        self.0.push((need, reply));
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn find(&self, forward: &Arc<Forward>, name: &str, rtype: RecordType) -> Option<&Reply> {
        let fits =
            |need: &Need| Arc::ptr_eq(&need.forward, forward) && need.name == name && need.rtype == rtype;
        self.0.iter().find(|(need, _)| fits(need)).map(|(_, reply)| reply)
    }
}
