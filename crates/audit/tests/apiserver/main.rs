//! Holds what `check` refuses against what a real API server refuses: the examples of all rules, and mutations of valid
//! objects of every typed kind. Run by `make apiserver`; prints a table of the disagreements.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be checked has to fail loudly")]
mod ask;
mod mutate;
mod question;

use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf};

use netloom_audit::{Settings, audit, rules};
use netloom_objects::{ObjectSet, Severity, Source, parse_source};
use serde_json::Value;

use ask::ask;
use question::Question;

/// Refusals that depend on the cluster and its objects, or on an admission plugin.
const OF_THE_CLUSTER: [&str; 5] = [
    "provided port is not in the valid range",
    "the provided network does not match the current range",
    "not in the valid range",
    "provided IP is already allocated",
    "no kind is registered",
];

/// Rules that say what the API server refuses, beside those of reading.
const OF_RULES: [&str; 3] = ["IN018", "IN034", "TL014"];

/// Agreement below this is a step back.
const AT_LEAST: f64 = 0.97;

fn main() {
    let mut questions = examples();
    let of_examples = questions.len();
    questions.extend(mutate::all(include_str!("bases.yaml")));
    let answers = ask(&questions);
    let mut table: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let (mut agreed, mut excused, mut log) = (0, 0, String::new());
    for (question, answer) in questions.iter().zip(&answers) {
        let own = refused(&question.manifest);
        if own.is_empty() == answer.accepted {
            agreed += 1;
            continue;
        }
        if !answer.accepted && OF_THE_CLUSTER.iter().any(|reason| answer.message.contains(reason)) {
            excused += 1;
            continue;
        }
        let (who, why) = match answer.accepted {
            true => ("only netloom refuses", own.join("; ")),
            false => ("only the API server refuses", answer.message.clone()),
        };
        let row = format!("{who}: {} {}", question.kind, question.field());
        let entry = table.entry(row).or_insert_with(|| (0, why.clone()));
        entry.0 += 1;
        _ = writeln!(
            log,
            "{who}\n  {}\n  {why}\n  {}\n",
            question.what,
            question.manifest.replace('\n', "\n  ")
        );
    }
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    fs::write(folder.join("apiserver.log"), log).expect("the log can be written");
    let mut rows: Vec<_> = table.into_iter().collect();
    rows.sort_by(|a, b| (b.1.0, &a.0).cmp(&(a.1.0, &b.0)));
    for (row, (count, why)) in &rows {
        println!(
            "{count:5}  {row}\n         {}",
            why.chars().take(220).collect::<String>().replace('\n', " ")
        );
    }
    let asked = questions.len() - excused;
    let share = f64::from(u32::try_from(agreed).unwrap()) / f64::from(u32::try_from(asked).unwrap());
    println!(
        "asked {} objects ({of_examples} of examples); {excused} depend on the cluster; {agreed} of {asked} judged alike ({:.2} %)",
        questions.len(),
        share * 100.0
    );
    println!("each disagreement: {}", folder.join("apiserver.log").display());
    assert!(share >= AT_LEAST, "fewer than {:.0} % are judged alike", AT_LEAST * 100.0);
}

/// What `check` says that the API server would refuse.
fn refused(manifest: &str) -> Vec<String> {
    let source = Source::new("object.yaml", manifest);
    let set = ObjectSet::assemble(vec![std::sync::Arc::new(parse_source(&source))]);
    let report = audit(&set, &Settings::default(), &|rule| {
        rule.code.starts_with("MF0") || OF_RULES.contains(&rule.code)
    });
    let errors = report.findings.into_iter().filter(|finding| finding.severity == Severity::Error);
    errors.map(|finding| format!("{} {}", finding.rule.code, finding.message)).collect()
}

/// Each object of the examples of all rules, where the API server knows its kind.
fn examples() -> Vec<Question> {
    let mut questions = Vec::new();
    for rule in rules() {
        for (which, text) in [("wrong", rule.wrong), ("right", rule.right)] {
            for document in text.split("\n---\n") {
                let set = ObjectSet::assemble(vec![std::sync::Arc::new(parse_source(&Source::new(
                    "a.yaml", document,
                )))]);
                let objects: Vec<_> = set.objects().collect();
                let [object] = objects.as_slice() else { continue };
                let value = object.value("").unwrap_or(Value::Null);
                questions.extend(Question::of(format!("{} {which}", rule.code), document.to_owned(), &value));
            }
        }
    }
    questions
}
