//! `-o concise`: a line a finding, as compilers write them and editors read them.
use std::fmt::Write as _;

use crate::Report;

/// `file:line:column: severity[CODE] message`, a line a finding. What a program made is named behind it.
#[must_use]
pub fn concise(report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let at = finding.at.written();
        let message = finding.message.replace(char::is_control, " ");
        let rendered = finding.at.file.is_rendered();
        let fix = if finding.fix.as_ref().is_some_and(|fix| fix.safe) { " [fixable]" } else { "" };
        let (severity, code) = (finding.severity.name(), finding.rule.code);
        let _ = match at.line {
            0 => write!(text, "{}: {severity}[{code}]{fix} {message}", at.file),
            line => write!(text, "{}:{line}:{}: {severity}[{code}]{fix} {message}", at.file, at.column),
        };
        let _ = match rendered {
            true => writeln!(text, " [{}:{}]", finding.at.file, finding.at.line),
            false => writeln!(text),
        };
    }
    text
}
