//! Collects what is to be said about the objects while they are turned into the Snapshot.
use netloom_objects::{Cause, Diagnostic, Location, Object, Severity};

/// Findings in the order in which they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings(pub Vec<Diagnostic>);

impl Findings {
    /// What the API server would refuse, or what cannot be built.
    pub fn error(&mut self, at: Location, message: impl Into<String>) -> Finding<'_> {
        self.push(Severity::Error, at, message.into())
    }

    /// What is accepted, and most likely not meant.
    pub fn warning(&mut self, at: Location, message: impl Into<String>) -> Finding<'_> {
        self.push(Severity::Warning, at, message.into())
    }

    /// What is good to know.
    pub fn info(&mut self, at: Location, message: impl Into<String>) -> Finding<'_> {
        self.push(Severity::Info, at, message.into())
    }

    fn push(&mut self, severity: Severity, at: Location, message: String) -> Finding<'_> {
        let end = (at.line, at.column);
        self.0.push(Diagnostic {
            severity,
            cause: Cause::Cluster,
            message,
            at,
            end,
            help: None,
            related: Vec::new(),
            repair: None,
        });
        Finding(self.0.last_mut())
    }
}

/// The finding just made, to add to.
pub struct Finding<'a>(Option<&'a mut Diagnostic>);

impl Finding<'_> {
    /// What to do about it.
    pub fn help(self, help: impl Into<String>) -> Self {
        let Self(mut finding) = self;
        if let Some(d) = &mut finding {
            d.help = Some(help.into());
        }
        Self(finding)
    }

    /// It is about a pod that does not get to serve.
    pub fn kept_out(self) -> Self {
        let Self(mut finding) = self;
        if let Some(d) = &mut finding {
            d.cause = Cause::KeptOut;
        }
        Self(finding)
    }

    /// Another place that belongs to it.
    pub fn related(self, at: Location, what: impl Into<String>) -> Self {
        let Self(mut finding) = self;
        if let Some(d) = &mut finding {
            d.related.push((at, what.into()));
        }
        Self(finding)
    }
}

/// `Service shop/api`, for messages: the line is the finding's own.
pub fn title(object: &Object) -> String {
    match &object.reference.namespace {
        Some(namespace) => format!("{} {namespace}/{}", object.kind, object.name),
        None => format!("{} {}", object.kind, object.name),
    }
}
