//! `-o concise`: a line a finding, as compilers write them and editors read them.
use std::fmt::Write as _;

use crate::Report;

/// `file:line:column: severity[CODE] message`, a line a finding.
#[must_use]
pub fn concise(report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let at = &finding.at;
        let message = finding.message.replace(char::is_control, " ");
        let fix = if finding.fix.as_ref().is_some_and(|fix| fix.safe) { " [fixable]" } else { "" };
        let (severity, code) = (finding.severity.name(), finding.rule.code);
        let _ = match at.line {
            0 => writeln!(text, "{}: {severity}[{code}]{fix} {message}", at.file),
            line => writeln!(text, "{}:{line}:{}: {severity}[{code}]{fix} {message}", at.file, at.column),
        };
    }
    text
}
