//! The baseline: findings that are known and are not reported, so that an old repository can start today.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Fingerprint, Report};

/// The form of the file.
const VERSION: u32 = 1;

/// Known findings, counted by what makes them the same after an edit elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    known: BTreeMap<Fingerprint, usize>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    findings: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    code: String,
    file: String,
    object: Option<String>,
    message: String,
    count: usize,
}

/// The text is no baseline.
#[derive(Debug, thiserror::Error)]
pub enum NoBaseline {
    /// It cannot be read as one.
    #[error("this is no baseline of netloom: {0}; write it again by --write-baseline")]
    Unreadable(#[from] serde_json::Error),
    /// A later netloom wrote it.
    #[error(
        "this baseline has version {0}, and this netloom knows version {VERSION}; write it again by --write-baseline"
    )]
    Version(u32),
}

impl Baseline {
    /// The findings of a report; `name` gives the name of a file in the baseline.
    #[must_use]
    pub fn of(report: &Report, name: &dyn Fn(&str) -> String) -> Self {
        let mut known = BTreeMap::new();
        for finding in &report.findings {
            *known.entry(Fingerprint::of(finding, name(&finding.at.written().file))).or_default() += 1;
        }
        Self { known }
    }

    /// Reads a baseline.
    ///
    /// # Errors
    /// When the text is no baseline.
    pub fn parse(text: &str) -> Result<Self, NoBaseline> {
        let document: Document = serde_json::from_str(text)?;
        if document.version != VERSION {
            return Err(NoBaseline::Version(document.version));
        }
        let mut known = BTreeMap::new();
        for Entry { code, file, object, message, count } in document.findings {
            *known.entry(Fingerprint { code, file, object, message }).or_default() += count;
        }
        Ok(Self { known })
    }

    /// As JSON, sorted, so that a change of it is a small difference.
    #[must_use]
    pub fn to_json(&self) -> String {
        let entry = |(print, count): (&Fingerprint, &usize)| {
            let Fingerprint { code, file, object, message } = print.clone();
            Entry { code, file, object, message, count: *count }
        };
        let document = Document { version: VERSION, findings: self.known.iter().map(entry).collect() };
        // Serialising strings and numbers into a string cannot fail.
        let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Takes what is known out of a report. Returns what is known and was not found, with how often.
    pub fn apply(&self, report: &mut Report, name: &dyn Fn(&str) -> String) -> Vec<(Fingerprint, usize)> {
        let mut left = self.known.clone();
        let before = report.findings.len();
        let known = &mut report.known;
        report.findings.retain(|finding| {
            match left.get_mut(&Fingerprint::of(finding, name(&finding.at.written().file))) {
                Some(count) if *count > 0 => {
                    *count -= 1;
                    *known.entry(finding.rule.code).or_default() += 1;
                    false
                }
                _ => true,
            }
        });
        report.baselined += before - report.findings.len();
        left.into_iter().filter(|(_, count)| *count > 0).collect()
    }

    /// How many findings it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.values().sum()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
