//! What a rule found, and where.
use std::sync::Arc;

use netloom_objects::{Location, Object, ObjectRef, Severity};

use crate::{Fix, Rule};

/// One finding.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static Rule,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in a sentence that names the things by their names.
    pub message: String,
    /// Where it begins.
    pub at: Location,
    /// Line and column (from 1) just behind its end.
    pub end: (u32, u32),
    /// The object that it is in; none for what is no object.
    pub object: Option<Arc<ObjectRef>>,
    /// What to do.
    pub help: Option<String>,
    /// Other places that belong to it, each with what it is.
    pub related: Vec<(Location, String)>,
    /// A repair that can be applied.
    pub fix: Option<Fix>,
    /// The sets that have it; empty where only one set is judged.
    pub sets: Vec<Arc<str>>,
}

impl Finding {
    /// What to do, in a sentence.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Another place that belongs to it, with a few words on what is there.
    pub fn related(&mut self, object: &Object, path: &str, what: impl Into<String>) -> &mut Self {
        self.related.push((object.locate(path), what.into()));
        self
    }

    /// Another severity than the rule's.
    pub fn severity(&mut self, severity: Severity) -> &mut Self {
        self.severity = severity;
        self
    }

    /// A repair that can be applied; `None` where the text leaves none.
    pub fn fix(&mut self, fix: impl Into<Option<Fix>>) -> &mut Self {
        self.fix = fix.into();
        self
    }
}

/// Takes the findings of one rule.
#[derive(Debug)]
pub struct Findings<'a> {
    rule: &'static Rule,
    found: &'a mut Vec<Finding>,
}

impl<'a> Findings<'a> {
    pub(crate) fn new(rule: &'static Rule, found: &'a mut Vec<Finding>) -> Self {
        Self { rule, found }
    }

    /// A finding at a field of an object: at its key, or at an item of a list. Where the field is not written, at the
    /// nearest that is. An empty path is the object itself.
    pub fn add(&mut self, object: &Object, path: &str, message: impl Into<String>) -> &mut Finding {
        let at = object.locate(path);
        let end = (at.line, at.column);
        self.add_at(at, end, Some(&object.reference), message)
    }

    /// A finding at a place in a file.
    pub fn add_at(
        &mut self,
        at: Location,
        end: (u32, u32),
        object: Option<&Arc<ObjectRef>>,
        message: impl Into<String>,
    ) -> &mut Finding {
        self.found.push(Finding {
            rule: self.rule,
            severity: self.rule.severity,
            message: message.into(),
            at,
            end,
            object: object.cloned(),
            help: None,
            related: Vec::new(),
            fix: None,
            sets: Vec::new(),
        });
        let last = self.found.len() - 1;
        &mut self.found[last]
    }
}
