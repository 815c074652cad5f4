//! How much was found, in numbers.
use std::collections::BTreeSet;

use netloom_objects::{FileName, Severity};
use serde::Serialize;

use crate::{Report, words::list_of};

/// Counts of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Findings that are errors.
    pub errors: usize,
    /// Findings that are warnings.
    pub warnings: usize,
    /// Findings that are good to know.
    pub infos: usize,
    /// Files that were read.
    pub files: usize,
    /// Objects that were looked at.
    pub objects: usize,
    /// Findings that `--fix` repairs.
    pub fixable: usize,
    /// Findings that a comment or an annotation suppressed.
    pub suppressed: usize,
    /// Findings that the baseline holds.
    pub baselined: usize,
}

impl Summary {
    /// Counts.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let count = |severity| report.findings.iter().filter(|f| f.severity == severity).count();
        Self {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            infos: count(Severity::Info),
            files: report.files,
            objects: report.objects,
            fixable: report.findings.iter().filter(|f| f.fix.as_ref().is_some_and(|fix| fix.safe)).count(),
            suppressed: report.suppressed,
            baselined: report.baselined,
        }
    }
}

impl Report {
    /// The report in one line, for people: `2 errors and 1 warning in 2 of 8 files; 41 objects`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let s = Summary::of(self);
        let found: Vec<String> = [(s.errors, "error"), (s.warnings, "warning"), (s.infos, "info")]
            .into_iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, what)| if what == "info" { format!("{n} info") } else { counted(n, what) })
            .collect();
        let files = counted(s.files, "file");
        let mut text = match found.as_slice() {
            [] => format!("nothing found in {files}"),
            found => {
                let hit: BTreeSet<FileName> =
                    self.findings.iter().filter(|f| f.at.line > 0).map(|f| f.at.written().file).collect();
                // What was built of sources is one file, and its findings may lie in many.
                match hit.len() > s.files {
                    true => format!("{} in {}", list_of(found), counted(hit.len(), "file")),
                    false => format!("{} in {} of {files}", list_of(found), hit.len()),
                }
            }
        };
        text.push_str("; ");
        text.push_str(&counted(s.objects, "object"));
        for (n, what) in
            [(s.fixable, "fixable"), (s.suppressed, "suppressed"), (s.baselined, "in the baseline")]
        {
            if n > 0 {
                text.push_str(&format!(", {n} {what}"));
            }
        }
        text
    }
}

fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
