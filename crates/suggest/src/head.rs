//! What stands at the head of a file of policies: what is not complete, and whom the policies leave alone.
use std::{collections::BTreeMap, sync::Arc};

use crate::{
    ground::Ground,
    suggestion::Suggestion,
    units::{Unit, UnitId},
    yaml::one_line,
};

/// Names that are written of a list.
const NAMED: usize = 12;

/// Lines of comment for each namespace that has something to be said.
pub(crate) fn heads(ground: &Ground<'_>, suggestion: &Suggestion) -> BTreeMap<Arc<str>, String> {
    let mut heads: BTreeMap<Arc<str>, String> = BTreeMap::new();
    for policy in &suggestion.policies {
        heads.entry(policy.namespace.clone()).or_default();
    }
    for (namespace, head) in &mut heads {
        let lines = lines(ground, suggestion, namespace);
        *head = lines.iter().map(|line| format!("# {}\n", one_line(line))).collect();
    }
    heads
}

fn lines(ground: &Ground<'_>, suggestion: &Suggestion, namespace: &str) -> Vec<String> {
    let here = |units: &[UnitId]| -> Vec<String> {
        let units = units.iter().map(|unit| ground.units.get(*unit));
        units.filter(|unit| *unit.namespace == *namespace).map(Unit::title).collect()
    };
    let mut lines = Vec::new();
    let unknown = here(&suggestion.unknown);
    if !unknown.is_empty() {
        lines.push(format!(
            "NOT COMPLETE: nothing but {} is known of {}; say what they need: --needs FILE.",
            suggestion.known_of_unknown(),
            names(&unknown)
        ));
    }
    let mut lacking: BTreeMap<(&str, &str), Vec<UnitId>> = BTreeMap::new();
    for lack in &suggestion.lacks {
        lacking.entry((lack.what.as_str(), lack.how.as_str())).or_default().push(lack.unit);
    }
    for ((what, how), units) in lacking {
        let units = here(&units);
        if !units.is_empty() {
            lines.push(format!("NOT COMPLETE: needs {what}: {}; say {how}.", names(&units)));
        }
    }
    let unwritten = here(&suggestion.unwritten);
    if !unwritten.is_empty() {
        lines.push(format!(
            "NOT COMPLETE: {} without labels: no policy can select them alone; give them labels.",
            names(&unwritten)
        ));
    }
    if let [first, rest @ ..] = ground.others_in(namespace) {
        let more = if rest.is_empty() { String::new() } else { format!(", and {} more reasons", rest.len()) };
        lines.push(format!(
            "Only known pods are selected: others may live in this namespace ({first}{more})."
        ));
    }
    lines
}

/// `a, b and 3 more`.
pub(crate) fn names(names: &[String]) -> String {
    match names.len().checked_sub(NAMED) {
        None | Some(0 | 1) => names.join(", "),
        Some(more) => format!("{} and {more} more", names[..NAMED].join(", ")),
    }
}
