//! Every format of the report, on findings that have everything: an object and none, other places, repairs, odd text.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be checked has to fail loudly")]
mod schema;

use std::sync::Arc;

use netloom_audit::{Closed, Edit, Fix, Report, Settings, audit, report};
use netloom_objects::{Location, ObjectSet, Origin, Origins, Repository, Severity, Source, parse_source};
use serde_json::Value;

const WEB: &str = "\
apiVersion: v1
kind: Service
metadata:
  name: web
  annotations: {note: \"ä\"}
spec:
  selector: {app: website}
  ports:
    - port: 80
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web:1}]}
";

const POLICY: &str = "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {}
  policyTypes: [Egress]
---
kind: [
";

fn found() -> (Report, ObjectSet) {
    let sources = [("./a b/web.yaml", WEB), ("policy.yaml", POLICY), ("fine.yaml", "")];
    let sources = sources.map(|(name, text)| Arc::new(parse_source(&Source::new(name, text))));
    let set = ObjectSet::assemble(sources.to_vec());
    let closed = Closed { everything: true, ..Closed::default() };
    let mut report = audit(&set, &Settings { closed, ..Settings::default() }, &|rule| {
        ["MF001", "NP001", "SV001"].contains(&rule.code)
    });
    let codes: Vec<&str> = report.findings.iter().map(|f| f.rule.code).collect();
    assert_eq!(codes, ["SV001", "NP001", "MF001"]);
    let service = &mut report.findings[0];
    let start = WEB.find("website").unwrap();
    let file = "./a b/web.yaml".into();
    service.fix(Fix {
        title: "Select `app: web`".to_owned(),
        safe: true,
        edits: vec![Edit { file, start, end: start + "website".len(), text: "web".to_owned() }],
    });
    service.message.push_str(" <100% \"sure\" & more,\nor less: \u{1}");
    report.findings[2].severity = Severity::Info;
    let mut nowhere = report.findings[1].clone();
    nowhere.severity = Severity::Warning;
    nowhere.at = Location::builtin();
    nowhere.end = (0, 0);
    nowhere.object = None;
    report.findings.push(nowhere);
    report.suppressed = 2;
    (report, set)
}

#[test]
fn concise() {
    let (report, _) = found();
    insta::assert_snapshot!(format!("{}{}\n", report::concise(&report), report.in_words()));
}

#[test]
fn json() {
    let (report, set) = found();
    let text = report::json(&report, &set);
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["summary"]["errors"], 2);
    let edit = &value["findings"][0]["fix"]["edits"][0];
    assert_eq!((&edit["start_line"], &edit["start_column"]), (&Value::from(7), &Value::from(19)));
    insta::assert_snapshot!(text);
}

#[test]
fn github() {
    let (report, set) = found();
    let text = report::github(&report, &set, &Repository::default());
    assert_eq!(text.lines().count(), report.findings.len(), "a line a finding");
    insta::assert_snapshot!(text);
}

#[test]
fn gitlab() {
    let (report, _) = found();
    let text = report::gitlab(&report, &Repository::default());
    assert!(serde_json::from_str::<Value>(&text).unwrap().is_array());
    insta::assert_snapshot!(text);
}

#[test]
fn junit() {
    let (report, set) = found();
    insta::assert_snapshot!(
        report::junit(&report, &set, &Repository::default(), &|severity| severity != Severity::Info)
    );
}

#[test]
fn sarif_is_valid() {
    let (report, set) = found();
    let log: Value = serde_json::from_str(&report::sarif(&report, &set, &Repository::default())).unwrap();
    let schema: Value = serde_json::from_str(include_str!("data/sarif-schema-2.1.0.json")).unwrap();
    let faults = schema::faults(&schema, &log);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let mut broken = log.clone();
    broken["runs"][0]["results"][0]["level"] = "fatal".into();
    broken["runs"][0]["results"][1]["line"] = 1.into();
    broken["runs"][0]["results"][2].as_object_mut().unwrap().remove("message");
    assert_eq!(schema::faults(&schema, &broken).len(), 3, "the schema refuses what SARIF does not have");
}

