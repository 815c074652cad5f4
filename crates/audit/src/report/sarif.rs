//! `-o sarif`: SARIF 2.1.0 (OASIS), which GitHub's code scanning and many editors read.
use std::collections::BTreeMap;

use netloom_objects::{Location, ObjectSet, Severity};
use serde_json::{Map, Value, json};

use super::with_help;
use crate::{
    Finding, Fix, Report, Rule,
    fingerprint::{identities, plain_path},
    lines::Texts,
    reference, rules,
};

/// A SARIF log of one run, with all rules and all findings.
#[must_use]
pub fn sarif(report: &Report, set: &ObjectSet) -> String {
    let mut texts = Texts::of(set);
    let index: BTreeMap<&str, usize> = rules().enumerate().map(|(i, rule)| (rule.code, i)).collect();
    let results: Vec<Value> = report
        .findings
        .iter()
        .zip(identities(&report.findings))
        .map(|(finding, identity)| result(finding, index.get(finding.rule.code), &identity, &mut texts))
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "netloom",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules().map(rule).collect::<Vec<Value>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn rule(rule: &'static Rule) -> Value {
    json!({
        "id": rule.code,
        "name": rule.name,
        "shortDescription": { "text": reference::plain(rule.finds) },
        "fullDescription": { "text": format!("{} {}", reference::plain(rule.finds), reference::plain(rule.why)) },
        "help": { "text": reference::text_page(rule, false), "markdown": reference::markdown_page(rule) },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": { "tags": [rule.group.name()] },
    })
}

fn result(finding: &Finding, index: Option<&usize>, identity: &str, texts: &mut Texts<'_>) -> Value {
    let mut location = json!({ "physicalLocation": physical(&finding.at, finding.end, texts) });
    if let Some(object) = &finding.object {
        let name = match &object.namespace {
            Some(namespace) => format!("{} {namespace}/{}", object.kind, object.name),
            None => format!("{} {}", object.kind, object.name),
        };
        location["logicalLocations"] =
            json!([{ "name": &*object.name, "fullyQualifiedName": name, "kind": "resource" }]);
    }
    let mut result = json!({
        "ruleId": finding.rule.code,
        "level": level(finding.severity),
        "message": { "text": with_help(finding) },
        "locations": [location],
        "partialFingerprints": { "netloomFinding/v1": identity },
    });
    if let Some(index) = index {
        result["ruleIndex"] = json!(index);
    }
    if !finding.related.is_empty() {
        let related = finding.related.iter().map(|(at, what)| {
            json!({
                "physicalLocation": physical(at, (at.line, at.column), texts),
                "message": { "text": what },
            })
        });
        result["relatedLocations"] = related.collect();
    }
    if let Some(fix) = finding.fix.as_ref().filter(|fix| !fix.edits.is_empty()) {
        result["fixes"] = json!([repair(fix, texts)]);
    }
    result
}

fn physical(at: &Location, end: (u32, u32), texts: &mut Texts<'_>) -> Value {
    let (end, at) = (texts.written_end(at, end), at.written());
    let mut place = json!({ "artifactLocation": { "uri": uri(&at.file) } });
    if at.line > 0 {
        place["region"] = region((at.line, at.column), end);
    }
    place
}

fn region(start: (u32, u32), end: (u32, u32)) -> Value {
    json!({
        "startLine": start.0,
        "startColumn": start.1.max(1),
        "endLine": end.0,
        "endColumn": end.1.max(1),
    })
}

fn repair(fix: &Fix, texts: &mut Texts<'_>) -> Value {
    let mut files: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for edit in &fix.edits {
        let Some(lines) = texts.lines(&edit.file) else { continue };
        files.entry(&edit.file).or_default().push(json!({
            "deletedRegion": region(lines.position(edit.start), lines.position(edit.end)),
            "insertedContent": { "text": edit.text },
        }));
    }
    let changes = files
        .into_iter()
        .map(|(file, edits)| json!({ "artifactLocation": { "uri": uri(file) }, "replacements": edits }));
    let mut repair = Map::new();
    repair.insert("description".to_owned(), json!({ "text": fix.title }));
    repair.insert("artifactChanges".to_owned(), changes.collect());
    Value::Object(repair)
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// A path as a URI: relative ones stay relative, and what URIs do not allow is encoded (RFC 3986).
fn uri(file: &str) -> String {
    let mut uri = String::from(if file.starts_with('/') { "file://" } else { "" });
    for byte in plain_path(file).bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_become_uris() {
        for (path, expected) in [
            ("./a/b.yaml", "a/b.yaml"),
            ("/a b/ä.yaml", "file:///a%20b/%C3%A4.yaml"),
            ("<stdin>", "%3Cstdin%3E"),
            ("c:d#e.yaml", "c%3Ad%23e.yaml"),
        ] {
            assert_eq!(uri(path), expected);
        }
    }
}
