//! The comment that suppresses a finding is written where it suppresses that finding, and nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be checked has to fail loudly")]
use std::sync::Arc;

use netloom_audit::{Closed, Finding, Report, Settings, apply, audit, rules, suppression};
use netloom_objects::{ObjectSet, Origin, Origins, Source, parse_source};

fn check(source: &Source, code: &str) -> Report {
    let set = ObjectSet::assemble(vec![Arc::new(parse_source(source))]);
    let closed = Closed { everything: true, ..Closed::default() };
    audit(&set, &Settings { closed, ..Settings::default() }, &|rule| rule.code == code)
}

fn suppressed(source: &Source, finding: &Finding) -> Option<Source> {
    let fix = suppression(source, finding)?;
    let edits: Vec<_> = fix.edits.iter().collect();
    Some(Source::new(&source.name, &apply(&source.text, &edits)))
}

/// What a finding says and how many lines it is below the one that got its comment.
fn others<'f>(report: &'f Report, gone: &Finding) -> Vec<&'f str> {
    report.findings.iter().filter(|f| f.at.line != gone.at.line).map(|f| &*f.message).collect()
}

#[test]
fn findings_of_all_examples_can_be_suppressed_where_they_stand() {
    let (mut all, mut written) = (0, 0);
    for rule in rules().filter(|rule| !rule.code.starts_with("MF1")) {
        let source = Source::new("example.yaml", rule.wrong);
        let before = check(&source, rule.code);
        for finding in &before.findings {
            all += 1;
            let Some(after) = suppressed(&source, finding) else {
                eprintln!("{} {}: nowhere", rule.code, finding.at);
                continue;
            };
            written += 1;
            let report = check(&after, rule.code);
            assert!(report.suppressed >= 1, "{}: {}\n{}", rule.code, finding.message, after.text);
            let left: Vec<&str> = report.findings.iter().map(|f| &*f.message).collect();
            assert_eq!(left, others(&before, finding), "{}\n{}", rule.code, after.text);
        }
    }
    assert!(all >= 290 && written * 100 >= all * 97, "only {written} of {all} can be suppressed");
}

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  selector: {app: a}\n  ports: [{port: 80}]\n";

#[test]
fn comments_stand_where_they_belong() {
    let comment = "# netloom: ignore[SV001] reason";
    let table = [
        ("above", SERVICE.to_owned(), Some(SERVICE.replace("  selector", &format!("  {comment}\n  selector")))),
        (
            "above with the line's own ending",
            SERVICE.replace('\n', "\r\n"),
            Some(SERVICE.replace("  selector", &format!("  {comment}\n  selector")).replace('\n', "\r\n")),
        ),
        (
            "above a line that has a comment",
            SERVICE.replace("{app: a}", "{app: a} # all of it"),
            Some(SERVICE.replace("  selector: {app: a}", &format!("  {comment}\n  selector: {{app: a}} # all of it"))),
        ),
        (
            "behind the first line of a document, which a comment above would not stop at",
            "\u{feff}{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: a}, ports: [{port: 80}]}}"
                .to_owned(),
            Some(format!(
                "\u{feff}{{apiVersion: v1, kind: Service, metadata: {{name: web}}, spec: {{selector: {{app: a}}, ports: [{{port: 80}}]}}}} {comment}"
            )),
        ),
        (
            "nowhere in JSON that is one line with a comment's mark in it",
            "{\"apiVersion\": \"v1\", \"kind\": \"Service\", \"metadata\": {\"name\": \"web\"}, \"spec\": {\"selector\": {\"app\": \"a\"}, \"ports\": [{\"port\": 80}]}} # x"
                .to_owned(),
            None,
        ),
    ];
    for (what, text, expected) in table {
        let source = Source::new("web.yaml", &text);
        let report = check(&source, "SV001");
        assert_eq!(report.findings.len(), 1, "{what}");
        let after = suppressed(&source, &report.findings[0]);
        assert_eq!(after.as_ref().map(|s| &*s.text), expected.as_deref(), "{what}");
        if let Some(after) = after {
            assert_eq!(check(&after, "SV001").suppressed, 1, "{what}");
        }
    }
    let json = Source::new("web.json", SERVICE);
    let finding = &check(&json, "SV001").findings[0];
    assert!(suppression(&json, finding).is_none(), "JSON has no comments");
}

/// A Service as kustomize prints it, each line written in the same line of a base that has a comment more.
fn rendered(base: &str, text: &str) -> Source {
    let numbers: Vec<u32> =
        (1_u32..).zip(base.lines()).filter(|(_, line)| text.contains(line)).map(|(n, _)| n).collect();
    let lines = numbers.into_iter().map(|line| Origin { file: 0, line, shift: 0 }).collect();
    let commented = vec![Source::new("base/web.yaml", base)];
    Source::rendered(
        "k/<kustomize build>",
        text,
        Origins { files: vec!["base/web.yaml".into()], lines, commented },
    )
}

#[test]
fn comments_of_what_was_rendered_hold_though_rendering_lost_them() {
    let above = SERVICE.replace("  selector", "  # netloom: ignore[SV001] made by an operator\n  selector");
    let elsewhere = SERVICE.replace("  ports", "  # netloom: ignore[SV001] made by an operator\n  ports");
    let whole = format!("# netloom: ignore-file[SV001] made by an operator\n{SERVICE}");
    let document = format!("# netloom: ignore[SV001] made by an operator\n{SERVICE}");
    for (base, suppressed) in
        [(above.as_str(), 1), (&elsewhere, 0), (&whole, 1), (&document, 1), (SERVICE, 0)]
    {
        let report = check(&rendered(base, SERVICE), "SV001");
        assert_eq!((report.suppressed, report.findings.len()), (suppressed, 1 - suppressed), "{base}");
    }
    // A comment that is in the manifests still is said once, here as one that suppresses nothing.
    let useless = SERVICE.replace("  ports", "  # netloom: ignore[SV002] no reason to\n  ports");
    assert_eq!(check(&rendered(&useless, &useless), "MF103").findings.len(), 1);
    assert_eq!(check(&rendered(&useless, SERVICE), "MF103").findings.len(), 0);
}
