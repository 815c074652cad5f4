//! `-o github`: workflow commands, which GitHub shows at the lines of a pull request.
use std::fmt::Write as _;

use netloom_objects::{ObjectSet, Repository, Severity, visible};

use super::with_help;
use crate::{Report, lines::Texts};

/// `::error file=…,line=…,col=…,endLine=…,endColumn=…,title=…::message`, a line a finding.
#[must_use]
pub fn github(report: &Report, set: &ObjectSet, repository: &Repository) -> String {
    let mut texts = Texts::of(set);
    let mut text = String::new();
    for finding in &report.findings {
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let at = finding.at.written();
        let _ = write!(text, "::{command} file={}", property(&repository.path(&at.file)));
        if at.line > 0 {
            let (end_line, end_column) = texts.written_end(&finding.at, finding.end);
            let _ = write!(text, ",line={},col={},endLine={end_line}", at.line, at.column);
            // GitHub takes the columns only where they are of one line.
            if end_line == at.line {
                let _ = write!(text, ",endColumn={end_column}");
            }
        }
        let title = format!("{} {}", finding.rule.code, finding.rule.name);
        let _ = writeln!(text, ",title={}::{}", property(&title), data(&with_help(finding)));
    }
    text
}

fn data(text: &str) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    visible(&text).into_owned()
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
