//! What verification found.
use std::sync::Arc;

use netloom_objects::ObjectRef;
use serde::Serialize;

use super::NotProbed;

/// How many connections are predicted to be answered, and how many not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Predicted {
    /// Answered.
    pub allowed: usize,
    /// Not answered, for whatever reason; where endpoints of one Service differ, too.
    pub denied: usize,
}

/// One connection that went otherwise than predicted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Disagreement {
    /// Who opened it.
    pub from: String,
    /// What it was opened to.
    pub to: String,
    /// The address and port.
    pub address: String,
    /// The protocol.
    pub protocol: &'static str,
    /// What should have come of it.
    pub predicted: String,
    /// What came of it.
    pub observed: String,
    /// The object and line that the prediction rests on.
    pub object: Option<Arc<ObjectRef>>,
}

/// The outcome of a verification.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Connections that were opened.
    pub probes: usize,
    /// Those that went as predicted.
    pub agree: usize,
    /// Those that did not.
    pub disagree: Vec<Disagreement>,
    /// What was not opened, and why.
    pub not_probed: Vec<NotProbed>,
    /// What was predicted of all, opened or not.
    pub predicted: Predicted,
    /// What the figures do not tell.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Drops that no node logged a rule for: told by silence alone.
    pub silent: usize,
    /// From the start until the network was ready, in milliseconds.
    pub ready_ms: f64,
    /// How long the probes took, in milliseconds.
    pub probe_ms: f64,
}

impl Report {
    /// Adds another report's findings to this one's.
    pub fn merge(&mut self, other: Self) {
        self.probes += other.probes;
        self.agree += other.agree;
        self.disagree.extend(other.disagree);
        for more in other.not_probed {
            let same = |n: &&mut NotProbed| {
                n.to == more.to && n.protocol == more.protocol && n.reason == more.reason
            };
            match self.not_probed.iter_mut().find(same) {
                Some(known) => known.connections += more.connections,
                None => self.not_probed.push(more),
            }
        }
        self.predicted.allowed += other.predicted.allowed;
        self.predicted.denied += other.predicted.denied;
        self.silent += other.silent;
        self.probe_ms += other.probe_ms;
    }
}
