//! The report in the formats of other programs.
mod concise;
mod github;
mod gitlab;
mod grouped;
mod json;
mod junit;
mod sarif;
mod summary;

pub use concise::concise;
pub use github::github;
pub use gitlab::gitlab;
pub use grouped::{LARGE, grouped};
pub use json::{json, json_with_checklist};
pub use junit::junit;
pub use sarif::sarif;
pub use summary::Summary;

use std::fmt::Write as _;

use crate::Finding;

/// The message, and what to do below it; and where it stands in what a program made.
fn with_help(finding: &Finding) -> String {
    let mut text = finding.message.clone();
    if finding.at.file.is_rendered() {
        let _ = write!(text, "\nrendered: {}:{}", finding.at.file, finding.at.line);
    }
    if let Some(help) = &finding.help {
        let _ = write!(text, "\nhelp: {help}");
    }
    if let Some(fix) = &finding.fix {
        let _ = write!(text, "\nhelp: {}", fix.title);
    }
    text
}
