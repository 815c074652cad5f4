//! `-o sarif`: SARIF 2.1.0 (OASIS), which GitHub's code scanning and many editors read.
use std::collections::BTreeMap;

use netloom_objects::{Location, ObjectSet, Repository, Severity};
use serde_json::{Map, Value, json};

use super::with_help;
use crate::{Finding, Fix, Report, Rule, fingerprint::identities, lines::Texts, reference, rules};

/// GitHub refuses a log with more results in a run, and looks at no more places that belong to one result.
const MOST_RESULTS: usize = 25_000;
const MOST_PLACES: usize = 100;

/// A SARIF log of one run, with all rules and all findings; where these are more than GitHub takes, with the worst of them
/// and a notification of how many are left out.
#[must_use]
pub fn sarif(report: &Report, set: &ObjectSet, repository: &Repository) -> String {
    let mut writer = Writer { texts: Texts::of(set), repository };
    let index: BTreeMap<&str, usize> = rules().enumerate().map(|(i, rule)| (rule.code, i)).collect();
    let (worst, left_out) = worst(&report.findings);
    let identities = identities(worst.iter().copied(), repository);
    let results: Vec<Value> = worst
        .into_iter()
        .zip(identities)
        .map(|(finding, identity)| writer.result(finding, index.get(finding.rule.code), &identity))
        .collect();
    let mut log = json!({
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
    if left_out > 0 {
        let text = format!(
            "{left_out} findings are left out: code scanning takes {MOST_RESULTS} a run. The worst are here; `netloom check` \
             without `-o sarif` shows all, and a baseline or `--select` makes them fewer."
        );
        log["runs"][0]["invocations"] = json!([{
            "executionSuccessful": true,
            "toolExecutionNotifications": [{ "level": "warning", "message": { "text": text } }],
        }]);
    }
    format!("{log:#}\n")
}

/// The findings that are written, and how many are not. Where all fit, they keep their order; else the worst are first.
fn worst(findings: &[Finding]) -> (Vec<&Finding>, usize) {
    let mut all: Vec<&Finding> = findings.iter().collect();
    let left_out = all.len().saturating_sub(MOST_RESULTS);
    if left_out > 0 {
        all.sort_by_key(|finding| finding.severity);
        all.truncate(MOST_RESULTS);
    }
    (all, left_out)
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

struct Writer<'w> {
    texts: Texts<'w>,
    repository: &'w Repository,
}

impl Writer<'_> {
    fn result(&mut self, finding: &Finding, index: Option<&usize>, identity: &str) -> Value {
        let mut location = json!({ "physicalLocation": self.physical(&finding.at, finding.end) });
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
            let related = finding.related.iter().take(MOST_PLACES).map(|(at, what)| {
                json!({
                    "physicalLocation": self.physical(at, (at.line, at.column)),
                    "message": { "text": what },
                })
            });
            result["relatedLocations"] = related.collect();
        }
        if let Some(fix) = finding.fix.as_ref().filter(|fix| can_be_made(fix)) {
            result["fixes"] = json!([self.repair(fix)]);
        }
        result
    }

    fn physical(&mut self, at: &Location, end: (u32, u32)) -> Value {
        let (end, at) = (self.texts.written_end(at, end), at.written());
        let mut place = json!({ "artifactLocation": { "uri": self.uri(&at.file) } });
        if at.line > 0 {
            place["region"] = region((at.line, at.column), end);
        }
        place
    }

    fn repair(&mut self, fix: &Fix) -> Value {
        let mut files: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for edit in &fix.edits {
            let Some(lines) = self.texts.lines(&edit.file) else { continue };
            files.entry(&edit.file).or_default().push(json!({
                "deletedRegion": region(lines.position(edit.start), lines.position(edit.end)),
                "insertedContent": { "text": edit.text },
            }));
        }
        let changes = files.into_iter().map(
            |(file, edits)| json!({ "artifactLocation": { "uri": self.uri(file) }, "replacements": edits }),
        );
        let mut repair = Map::new();
        repair.insert("description".to_owned(), json!({ "text": fix.title }));
        repair.insert("artifactChanges".to_owned(), changes.collect());
        Value::Object(repair)
    }

    fn uri(&self, file: &str) -> String {
        encoded(&self.repository.path(file))
    }
}

fn region(start: (u32, u32), end: (u32, u32)) -> Value {
    json!({
        "startLine": start.0,
        "startColumn": start.1.max(1),
        "endLine": end.0,
        "endColumn": end.1.max(1),
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// Whether a repair is one of files: what a program printed is in none.
fn can_be_made(fix: &Fix) -> bool {
    !fix.edits.is_empty() && !fix.edits.iter().any(|edit| edit.file.is_rendered())
}

/// A path as a URI: relative ones stay relative, and what URIs do not allow is encoded (RFC 3986).
fn encoded(path: &str) -> String {
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
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
    use super::encoded;

    #[test]
    fn paths_become_uris() {
        for (path, expected) in [
            ("a/b.yaml", "a/b.yaml"),
            ("/a b/ä.yaml", "file:///a%20b/%C3%A4.yaml"),
            ("<stdin>", "%3Cstdin%3E"),
            ("c:d#e.yaml", "c%3Ad%23e.yaml"),
        ] {
            assert_eq!(encoded(path), expected);
        }
    }
}
