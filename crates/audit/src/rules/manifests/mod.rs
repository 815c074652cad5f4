//! Rules about the manifests as such: what reading them finds.
mod invalid_manifest;

use netloom_objects::{Diagnostic, ObjectSet};

use crate::{Finding, Rule};

/// By code.
pub(super) static RULES: &[&Rule] = &[&invalid_manifest::RULE];

/// What reading and building found, as findings of the rules that stand for it.
pub(crate) fn from_reading<'d>(
    diagnostics: impl Iterator<Item = &'d Diagnostic>,
    _set: &ObjectSet,
    wanted: &dyn Fn(&Rule) -> bool,
) -> Vec<Finding> {
    let rule = &invalid_manifest::RULE;
    if !wanted(rule) {
        return Vec::new();
    }
    diagnostics
        .map(|diagnostic| Finding {
            rule,
            severity: diagnostic.severity,
            message: diagnostic.message.clone(),
            at: diagnostic.at.clone(),
            end: diagnostic.end,
            object: None,
            help: diagnostic.help.clone(),
            related: diagnostic.related.clone(),
            fix: None,
        })
        .collect()
}
