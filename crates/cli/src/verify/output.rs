//! How a verification is written: for people, as JSON, as JUnit XML for CI.
use std::{collections::BTreeMap, fmt::Write as _};

use netloom_embedded::verify::{Disagreement, Report};
use netloom_objects::unread::Unread;
use netloom_reach::report::expectations::{Case, cases_as_junit};

/// Disagreements that are listed for people; programs get all.
const LISTED: usize = 50;

/// For people: a line a disagreement, and a summary.
pub fn text(report: &Report) -> String {
    let mut text = String::new();
    for d in report.disagree.iter().take(LISTED) {
        _ = writeln!(text, "{}", of(d));
    }
    if report.disagree.len() > LISTED {
        _ = writeln!(text, "… and {} more", report.disagree.len() - LISTED);
    }
    let mut not_probed: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    for n in &report.not_probed {
        let of_reason = not_probed.entry((n.reason, n.protocol)).or_default();
        *of_reason = (of_reason.0 + n.connections, of_reason.1 + 1);
    }
    for ((reason, protocol), (connections, targets)) in not_probed {
        _ = writeln!(text, "not probed: {connections} {protocol} connections to {targets} targets: {reason}");
    }
    for note in &report.notes {
        _ = writeln!(text, "note: {note}");
    }
    _ = writeln!(
        text,
        "{} connections opened, {} as predicted, {} not ({} predicted allowed, {} denied; ready in {:.0} ms, probed in {:.1} s)",
        report.probes,
        report.agree,
        report.disagree.len(),
        report.predicted.allowed,
        report.predicted.denied,
        report.ready_ms,
        report.probe_ms / 1e3,
    );
    text
}

/// For programs.
pub fn json(report: &Report, not_served: &Unread) -> serde_json::Result<serde_json::Value> {
    let mut document = serde_json::to_value(report)?;
    if !not_served.is_empty() {
        document["not_served"] = serde_json::to_value(not_served)?;
    }
    Ok(document)
}

fn of(d: &Disagreement) -> String {
    let object = d.object.as_ref().map_or_else(String::new, |o| format!(" by {o}"));
    format!(
        "✗ {} → {} {} ({})\n    predicted: {}{object}\n    observed:  {}",
        d.from, d.to, d.protocol, d.address, d.predicted, d.observed
    )
}

/// The packets as one case: whether each went as predicted.
pub fn packets(report: &Report) -> Case {
    let disagreements: Vec<String> = report.disagree.iter().map(of).collect();
    Case {
        name: format!("{} connections go as predicted", report.probes),
        line: 1,
        failure: (!disagreements.is_empty())
            .then(|| format!("{} do not\n{}", disagreements.len(), disagreements.join("\n"))),
    }
}

/// JUnit XML; `name` is that of the suite: the file of expectations, or the manifests.
pub fn junit(name: &str, cases: &[Case]) -> String {
    cases_as_junit("netloom verify", name, cases)
}
