//! `-o gitlab`: GitLab's code quality report.
use netloom_objects::{Repository, Severity};
use serde_json::{Value, json};

use super::with_help;
use crate::{Report, fingerprint::identities};

/// A JSON list with an object a finding.
#[must_use]
pub fn gitlab(report: &Report, repository: &Repository) -> String {
    let identities = identities(&report.findings, repository);
    let issues: Vec<Value> = report
        .findings
        .iter()
        .zip(identities)
        .map(|(finding, fingerprint)| {
            let at = finding.at.written();
            json!({
                "description": with_help(finding),
                "check_name": format!("{} {}", finding.rule.code, finding.rule.name),
                "fingerprint": fingerprint,
                "severity": match finding.severity {
                    Severity::Error => "major",
                    Severity::Warning => "minor",
                    Severity::Info => "info",
                },
                "location": {
                    "path": repository.path(&at.file),
                    "lines": { "begin": at.line.max(1) },
                },
            })
        })
        .collect();
    format!("{:#}\n", Value::Array(issues))
}
