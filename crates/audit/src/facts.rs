//! One fact gives one finding, although several rules may see it.
use std::collections::{HashMap, HashSet};

use netloom_objects::Location;

use crate::Finding;

/// Rules that see the same at the same place, the best words first.
const FACTS: [&[&str]; 1] = [
    // A Service port of the mesh whose name says nothing.
    &["IS051", "SV007", "SV006"],
];

/// The fact that a rule sees, and how good its words for it are.
fn fact(code: &str) -> Option<(usize, usize)> {
    let place = |(nth, codes): (usize, &&[&str])| Some((nth, codes.iter().position(|known| *known == code)?));
    FACTS.iter().enumerate().find_map(place)
}

/// Leaves the gravest finding of each fact. Whoever suppressed one of them has suppressed the fact.
pub(crate) fn once(findings: &mut Vec<Finding>, suppressed: &[Finding]) {
    let mut best: HashMap<(usize, Location), (netloom_objects::Severity, usize)> = HashMap::new();
    for finding in &*findings {
        if let Some((fact, words)) = fact(finding.rule.code) {
            let rank = (finding.severity, words);
            let known = best.entry((fact, finding.at.clone())).or_insert(rank);
            *known = rank.min(*known);
        }
    }
    if best.is_empty() {
        return;
    }
    let excused: HashSet<(usize, &Location)> =
        suppressed.iter().filter_map(|finding| Some((fact(finding.rule.code)?.0, &finding.at))).collect();
    findings.retain(|finding| {
        let Some((fact, words)) = fact(finding.rule.code) else { return true };
        !excused.contains(&(fact, &finding.at))
            && best.get(&(fact, finding.at.clone())) == Some(&(finding.severity, words))
    });
}

/// Takes out what is said of a Namespace again, because the input holds several copies of it: it is one namespace.
pub(crate) fn once_a_namespace(findings: &mut Vec<Finding>) {
    let mut said: HashSet<(&'static str, String)> = HashSet::new();
    findings.retain(|finding| {
        let is_of_namespace = finding.object.as_ref().is_some_and(|object| &*object.kind == "Namespace");
        !is_of_namespace
            || finding.rule.code.starts_with("MF")
            || said.insert((finding.rule.code, finding.message.clone()))
    });
}
