//! Tables of sets and of what some rules find in them.
use std::sync::Arc;

use netloom_audit::{Closed, Settings, audit, render};
use netloom_objects::{ObjectSet, Severity, Source, parse_source};

/// The findings of some rules, as `CODE severity`, each once.
fn found(text: &str, closed: bool, rules: &[&str]) -> (Vec<String>, String) {
    let set = ObjectSet::assemble(vec![Arc::new(parse_source(&Source::new("set.yaml", text)))]);
    assert!(!set.has_errors(), "{}", set.render(false));
    let closed = Closed { everything: closed, ..Closed::default() };
    let settings = Settings { closed, ..Settings::default() };
    let report = audit(&set, &settings, &|rule| rules.contains(&rule.code));
    let words = |severity| match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        _ => "info",
    };
    let mut codes: Vec<String> =
        report.findings.iter().map(|f| format!("{} {}", f.rule.code, words(f.severity))).collect();
    codes.dedup();
    (codes, render(&report.findings, &set, false))
}

/// What it is, the set, whether it is complete, the rules, and what they find.
pub type Case<'c> = (&'c str, String, bool, &'c [&'c str], &'c [&'c str]);

/// Holds the findings against those that are expected.
pub fn check(table: &[Case<'_>]) {
    for (what, text, closed, rules, expected) in table {
        let (codes, shown) = found(text, *closed, rules);
        assert_eq!(codes, *expected, "{what}:\n{text}\n{shown}");
    }
}

/// Several documents as one text.
pub fn join(parts: &[&str]) -> String {
    parts.join("---\n")
}
