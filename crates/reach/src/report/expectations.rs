//! Outcomes of expectations: as text, JSON, and JUnit.
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{json::ranges, sides::in_words, xml::Escaped};
use crate::{
    expect::{Broken, Outcome, table},
    reach::Reach,
};

/// Pairs that are named of one expectation, where more would bury the rest.
const NAMED: usize = 5;

/// For people: each refused expectation at its line, and how many there were.
#[must_use]
pub fn text(file: &str, outcomes: &[Outcome], reach: &Reach) -> String {
    let mut text = String::new();
    let refused = outcomes.iter().filter(|outcome| !outcome.held());
    for outcome in refused {
        // Writing to a String cannot fail.
        _ = writeln!(text, "{file}:{}: {}", outcome.expectation.line, outcome.expectation);
        for line in details(outcome, reach) {
            _ = writeln!(text, "    {line}");
        }
    }
    let held = outcomes.iter().filter(|outcome| outcome.held()).count();
    let noun = if outcomes.len() == 1 { "expectation" } else { "expectations" };
    _ = writeln!(text, "{} {noun}, {held} as expected, {} not", outcomes.len(), outcomes.len() - held);
    text
}

fn details(outcome: &Outcome, reach: &Reach) -> Vec<String> {
    let mut lines: Vec<String> =
        outcome.broken.iter().take(NAMED).flat_map(|broken| of_pair(outcome, broken, reach)).collect();
    if outcome.broken.len() > NAMED {
        lines.push(format!("and {} more of {} pairs", outcome.broken.len() - NAMED, outcome.asked));
    }
    lines
}

/// What is wrong about a pair, with the side that decides.
fn of_pair(outcome: &Outcome, broken: &Broken, reach: &Reach) -> Vec<String> {
    let found = if outcome.expectation.allowed { "denied" } else { "allowed" };
    let mut lines = vec![format!("{} => {} : {} is {found}", broken.from, broken.to, broken.ports)];
    let whys = reach.why(broken.answer.from, broken.answer.to);
    let concerned = whys
        .iter()
        .find(|why| why.allowed() != outcome.expectation.allowed && !why.ports.and(&broken.ports).is_none());
    let Some(why) = concerned else { return lines };
    let sides = [
        (netloom_policy::Direction::Egress, &why.egress),
        (netloom_policy::Direction::Ingress, &why.ingress),
    ];
    for (direction, side) in sides {
        if why.allowed() || !side.allowed {
            lines.push(format!("  {}: {}", direction.name(), in_words(direction, side)));
        }
    }
    lines
}

/// For programs.
#[must_use]
pub fn json(file: &str, outcomes: &[Outcome], reach: &Reach) -> Value {
    let of_outcome = |outcome: &Outcome| {
        let of_broken = |broken: &Broken| {
            json!({
                "src": broken.from,
                "dst": broken.to,
                "conn": broken.ports.to_string(),
                "ports": ranges(&broken.ports),
                "why": of_pair(outcome, broken, reach)[1..],
            })
        };
        json!({
            "file": file,
            "line": outcome.expectation.line,
            "expectation": outcome.expectation.to_string(),
            "namespace": outcome.expectation.namespace,
            "held": outcome.held(),
            "pairs": outcome.asked,
            "broken": outcome.broken.iter().map(of_broken).collect::<Vec<_>>(),
        })
    };
    json!({"expectations": outcomes.iter().map(of_outcome).collect::<Vec<_>>()})
}

/// JUnit XML: a suite a file, a case an expectation.
#[must_use]
pub fn junit(file: &str, outcomes: &[Outcome], reach: &Reach) -> String {
    cases_as_junit("netloom reach", file, &cases(outcomes, reach))
}

/// A case an expectation.
#[must_use]
pub fn cases(outcomes: &[Outcome], reach: &Reach) -> Vec<Case> {
    let case = |outcome: &Outcome| Case {
        name: outcome.expectation.to_string(),
        line: outcome.expectation.line,
        failure: (!outcome.held()).then(|| details(outcome, reach).join("\n")),
    };
    outcomes.iter().map(case).collect()
}

/// A table of verdicts for people: the rows that are not as expected, and how many there were.
#[must_use]
pub fn table_text(file: &str, table: &table::Table, wrong: &[table::Wrong<'_>]) -> String {
    let mut text = String::new();
    for wrong in wrong {
        _ = writeln!(text, "{file}:{}: {}", wrong.row.line, of_row(wrong));
    }
    let rows = table.asked().count();
    _ = writeln!(text, "{rows} rows, {} as expected, {} not", rows - wrong.len(), wrong.len());
    text
}

fn of_row(wrong: &table::Wrong<'_>) -> String {
    let row = wrong.row;
    let words = |[ingress, egress, combined]: [bool; 3]| {
        let word = |allowed| if allowed { "allowed" } else { "blocked" };
        format!("ingress {}, egress {}, combined {}", word(ingress), word(egress), word(combined))
    };
    let expected = words([row.ingress, row.egress, row.combined]);
    let connection = format!("{} => {} : {} {}", row.from, row.to, row.protocol, row.port);
    format!("{connection}: expected {expected}; found {}", words(wrong.found))
}

/// A table of verdicts for programs.
#[must_use]
pub fn table_json(file: &str, table: &table::Table, wrong: &[table::Wrong<'_>]) -> Value {
    let of_row =
        |wrong: &table::Wrong<'_>| json!({"file": file, "line": wrong.row.line, "message": of_row(wrong)});
    json!({"rows": table.asked().count(), "broken": wrong.iter().map(of_row).collect::<Vec<_>>()})
}

/// A table of verdicts as JUnit XML.
#[must_use]
pub fn table_junit(file: &str, table: &table::Table, wrong: &[table::Wrong<'_>]) -> String {
    let case = |row: &table::Row| Case {
        name: format!("{} => {} : {} {}", row.from, row.to, row.protocol, row.port),
        line: row.line,
        failure: wrong.iter().find(|wrong| wrong.row.line == row.line).map(of_row),
    };
    cases_as_junit("netloom reach", file, &table.asked().map(case).collect::<Vec<_>>())
}

/// One case of a JUnit report.
#[derive(Clone, Debug)]
pub struct Case {
    /// What was asked.
    pub name: String,
    /// Where in the file.
    pub line: usize,
    /// What went wrong; its first line is the message.
    pub failure: Option<String>,
}

/// JUnit XML of what a tool asked, with one suite that is called as a file is.
#[must_use]
pub fn cases_as_junit(tool: &str, file: &str, cases: &[Case]) -> String {
    let failures = cases.iter().filter(|case| case.failure.is_some()).count();
    let counts = format!("tests=\"{}\" failures=\"{failures}\"", cases.len());
    let file = Escaped(file);
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    _ = writeln!(xml, "<testsuites name=\"{tool}\" {counts}>");
    _ = writeln!(xml, "  <testsuite name=\"{file}\" {counts} errors=\"0\">");
    for case in cases {
        let name = Escaped(&case.name);
        _ = write!(
            xml,
            "    <testcase name=\"{name}\" classname=\"{file}\" file=\"{file}\" line=\"{}\"",
            case.line
        );
        _ = match &case.failure {
            None => writeln!(xml, "/>"),
            Some(details) => {
                let message = Escaped(details.lines().next().unwrap_or_default());
                let details = Escaped(details);
                writeln!(xml, ">\n      <failure message=\"{message}\">{details}</failure>\n    </testcase>")
            }
        };
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}