#[test]
fn sarif() {
    let (report, set) = found();
    let log: Value = serde_json::from_str(&report::sarif(&report, &set, &Repository::default())).unwrap();
    let driver = &log["runs"][0]["tool"]["driver"];
    let rules = driver["rules"].as_array().unwrap();
    for result in log["runs"][0]["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
    insta::assert_snapshot!(format!("{:#}", log["runs"][0]["results"]));
}

/// An edit above a finding changes its line, and nothing that it is recognised by.
#[test]
fn fingerprints_survive_lines_that_move() {
    let prints = |text: &str| {
        let set = ObjectSet::assemble(vec![Arc::new(parse_source(&Source::new("web.yaml", text)))]);
        let closed = Closed { everything: true, ..Closed::default() };
        let report =
            audit(&set, &Settings { closed, ..Settings::default() }, &|rule| rule.code.starts_with("SV"));
        let log: Value = serde_json::from_str(&report::sarif(&report, &set, &Repository::default())).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        assert!(!results.is_empty());
        results
            .iter()
            .map(|r| {
                (r["partialFingerprints"].clone(), r["locations"][0]["physicalLocation"]["region"].clone())
            })
            .unzip::<_, _, Vec<_>, Vec<_>>()
    };
    let (before, lines) = prints(WEB);
    let (after, moved) = prints(&format!("# one\n# two\n{WEB}"));
    assert_eq!(before, after);
    assert_ne!(lines, moved);
}

/// Services that select nothing, each with two findings of a closed set.
fn many(count: usize) -> (Report, ObjectSet) {
    let service = |nth: usize| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: s{nth}, namespace: t}}\nspec: {{selector: {{app: x{nth}}}, ports: [{{port: \
             80}}]}}\n"
        )
    };
    let text: Vec<String> = (0..count).map(service).collect();
    let set =
        ObjectSet::assemble(vec![Arc::new(parse_source(&Source::new("big.yaml", &text.join("---\n"))))]);
    let closed = Closed { everything: true, ..Closed::default() };
    let report = audit(&set, &Settings { closed, ..Settings::default() }, &|_| true);
    (report, set)
}

/// GitHub refuses a log with more than 25,000 results in a run.
#[test]
fn code_scanning_gets_the_worst_and_is_told_of_the_rest() {
    let (report, set) = many(13_000);
    assert_eq!(report.findings.len(), 26_000, "two of each Service");
    let log: Value = serde_json::from_str(&report::sarif(&report, &set, &Repository::default())).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 25_000);
    let rank = |result: &Value| match result["level"].as_str() {
        Some("error") => 0,
        Some("warning") => 1,
        _ => 2,
    };
    let ranks: Vec<i32> = results.iter().map(rank).collect();
    assert!(ranks.is_sorted(), "the worst are first");
    let errors = report.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    assert_eq!(
        ranks.iter().filter(|rank| **rank == 0).count(),
        errors.min(25_000),
        "none of the errors is left out"
    );
    let said = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0];
    let left_out = format!("{} findings are left out", report.findings.len() - 25_000);
    assert!(said["message"]["text"].as_str().unwrap().starts_with(&left_out), "{said}");
}

#[test]
fn a_large_report_fits_a_screen() {
    let (report, _) = many(60);
    assert!(report.findings.len() > report::LARGE);
    let text = report::grouped(&report, false);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "error[SV001] × 60 selects nothing", "{text}");
    assert_eq!(lines[1], "  big.yaml:4:8: Service t/s0 selects no pod: none has app=x0", "{text}");
    assert!(text.contains("--all shows each of them"), "{text}");
    assert!(text.lines().count() <= 52 && text.lines().all(|line| line.chars().count() <= 161), "{text}");
}

#[test]
fn paths_are_those_of_the_repository_where_they_are_for_services() {
    let (report, set) = many(1);
    let repository = Repository::new("/r".into(), "/r/deploy".into());
    let sarif: Value = serde_json::from_str(&report::sarif(&report, &set, &repository)).unwrap();
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "deploy/big.yaml");
    let gitlab: Value = serde_json::from_str(&report::gitlab(&report, &repository)).unwrap();
    assert_eq!(gitlab[0]["location"]["path"], "deploy/big.yaml");
    assert!(report::github(&report, &set, &repository).contains(" file=deploy/big.yaml,"));
    let junit = report::junit(&report, &set, &repository, &|_| true);
    assert!(junit.contains("<testsuite name=\"deploy/big.yaml\""), "{junit}");
}

