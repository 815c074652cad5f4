//! Rules about the manifests as such: what reading them and putting them together finds.
mod deprecated_field;
mod deprecated_version;
mod duplicate_key;
mod given_twice;
mod impossible_cluster;
mod invalid_value;
mod lost_indentation;
mod no_object;
mod not_applied;
mod pod_kept_out;
mod removed_field;
mod removed_version;
mod suppression_without_reason;
mod too_new;
mod unknown_field;
mod unknown_kind;
mod unknown_rule_in_suppression;
mod unknown_value;
mod unreadable_document;
mod unrendered_template;
mod unused_suppression;
mod wrong_type;

use netloom_objects::{Cause, Diagnostic, Location, Repair, Severity};

use crate::{Edit, Fix};
use crate::{
    Finding, Rule, Version,
    versions::{Change, Fate, What},
};

/// By code.
pub(super) static RULES: &[&Rule] = &[
    &unreadable_document::RULE,
    &impossible_cluster::RULE,
    &unknown_field::RULE,
    &duplicate_key::RULE,
    &wrong_type::RULE,
    &invalid_value::RULE,
    &lost_indentation::RULE,
    &given_twice::RULE,
    &unrendered_template::RULE,
    &no_object::RULE,
    &unknown_kind::RULE,
    &not_applied::RULE,
    &pod_kept_out::RULE,
    &UNKNOWN_VALUE,
    &REASONLESS,
    &UNKNOWN,
    &UNUSED,
    &removed_version::RULE,
    &deprecated_version::RULE,
    &removed_field::RULE,
    &deprecated_field::RULE,
    &too_new::RULE,
];

pub(crate) use suppression_without_reason::RULE as REASONLESS;
pub(crate) use unknown_rule_in_suppression::RULE as UNKNOWN;
pub(crate) use unknown_value::RULE as UNKNOWN_VALUE;
pub(crate) use unused_suppression::RULE as UNUSED;

/// The rule for what reading found; none where another rule says it.
fn rule_of(cause: Cause) -> Option<&'static Rule> {
    match cause {
        Cause::Syntax => Some(&unreadable_document::RULE),
        Cause::UnknownField => Some(&unknown_field::RULE),
        Cause::DuplicateKey => Some(&duplicate_key::RULE),
        Cause::WrongType => Some(&wrong_type::RULE),
        Cause::InvalidValue | Cause::LooseAddress => Some(&invalid_value::RULE),
        Cause::Unknown => Some(&UNKNOWN_VALUE),
        Cause::LostIndentation => Some(&lost_indentation::RULE),
        Cause::GivenTwice => Some(&given_twice::RULE),
        Cause::Template => Some(&unrendered_template::RULE),
        Cause::NoObject | Cause::Foreign => Some(&no_object::RULE),
        Cause::UnknownKind => Some(&unknown_kind::RULE),
        Cause::NotApplied => Some(&not_applied::RULE),
        Cause::Cluster => Some(&impossible_cluster::RULE),
        Cause::KeptOut => Some(&pod_kept_out::RULE),
        // Whether the targeted version still serves it is for the table of versions to say.
        Cause::FormerVersion => None,
    }
}

/// The rows of the table of versions that no other rule reports, of one fate, about whole kinds or not.
fn wanted(fate: Fate, of_kinds: bool) -> impl Fn(&Change, Fate) -> bool {
    move |change, found| {
        change.by.is_none() && found == fate && of_kinds == matches!(change.what, What::Version(_))
    }
}

/// What reading found.
pub(crate) fn unreadable<'d>(
    diagnostics: impl Iterator<Item = &'d Diagnostic>,
    kube: Version,
    wanted: &dyn Fn(&Rule) -> bool,
) -> Vec<Finding> {
    diagnostics
        .filter_map(|diagnostic| Some((rule_of(diagnostic.cause)?, diagnostic)))
        .filter(|(rule, _)| wanted(rule))
        .map(|(rule, diagnostic)| finding(rule, diagnostic, kube))
        .collect()
}

/// What putting the cluster together found, as far as it is an error or keeps a pod out: the rest has rules of its own.
pub(crate) fn impossible(
    diagnostics: &[Diagnostic],
    kube: Version,
    wanted: &dyn Fn(&Rule) -> bool,
) -> Vec<Finding> {
    let found = |diagnostic: &&Diagnostic| {
        diagnostic.severity == Severity::Error || diagnostic.cause == Cause::KeptOut
    };
    unreadable(diagnostics.iter().filter(found), kube, wanted)
}

/// The API server refuses addresses that are written loosely since this version.
const STRICT_ADDRESSES: Version = Version::new(1, 36);

/// Takes out what reading said of fields that were there once: the table of versions says more about them.
pub(crate) fn drop_known_once(findings: &mut Vec<Finding>) {
    let gone: Vec<Location> = findings
        .iter()
        .filter(|finding| *finding.rule == removed_field::RULE)
        .map(|finding| finding.at.clone())
        .collect();
    findings.retain(|finding| *finding.rule != unknown_field::RULE || !gone.contains(&finding.at));
}

fn finding(rule: &'static Rule, diagnostic: &Diagnostic, kube: Version) -> Finding {
    let refused = diagnostic.cause == Cause::LooseAddress && kube >= STRICT_ADDRESSES;
    Finding {
        rule,
        severity: if refused { Severity::Error } else { diagnostic.severity },
        message: diagnostic.message.clone(),
        at: diagnostic.at.clone(),
        end: diagnostic.end,
        object: None,
        help: diagnostic.help.clone(),
        related: diagnostic.related.clone(),
        fix: diagnostic.repair.as_ref().map(|repair| fix(diagnostic, repair)),
        sets: Vec::new(),
    }
}

fn fix(diagnostic: &Diagnostic, repair: &Repair) -> Fix {
    let (file, text) = (diagnostic.at.file.clone(), repair.text.clone());
    let edits = vec![Edit { file, start: repair.bytes.start, end: repair.bytes.end, text }];
    Fix { title: repair.title.clone(), safe: repair.safe, edits }
}
