//! What an explanation consists of.
use std::sync::Arc;

use netloom_objects::{
    ObjectRef, ObjectSet,
    unread::{Reader, Unread},
};
use serde::Serialize;

use crate::lines::Lines;

/// Whether the request gets its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every way that it may take ends with an answer.
    Allowed,
    /// At least one way does not.
    Denied,
}

/// Whether one hop lets the request pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It passes.
    Ok,
    /// It ends here.
    Denied,
}

/// The part of the way that a hop is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Name resolution: whether the DNS can be asked, and what it says.
    Name,
    /// The policies of the source.
    Egress,
    /// The Ingress or route that takes a request from outside.
    Route,
    /// The Service, and the endpoint that it chooses.
    Service,
    /// The policies of the destination.
    Ingress,
    /// The destination itself.
    Answer,
    /// What is different in the cluster's other IP family.
    Note,
}

impl Stage {
    /// `name`, `egress`, …
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Egress => "egress",
            Self::Route => "route",
            Self::Service => "service",
            Self::Ingress => "ingress",
            Self::Answer => "answer",
            Self::Note => "note",
        }
    }
}

/// A line of the input, with the next ones where it is only the beginning of a list's item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// Its number, from 1.
    pub line: u32,
    /// The text, without what the first line is indented by.
    pub text: String,
}

/// One hop of the request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hop {
    /// Which part of the way it is.
    pub stage: Stage,
    /// Whether the request passes.
    #[serde(rename = "verdict")]
    pub outcome: Outcome,
    /// Why, in words.
    pub why: String,
    /// The object and line that decides; none where nothing in the input does.
    pub object: Option<Arc<ObjectRef>>,
    /// What would have to change, or what is better changed; may be of several lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// The text of the object's line, where the input is at hand.
    #[serde(skip)]
    pub excerpt: Option<Excerpt>,
    /// Whether the fix is about the object's line, and not about the request.
    #[serde(skip)]
    pub(crate) at_line: bool,
}

impl Hop {
    /// A hop that lets the request pass.
    pub fn ok(stage: Stage, why: impl Into<String>, object: Option<Arc<ObjectRef>>) -> Self {
        Self {
            stage,
            outcome: Outcome::Ok,
            why: why.into(),
            object,
            fix: None,
            excerpt: None,
            at_line: false,
        }
    }

    /// A hop at which the request ends.
    pub fn denied(stage: Stage, why: impl Into<String>, object: Option<Arc<ObjectRef>>) -> Self {
        Self { outcome: Outcome::Denied, ..Self::ok(stage, why, object) }
    }

    /// What to change at the object's line.
    #[must_use]
    pub fn with_fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), at_line: true, ..self }
    }

    /// What to do otherwise, or elsewhere.
    #[must_use]
    pub fn with_advice(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), at_line: false, ..self }
    }

    /// Whether the request passes.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.outcome == Outcome::Ok
    }
}

/// The hops of one request, in order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// Who asks, by its full name.
    pub from: String,
    /// What was asked for, as it was written.
    pub to: String,
    /// Whether it gets an answer.
    pub verdict: Verdict,
    /// The hops.
    pub hops: Vec<Hop>,
    /// What of the set is not taken into account.
    #[serde(skip_serializing_if = "Unread::is_empty")]
    pub not_judged: Unread,
    /// The pod whose way it is, with its address and node; none where the source is no pod.
    #[serde(skip)]
    pub(crate) asking: Option<String>,
}

impl Explanation {
    /// The explanation that some hops are, with the text of their lines.
    #[must_use]
    pub fn of(from: &str, to: &str, mut hops: Vec<Hop>, objects: Option<&ObjectSet>) -> Self {
        let lines = Lines { objects };
        for hop in &mut hops {
            hop.excerpt = hop.object.as_ref().and_then(|object| lines.excerpt(object));
        }
        let verdict = if hops.iter().all(Hop::is_ok) { Verdict::Allowed } else { Verdict::Denied };
        let not_judged = objects.map(|objects| Unread::of(objects, Reader::Connections)).unwrap_or_default();
        Self { from: from.to_owned(), to: to.to_owned(), verdict, hops, not_judged, asking: None }
    }

    /// Whether the request gets its answer.
    #[must_use]
    pub fn allowed(&self) -> bool {
        self.verdict == Verdict::Allowed
    }
}