/// What is found in what a program made stands where a person wrote it, in every format, and beside that where it was made.
#[test]
fn rendered_places_lead_to_what_can_be_opened() {
    let text = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  selector:\n    app: a\n  ports:\n  - port: 80\n";
    let lines = (1..=9).map(|line| Origin { file: 1, line: line + 20, shift: 2 }).collect();
    let origins = Origins {
        files: vec!["k/kustomization.yaml".into(), "base/web.yaml".into()],
        lines,
        ..Origins::default()
    };
    let source = Source::rendered("k/<kustomize build>", text, origins);
    let set = ObjectSet::assemble(vec![Arc::new(parse_source(&source))]);
    let closed = Closed { everything: true, ..Closed::default() };
    let report = audit(&set, &Settings { closed, ..Settings::default() }, &|rule| rule.code == "SV001");
    let none = Repository::default();
    let shown = [
        netloom_audit::render(&report.findings, &set, false),
        report::concise(&report),
        report::github(&report, &set, &none),
        report::gitlab(&report, &none),
        report::junit(&report, &set, &none, &|_| true),
        report::json(&report, &set),
        report::sarif(&report, &set, &none),
    ];
    for (format, part) in [
        (0, "base/web.yaml:26:5"),
        (0, "k/<kustomize build>:6:3"),
        (1, "base/web.yaml:26:5: error[SV001]"),
        (1, " [k/<kustomize build>:6]"),
        (2, "::error file=base/web.yaml,line=26,col=5,endLine=26"),
        (3, "\"path\": \"base/web.yaml\""),
        (3, "\"begin\": 26"),
        (4, "<testsuite name=\"base/web.yaml\""),
        (4, "base/web.yaml:26:5: error:"),
    ] {
        assert!(shown[format].contains(part), "{part}:\n{}", shown[format]);
    }
    let json: Value = serde_json::from_str(&shown[5]).unwrap();
    let finding = &json["findings"][0];
    assert_eq!(
        (&finding["file"], &finding["line"], &finding["column"]),
        (&"base/web.yaml".into(), &26.into(), &5.into())
    );
    assert_eq!(finding["rendered"], serde_json::json!({"file": "k/<kustomize build>", "line": 6}));
    let sarif: Value = serde_json::from_str(&shown[6]).unwrap();
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "base/web.yaml");
    assert_eq!((&place["region"]["startLine"], &place["region"]["startColumn"]), (&26.into(), &5.into()));
}

/// A file's name is a stranger's text: it writes no line of its own.
#[test]
fn control_characters_of_names_are_shown() {
    let text = "apiVersion: v1\nkind: Service\nmetadata: {name: \"we\\nb\\e[31m\"}\nspec: {selector: {app: a}, ports: [{port: 80}]}\n";
    let source = Source::new("a\u{1b}[31m\n::error::pwned.yaml", text);
    let set = ObjectSet::assemble(vec![Arc::new(parse_source(&source))]);
    let closed = Closed { everything: true, ..Closed::default() };
    let report = audit(&set, &Settings { closed, ..Settings::default() }, &|_| true);
    assert!(!report.findings.is_empty());
    let none = Repository::default();
    for (format, shown) in [
        ("text", netloom_audit::render(&report.findings, &set, false)),
        ("concise", report::concise(&report)),
        ("github", report::github(&report, &set, &none)),
        ("grouped", report::grouped(&report, false)),
        ("gitlab", report::gitlab(&report, &none)),
        ("junit", report::junit(&report, &set, &none, &|_| true)),
    ] {
        let hidden = shown.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(hidden, None, "{format}: {shown}");
        assert!(!shown.lines().any(|line| line.starts_with("::error::pwned")), "{format}: {shown}");
    }
}
