//! Rules about the manifests as such: what reading them and putting them together finds.
mod impossible_cluster;
mod invalid_manifest;
mod suppression_without_reason;
mod unknown_rule_in_suppression;
mod unused_suppression;

use netloom_objects::{Diagnostic, Repair, Severity};

use crate::{Edit, Finding, Fix, Rule};

/// By code.
pub(super) static RULES: &[&Rule] =
    &[&invalid_manifest::RULE, &impossible_cluster::RULE, &REASONLESS, &UNKNOWN, &UNUSED];

pub(crate) use suppression_without_reason::RULE as REASONLESS;
pub(crate) use unknown_rule_in_suppression::RULE as UNKNOWN;
pub(crate) use unused_suppression::RULE as UNUSED;

/// What reading found.
pub(crate) fn unreadable<'d>(
    diagnostics: impl Iterator<Item = &'d Diagnostic>,
    wanted: &dyn Fn(&Rule) -> bool,
) -> Vec<Finding> {
    findings(&invalid_manifest::RULE, diagnostics, wanted)
}

/// What putting the cluster together found, as far as it is an error: the rest has rules of its own.
pub(crate) fn impossible(diagnostics: &[Diagnostic], wanted: &dyn Fn(&Rule) -> bool) -> Vec<Finding> {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    findings(&impossible_cluster::RULE, errors, wanted)
}

fn fix(diagnostic: &Diagnostic, repair: &Repair) -> Fix {
    let (file, text) = (diagnostic.at.file.clone(), repair.text.clone());
    let edits = vec![Edit { file, start: repair.bytes.start, end: repair.bytes.end, text }];
    Fix { title: repair.title.clone(), safe: repair.safe, edits }
}

fn findings<'d>(
    rule: &'static Rule,
    diagnostics: impl Iterator<Item = &'d Diagnostic>,
    wanted: &dyn Fn(&Rule) -> bool,
) -> Vec<Finding> {
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
            fix: diagnostic.repair.as_ref().map(|repair| fix(diagnostic, repair)),
        })
        .collect()
}
