//! `-o gitlab`: GitLab's code quality report.
use netloom_objects::Severity;
use serde_json::{Value, json};

use super::with_help;
use crate::{
    Report,
    fingerprint::{identities, plain_path},
};

/// A JSON list with an object a finding.
#[must_use]
pub fn gitlab(report: &Report) -> String {
    let identities = identities(&report.findings);
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
                    "path": plain_path(&at.file),
                    "lines": { "begin": at.line.max(1) },
                },
            })
        })
        .collect();
    format!("{:#}\n", Value::Array(issues))
}
