//! Every rule finds its mistake in its own wrong example, and nothing in the right one.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be checked has to fail loudly")]
use std::{collections::BTreeSet, sync::Arc};

use netloom_audit::{AREAS, Closed, Report, Rule, Settings, audit, render, rules};
use netloom_objects::{ObjectSet, Source, parse_source};

fn read(text: &str) -> ObjectSet {
    ObjectSet::assemble(vec![Arc::new(parse_source(&Source::new("example.yaml", text)))])
}

fn found(rule: &Rule, set: &ObjectSet) -> Report {
    let closed = Closed { everything: rule.closed, ..Closed::default() };
    let mut settings = Settings { closed, ..Settings::default() };
    // Examples of versions say in their first line for which they are.
    let first = set.sources.first().and_then(|source| source.source.text.lines().next());
    if let Some((_, version)) = first.and_then(|line| line.split_once("--kube-version ")) {
        settings.kube_version = version.parse().unwrap();
    }
    audit(set, &settings, &|other| other == rule)
}

#[test]
fn wrong_examples_are_found() {
    for rule in rules() {
        let set = read(rule.wrong);
        let report = found(rule, &set);
        assert!(!report.findings.is_empty(), "{} finds nothing in its wrong example", rule.code);
        let shown = render(&report.findings, &set, false);
        insta::with_settings!({ description => rule.finds, omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(format!("{}-{}", rule.code, rule.name), shown);
        });
    }
}

#[test]
fn right_examples_are_left_alone() {
    for rule in rules() {
        let set = read(rule.right);
        let shown = render(&found(rule, &set).findings, &set, false);
        assert!(shown.is_empty(), "{} finds this in its right example:\n{shown}", rule.code);
    }
}

/// Readers copy examples: apart from the mistake that they show, they have to be valid.
#[test]
fn examples_are_valid() {
    for rule in rules().filter(|rule| !rule.code.starts_with("MF")) {
        for (which, text) in [("wrong", rule.wrong), ("right", rule.right)] {
            let set = read(text);
            assert!(!set.has_errors(), "the {which} example of {}:\n{}", rule.code, set.render(false));
        }
    }
}

#[test]
fn codes_and_names_are_unique_and_in_form() {
    let mut seen = BTreeSet::new();
    for area in &AREAS {
        let codes: Vec<&str> = area.rules.iter().map(|rule| rule.code).collect();
        assert!(
            codes.is_sorted(),
            "the rules of {} are not in the order of their codes: {codes:?}",
            area.prefix
        );
        for rule in area.rules {
            let number = rule.code.strip_prefix(area.prefix).expect("a code begins with its area's letters");
            assert!(number.len() == 3 && number.parse::<u16>().is_ok(), "{}", rule.code);
            assert!(
                rule.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                "{}",
                rule.name
            );
            assert!(
                seen.insert(rule.code) && seen.insert(rule.name),
                "{} {} is there twice",
                rule.code,
                rule.name
            );
        }
    }
}
