//! What a server says to a question, and why: free of any wire format.
use std::{fmt, sync::Arc};

use netloom_objects::ObjectRef;

use crate::{
    record::{Record, RecordType},
    types,
};

/// A line of the Corefile that had a part in a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The plugin.
    pub plugin: &'static str,
    /// Its line.
    pub at: Arc<ObjectRef>,
    /// The zone that it did it for, of plugins that are counted by theirs.
    pub zone: Option<Arc<str>>,
    /// What it did.
    pub did: Did,
}

/// What a plugin did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Did {
    /// It made the response.
    Answered,
    /// It asks for this name instead.
    Renamed(Arc<str>),
    /// It asks for this type instead.
    Retyped(RecordType),
    /// It refused, or left without answer.
    Refused,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.did {
            Did::Answered => write!(f, "`{}` answers ({})", self.plugin, self.at.at),
            Did::Renamed(name) => write!(f, "`{}` asks for {name} ({})", self.plugin, self.at.at),
            Did::Retyped(rtype) => write!(f, "`{}` asks for {rtype} ({})", self.plugin, self.at.at),
            Did::Refused => write!(f, "`{}` refuses ({})", self.plugin, self.at.at),
        }
    }
}

/// A response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The response code.
    pub rcode: u16,
    /// Whether the server has the name's zone.
    pub authoritative: bool,
    /// Whether records were cut.
    pub truncated: bool,
    /// Whether an upstream server vouches for it (AD).
    pub authentic: bool,
    /// The answer section.
    pub answers: Vec<Record>,
    /// The authority section.
    pub authorities: Vec<Record>,
    /// The additional section.
    pub additionals: Vec<Record>,
    /// The Service or Pod that the answer is from.
    pub source: Option<Arc<ObjectRef>>,
    /// The lines that had a part in it, the first one first; none where netloom's own DNS answers.
    pub steps: Vec<Step>,
    /// The plugin that made it.
    pub plugin: &'static str,
    /// Whether something in it came from another server.
    pub upstream: bool,
    /// Whether its addresses are to be put in another order each time.
    pub shuffled: bool,
}

/// What becomes of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A response that a plugin made.
    Answer(Response),
    /// An empty response with this code, which no plugin made: nobody has the name, or something failed.
    Failed(u16, Vec<Step>),
    /// No response at all.
    Dropped(Vec<Step>),
}

impl Reply {
    /// The lines that had a part in it.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        match self {
            Self::Answer(response) => &response.steps,
            Self::Failed(_, steps) | Self::Dropped(steps) => steps,
        }
    }

    /// The same reply, with a line before all others that had a part in it.
    pub(crate) fn after(mut self, step: Option<Step>) -> Self {
        if let Some(step) = step {
            match &mut self {
                Self::Answer(response) => response.steps.insert(0, step),
                Self::Failed(_, steps) | Self::Dropped(steps) => steps.insert(0, step),
            }
        }
        self
    }
}

impl Response {
    /// A response of a server that has the name's zone.
    pub(crate) fn authoritative(answers: Vec<Record>) -> Self {
        Self { authoritative: true, answers, ..Self::default() }
    }

    /// Every record of it.
    pub fn records_mut(&mut self) -> impl Iterator<Item = &mut Record> {
        self.answers.iter_mut().chain(&mut self.authorities).chain(&mut self.additionals)
    }

    /// Every record of it.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.answers.iter().chain(&self.authorities).chain(&self.additionals)
    }

    /// Whether it denies: the name, or the type at it.
    #[must_use]
    pub fn denies(&self, rtype: RecordType) -> bool {
        self.rcode == types::NXDOMAIN
            || self.rcode == types::NOERROR && !self.answers.iter().any(|r| r.data.rtype() == rtype)
    }
}
