//! Writes the comment that suppresses a finding where it stands.
use netloom_objects::{Severity, Source, parse_source};

use super::{
    Suppression,
    comment::comment_of,
    read::{self, is_blank},
};
use crate::{
    Edit, Finding, Fix, Lines,
    documents::Documents,
    rules::manifests::{REASONLESS, UNKNOWN, UNUSED},
};

/// What stands for the reason until somebody writes it; it counts as none.
pub(super) const PLACEHOLDER: &str = "reason";

/// The edit that suppresses one finding by a comment: above its line, or behind it where a comment above would be about
/// the whole document. `None` where neither can stand, in JSON, and for findings about suppressions themselves.
#[must_use]
pub fn suppression(source: &Source, finding: &Finding) -> Option<Fix> {
    let json = source.name.to_ascii_lowercase().ends_with(".json");
    if json || [&REASONLESS, &UNKNOWN, &UNUSED].contains(&finding.rule) || finding.at.file != source.name {
        return None;
    }
    let before = parse_source(source);
    let errors = |parsed: &netloom_objects::ParsedSource| {
        parsed.diagnostics.iter().filter(|d| d.severity == Severity::Error).count()
    };
    let works = |edit: &Edit| {
        let text = crate::apply(&source.text, &[edit]);
        let after = Source::new(&source.name, &text);
        let line = finding.at.line + u32::from(edit.text.ends_with('\n') || edit.text.ends_with('\r'));
        let parsed = parse_source(&after);
        // Inside of a text that is no YAML a comment would be a part of it.
        parsed.objects.len() == before.objects.len()
            && errors(&parsed) <= errors(&before)
            && read::comments_of(&after).iter().any(|s| about(s, finding, line))
    };
    let edit = places(source, finding).into_iter().find(works)?;
    let title = format!("suppress {} here with a comment", finding.rule.code);
    Some(Fix { title, safe: false, edits: vec![edit] })
}

fn about(suppression: &Suppression, finding: &Finding, line: u32) -> bool {
    let named = suppression.rules.iter().any(|named| named.rule == Some(finding.rule));
    named && matches!(suppression.scope, super::Scope::Line(about) if about == line)
}

/// Where the comment could stand, best first.
fn places(source: &Source, finding: &Finding) -> Vec<Edit> {
    let lines = Lines::of(&source.text);
    let number = finding.at.line;
    let (Some(start), Some(line)) = (lines.start(number), lines.line(number)) else { return Vec::new() };
    let edit = |at: usize, text: String| Edit { file: source.name.clone(), start: at, end: at, text };
    let comment = format!("# netloom: ignore[{}] {PLACEHOLDER}", finding.rule.code);
    let end = start + line.len();
    let newline = match &source.text[end..] {
        rest if rest.starts_with("\r\n") => "\r\n",
        rest if rest.starts_with('\r') => "\r",
        _ => "\n",
    };
    let content = line.trim_start_matches('\u{feff}');
    let bom = line.len() - content.len();
    let indent = &content[..content.len() - content.trim_start_matches([' ', '\t']).len()];
    let above = edit(start + bom, format!("{indent}{comment}{newline}"));
    let behind = edit(start + line.trim_end().len(), format!(" {comment}"));
    let first = Documents::of(&lines).range(number).0;
    let is_first = !(first..number).any(|n| lines.line(n).is_some_and(|line| !is_blank(line)));
    match (is_first, comment_of(line)) {
        (true, None) => vec![behind],
        // What stands above is about the whole document.
        (true, Some(_)) => Vec::new(),
        (false, None) => vec![above, behind],
        (false, Some(_)) => vec![above],
    }
}
