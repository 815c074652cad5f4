//! Every format of the report, on findings that have everything: an object and none, other places, repairs, odd text.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be checked has to fail loudly")]
mod schema;

use std::sync::Arc;

use netloom_audit::{Closed, Edit, Fix, Report, Settings, audit, report};
use netloom_objects::{Location, ObjectSet, Severity, Source, parse_source};
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
    let file: Arc<str> = "./a b/web.yaml".into();
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
    let text = report::github(&report, &set);
    assert_eq!(text.lines().count(), report.findings.len(), "a line a finding");
    insta::assert_snapshot!(text);
}

#[test]
fn gitlab() {
    let (report, _) = found();
    let text = report::gitlab(&report);
    assert!(serde_json::from_str::<Value>(&text).unwrap().is_array());
    insta::assert_snapshot!(text);
}

#[test]
fn junit() {
    let (report, set) = found();
    insta::assert_snapshot!(report::junit(&report, &set, &|severity| severity != Severity::Info));
}

#[test]
fn sarif_is_valid() {
    let (report, set) = found();
    let log: Value = serde_json::from_str(&report::sarif(&report, &set)).unwrap();
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
    let log: Value = serde_json::from_str(&report::sarif(&report, &set)).unwrap();
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
        let log: Value = serde_json::from_str(&report::sarif(&report, &set)).unwrap();
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
