//! Findings as people read them.
use std::sync::Arc;

use netloom_objects::{Cause, Diagnostic, ObjectSet, Source, render_coded};

use crate::Finding;

impl Finding {
    fn to_diagnostic(&self) -> Diagnostic {
        let fix = self
            .fix
            .as_ref()
            .map(|fix| if fix.safe { format!("{} (`--fix` does it)", fix.title) } else { fix.title.clone() });
        // A place that is of one set only tells which one.
        let sets = (self.sets.len() > 1).then(|| format!("found in the sets {}", folded(&self.sets)));
        let help: Vec<&str> =
            self.help.as_deref().into_iter().chain(fix.as_deref()).chain(sets.as_deref()).collect();
        Diagnostic {
            severity: self.severity,
            // Drawing does not look at it: the code says it.
            cause: Cause::InvalidValue,
            message: self.message.clone(),
            at: self.at.clone(),
            end: self.end,
            help: (!help.is_empty()).then(|| help.join("\n")),
            related: self.related.clone(),
            repair: None,
        }
    }
}

/// Sets that are named, before the rest is counted.
const NAMED: usize = 4;

fn folded(sets: &[Arc<str>]) -> String {
    match sets.len().checked_sub(NAMED) {
        None | Some(0 | 1) => sets.join(", "),
        Some(more) => format!("{} and {more} more", sets[..NAMED].join(", ")),
    }
}

/// Draws findings with the lines that they are about, an empty line between them.
#[must_use]
pub fn render(findings: &[Finding], set: &ObjectSet, color: bool) -> String {
    let sources: Vec<Source> = set.sources.iter().map(|s| s.source.clone()).collect();
    let coded: Vec<(String, Diagnostic)> = findings
        .iter()
        .map(|finding| (format!("{} {}", finding.rule.code, finding.rule.name), finding.to_diagnostic()))
        .collect();
    render_coded(coded.iter().map(|(code, diagnostic)| (code.as_str(), diagnostic)), &sources, color)
}
