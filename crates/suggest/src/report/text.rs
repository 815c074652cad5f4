//! For people.
use std::fmt::Write as _;

use netloom_reach::report::sides::in_words;

use super::Report;
use crate::{Change, Changes, Doubt, UnitId, Unmet, need::ports_in_words};

/// Lists beyond this many names say how many more there are.
const MOST_NAMES: usize = 8;
/// Changes beyond this many are counted.
const MOST_CHANGES: usize = 60;

/// The report without the policies.
#[must_use]
pub fn text(report: &Report<'_>) -> String {
    let mut text = String::new();
    let policies = report.suggestion.policies.len();
    let namespaces = report.suggestion.files().len();
    _ = writeln!(
        text,
        "{} for {} in {}",
        count(policies, "policy", "policies"),
        count(report.chosen.units.len(), "workload", "workloads"),
        count(namespaces, "namespace", "namespaces")
    );
    if !report.chosen.left_out.is_empty() {
        _ = writeln!(
            text,
            "  left out: {} (the system's; name them by -n)",
            report.chosen.left_out.join(", ")
        );
    }
    for origin in &report.suggestion.replaced {
        _ = writeln!(text, "  in place of {origin}");
    }
    for origin in &report.suggestion.staying {
        _ = writeln!(text, "  beside {origin}, which stays: what it allows is added");
    }
    for origin in &report.suggestion.others {
        _ = writeln!(text, "  {origin} stays: it selects pods that are not in the set");
    }
    for namespace in report.suggestion.files().keys() {
        if let [first, ..] = report.ground.others_in(namespace) {
            _ = writeln!(
                text,
                "  in {namespace} only known pods are selected, as others may live there: {first}"
            );
        }
    }
    proof(report, &mut text);
    text.push_str(&changes(report.changes));
    unneeded(report, &mut text);
    doubts(report.doubts, &mut text);
    text
}

fn proof(report: &Report<'_>, text: &mut String) {
    let unmet = &report.proof.unmet;
    let needs = report.proof.asked;
    match unmet.is_empty() {
        true if needs == 0 => text.push_str("\nProof: no need is known\n"),
        true => _ = writeln!(text, "\nProof: {} allowed", count_are(needs, "need is", "needs are")),
        false => {
            let stay = if unmet.len() == 1 { "stays" } else { "stay" };
            let needs = count(needs, "need", "needs");
            _ = writeln!(text, "\nProof: {} of {needs} {stay} shut", unmet.len());
            unmet.iter().for_each(|unmet| self::unmet(unmet, text));
        }
    }
    incomplete(report, text);
    for (file, outcomes) in report.shut {
        let broken = outcomes.iter().filter(|outcome| !outcome.held());
        for outcome in broken {
            for pair in &outcome.broken {
                _ = writeln!(
                    text,
                    "  ✗ {file}:{}: {} -> {} is open on {}",
                    outcome.expectation.line, pair.from, pair.to, pair.ports
                );
            }
        }
        let held = outcomes.iter().filter(|outcome| outcome.held()).count();
        _ = writeln!(text, "  {held} of {} that must be shut are", outcomes.len());
    }
}

/// What is not known of whom, and what could not be written.
fn incomplete(report: &Report<'_>, text: &mut String) {
    let suggestion = report.suggestion;
    let titles = |units: &[UnitId]| -> Vec<String> {
        units.iter().map(|unit| report.ground.units.get(*unit).title()).collect()
    };
    if !suggestion.unknown.is_empty() {
        let all = count(suggestion.chosen.len(), "workload", "workloads");
        let of = names(&titles(&suggestion.unknown));
        let many = suggestion.unknown.len();
        let known = suggestion.known_of_unknown();
        _ = writeln!(text, "  of {all} nothing but {known} is known of {many}: {of}");
    }
    for lack in &suggestion.lacks {
        let of = report.ground.units.get(lack.unit).title();
        _ = writeln!(
            text,
            "  ✗ {of} needs {}, which is not written: {}; say {}",
            lack.what, lack.because, lack.how
        );
    }
    for title in titles(&suggestion.unwritten) {
        _ = writeln!(
            text,
            "  ✗ {title} gets no policy: it has no labels, and whatever selects it selects others that may live there"
        );
    }
}

pub(crate) fn unmet(unmet: &Unmet, text: &mut String) {
    _ = writeln!(text, "  ✗ {} -> {} on {}: {}", unmet.from, unmet.to, unmet.ports, unmet.need.reason);
    for (direction, side) in &unmet.denied {
        _ = writeln!(text, "      {}: {}", direction.name(), in_words(*direction, side));
    }
}

/// What is cut and what is opened.
pub(crate) fn changes(changes: &Changes) -> String {
    let mut text = String::new();
    for (title, none, list) in [
        ("Cut, compared with today:", "Nothing is cut that is possible today.", &changes.cut),
        ("Opened, compared with today:", "", &changes.opened),
    ] {
        if list.is_empty() {
            if !none.is_empty() {
                _ = writeln!(text, "\n{none}");
            }
            continue;
        }
        _ = writeln!(text, "\n{title}");
        list.iter().take(MOST_CHANGES).for_each(|change| self::change(change, &mut text));
        let more = list.len().saturating_sub(MOST_CHANGES);
        if more > 0 {
            _ = writeln!(text, "  and {more} more; -o json has all of them");
        }
    }
    text
}

fn change(change: &Change, text: &mut String) {
    let (from, to) = (names(&change.from), names(&change.to));
    _ = writeln!(text, "  {from} -> {to}: {}", ports_in_words(&change.ports));
    // Where nothing is said of it, everything is open.
    let told = change.because.iter().filter(|because| because.contains("allowed by"));
    for because in told.take(3) {
        _ = writeln!(text, "      {because}");
    }
}

fn names(names: &[String]) -> String {
    let shown = names.iter().take(MOST_NAMES).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST_NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn unneeded(report: &Report<'_>, text: &mut String) {
    let all = report.unneeded();
    if all.is_empty() {
        return;
    }
    text.push_str("\nShut, because nobody is known to need it (if somebody does, declare it in --needs):\n");
    for (unit, ports) in all {
        _ = writeln!(text, "  {unit}: {ports}");
    }
}

pub(crate) fn doubts(doubts: &[Doubt], text: &mut String) {
    if doubts.is_empty() {
        return;
    }
    text.push_str("\nWhat the manifests do not tell:\n");
    for doubt in doubts {
        _ = writeln!(text, "  ? {doubt}");
    }
}

pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn count_are(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => format!("the one {one}"),
        _ => format!("all {number} {many}"),
    }
}
