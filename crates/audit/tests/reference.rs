//! docs/rules.md is what the rules say of themselves, and docs/checklist.md what the checklist says.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be checked has to fail loudly")]
use std::{collections::BTreeSet, sync::Arc};

use netloom_audit::{
    Baseline, Closed, Report, Rule, Settings, audit,
    checklist::{self, Status, TOPICS},
    find_rule,
    reference::{reference, text_page},
    rules,
};
use netloom_objects::{ObjectSet, Source, parse_source};

fn is_current(name: &str, page: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    if std::env::var_os("NETLOOM_WRITE_REFERENCE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/{name} is not current; run: NETLOOM_WRITE_REFERENCE=1 cargo test -p netloom-audit --test reference"
    );
}

#[test]
fn the_page_of_all_rules_is_current() {
    is_current("rules.md", &reference());
}

#[test]
fn the_page_of_the_checklist_is_current() {
    is_current("checklist.md", &checklist::page());
}

#[test]
fn the_page_of_versions_is_current() {
    is_current("versions.md", &netloom_audit::versions::page());
}

/// What is found counts for some item: else the checklist would be met where it is not.
#[test]
fn every_rule_decides_an_item() {
    let items = || TOPICS.iter().flat_map(|topic| topic.items);
    let named: BTreeSet<&str> = items().flat_map(|item| item.rules).copied().collect();
    let without: Vec<&str> = rules().map(|rule| rule.code).filter(|code| !named.contains(code)).collect();
    assert!(without.is_empty(), "write these into an item of crates/audit/src/checklist/table: {without:?}");
    let unknown: Vec<&str> = named.into_iter().filter(|code| find_rule(code).is_none()).collect();
    assert!(unknown.is_empty(), "no rule has these codes: {unknown:?}");
    let mut ids = BTreeSet::new();
    for item in items() {
        assert!(ids.insert(item.id), "{} is there twice", item.id);
        assert!(item.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", item.id);
        assert_eq!(item.about.is_empty(), item.rules.is_empty(), "{}: what do its rules look at?", item.id);
        assert!(item.beyond.is_some() || !item.rules.is_empty(), "{} is decided by nothing", item.id);
    }
}

const LOST: &str = "\
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
spec:
  selector: {app: web}
  ports: [{name: http, port: 80}]
";

fn check(text: &str, closed: bool, wanted: &dyn Fn(&Rule) -> bool) -> (Report, ObjectSet) {
    let set = ObjectSet::assemble(vec![Arc::new(parse_source(&Source::new("web.yaml", text)))]);
    let closed = Closed { everything: closed, ..Closed::default() };
    let report = audit(&set, &Settings { closed, ..Settings::default() }, wanted);
    (report, set)
}

#[test]
fn an_item_is_met_only_where_its_rules_looked_at_something() {
    let all = |_: &Rule| true;
    let without = |rule: &Rule| rule.code != "SV002";
    let none = format!(
        "{LOST}---\napiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: shop, labels: {{app: web}}}}\n\
         spec: {{containers: [{{name: web, image: web:1}}]}}\n"
    );
    let excused = LOST.replace("  selector", "  # netloom: ignore[SV001] made by an operator\n  selector");
    type Wanted<'w> = &'w dyn Fn(&Rule) -> bool;
    let table: [(&str, &str, bool, Wanted<'_>, Status, usize); 7] = [
        ("nothing there", "", true, &all, Status::NotApplicable, 0),
        ("something found", LOST, true, &all, Status::NotMet, 0),
        ("nothing found", &none, true, &all, Status::Met, 0),
        ("nothing found, and not everything looked at", &none, false, &all, Status::NotJudged, 0),
        ("nothing found, and a rule is not wanted", &none, true, &without, Status::NotJudged, 0),
        ("found, and another rule is not wanted", LOST, true, &without, Status::NotMet, 0),
        ("suppressed with a reason", &excused, true, &all, Status::Met, 1),
    ];
    for (what, text, closed, wanted, status, excused) in table {
        let (report, _) = check(text, closed, wanted);
        let judged = checklist::judge(&report);
        let item = judged.iter().find(|one| one.item.id == "service-has-endpoints").unwrap();
        assert_eq!((item.status, item.excused), (status, excused), "{what}");
        let undecidable = judged.iter().filter(|one| one.item.rules.is_empty());
        assert!(undecidable.into_iter().all(|one| one.status == Status::Undecidable), "{what}");
    }
}

#[test]
fn what_the_baseline_holds_is_not_met() {
    let (mut report, _) = check(LOST, true, &|_| true);
    let name = |file: &str| file.to_owned();
    let known = Baseline::of(&report, &name);
    assert!(known.apply(&mut report, &name).is_empty());
    assert!(report.findings.is_empty());
    let judged = checklist::judge(&report);
    let item = judged.iter().find(|one| one.item.id == "service-has-endpoints").unwrap();
    assert_eq!((item.status, item.baselined), (Status::NotMet, 1));
}

#[test]
fn the_checklist_as_text_and_as_json() {
    let (report, set) = check(LOST, true, &|_| true);
    insta::assert_snapshot!(checklist::text(&report, false));
    let json = netloom_audit::report::json_with_checklist(&report, &set);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let items = json["checklist"].as_array().unwrap();
    assert_eq!(items.len(), TOPICS.iter().map(|topic| topic.items.len()).sum::<usize>());
    let item = items.iter().find(|item| item["id"] == "service-has-endpoints").unwrap();
    insta::assert_snapshot!(format!("{item:#}"));
    let plain: serde_json::Value = serde_json::from_str(&netloom_audit::report::json(&report, &set)).unwrap();
    assert!(plain.get("checklist").is_none());
}

#[test]
fn a_page_for_the_terminal() {
    insta::assert_snapshot!(text_page(find_rule("selects-nothing").unwrap(), false));
}
