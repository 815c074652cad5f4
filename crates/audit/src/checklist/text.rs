//! The checklist as people read it.
use std::fmt::Write as _;

use netloom_objects::Severity;

use super::{Judged, Status, judge};
use crate::{
    Report,
    reference::{plain, wrap},
};

/// Places of an item beyond this many are counted.
const SHOWN: usize = 3;
const WIDTH: usize = 110;
/// Items are indented by a mark, and what belongs to them by as much.
const INDENT: &str = "    ";

/// The whole checklist: each item with how it stands, and what to do where it is not met.
#[must_use]
pub fn text(report: &Report, color: bool) -> String {
    let judged = judge(report);
    let mut text = String::new();
    for of_topic in judged.chunk_by(|a, b| a.topic.title == b.topic.title) {
        let Some(first) = of_topic.first() else { continue };
        let _ = writeln!(text, "{}", paint(first.topic.title, "1", color));
        let (absent, present): (Vec<_>, Vec<_>) =
            of_topic.iter().partition(|one| one.status == Status::NotApplicable);
        present.into_iter().for_each(|one| item(one, color, &mut text));
        not_here(&absent, color, &mut text);
        text.push('\n');
    }
    let _ = writeln!(text, "{}", sums(&judged));
    let unread =
        report.findings.iter().filter(|f| f.rule.code.starts_with("MF0") && f.severity == Severity::Error);
    match unread.count() {
        0 => {}
        n => {
            let _ = writeln!(text, "what could not be read was not judged: {n} errors of manifests");
        }
    }
    text
}

/// The items that are about nothing here.
fn not_here(items: &[&Judged<'_>], color: bool, text: &mut String) {
    if items.is_empty() {
        return;
    }
    let mut by_reason: Vec<(String, Vec<&str>)> = Vec::new();
    for one in items {
        let names: Vec<&str> = one.item.about.iter().map(|subject| subject.one).collect();
        let reason = format!("no {}", names.join(", no "));
        match by_reason.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, ids)) => ids.push(one.item.id),
            None => by_reason.push((reason, vec![one.item.id])),
        }
    }
    for (reason, ids) in by_reason {
        indented(&format!("{}: {reason}", ids.join(", ")), "  - ", color, text);
    }
}

/// A dim paragraph, its first line behind a mark.
fn indented(paragraph: &str, mark: &str, color: bool, text: &mut String) {
    for (nth, line) in wrap(paragraph, WIDTH - INDENT.len()).lines().enumerate() {
        let _ = writeln!(text, "{}{}", if nth == 0 { mark } else { INDENT }, paint(line, "2", color));
    }
}

fn item(one: &Judged<'_>, color: bool, text: &mut String) {
    let (mark, style) = match one.status {
        Status::Met => ("✓", "32"),
        Status::NotMet => ("✗", "1;31"),
        Status::NotApplicable => ("-", "2"),
        Status::NotJudged => ("~", "33"),
        Status::Undecidable => ("?", "36"),
    };
    let title = one.item.title;
    let _ = writeln!(text, "  {} {title}{}", paint(mark, style, color), paint(&extent(one), "2", color));
    for finding in one.findings.iter().take(SHOWN) {
        let (at, code) = (finding.at.written(), finding.rule.code);
        let place =
            if at.line == 0 { at.file.to_string() } else { format!("{}:{}:{}", at.file, at.line, at.column) };
        let _ = writeln!(text, "{INDENT}{} {place}: {}", paint(code, "1", color), finding.message);
    }
    if one.findings.len() > SHOWN {
        let codes = codes(one);
        let _ = writeln!(text, "{INDENT}… and {} more ({codes})", one.findings.len() - SHOWN);
    }
    if one.status == Status::NotJudged {
        let _ = writeln!(text, "{INDENT}{}", idle(one));
    }
    if let Some(beyond) = &one.item.beyond {
        let intro = if one.status == Status::Undecidable { "" } else { "Beyond manifests: " };
        let words = plain(&format!("{intro}{} {}", beyond.why, beyond.instead)).replace('`', "");
        indented(&words, INDENT, color, text);
    }
}

/// Behind an item: how much was looked at, and what is not shown of it.
fn extent(one: &Judged<'_>) -> String {
    let mut parts = Vec::new();
    match one.status {
        Status::NotMet => parts.push(format!("{} found", one.findings.len() + one.baselined)),
        Status::Met => parts.push(one.objects.join(", ")),
        Status::NotApplicable | Status::NotJudged | Status::Undecidable => {}
    }
    if one.baselined > 0 {
        parts.push(format!("{} in the baseline", one.baselined));
    }
    if one.excused > 0 {
        parts.push(format!("{} suppressed", one.excused));
    }
    if parts.is_empty() { String::new() } else { format!("  ({})", parts.join("; ")) }
}

fn codes(one: &Judged<'_>) -> String {
    let mut codes: Vec<&str> = one.findings.iter().map(|finding| finding.rule.code).collect();
    codes.sort_unstable();
    codes.dedup();
    codes.join(", ")
}

/// Which rules did not look, and why.
fn idle(one: &Judged<'_>) -> String {
    let mut by_reason: Vec<(&str, Vec<&str>)> = Vec::new();
    for (rule, idle) in &one.idle {
        match by_reason.iter_mut().find(|(because, _)| *because == idle.because()) {
            Some((_, codes)) => codes.push(rule.code),
            None => by_reason.push((idle.because(), vec![rule.code])),
        }
    }
    let reasons: Vec<String> =
        by_reason.iter().map(|(because, codes)| format!("{}: {because}", codes.join(", "))).collect();
    format!(
        "nothing found, but {} of {} rules did not look ({})",
        one.idle.len(),
        one.item.rules.len(),
        reasons.join("; ")
    )
}

fn sums(judged: &[Judged<'_>]) -> String {
    let count = |status| judged.iter().filter(|one| one.status == status).count();
    let words = Status::ALL.iter().filter(|status| count(**status) > 0).map(|status| {
        let what = match status {
            Status::Met => "met",
            Status::NotMet => "not met",
            Status::NotApplicable => "about what these manifests do not have",
            Status::NotJudged => "not judged in full",
            Status::Undecidable => "that no manifest shows",
        };
        format!("{} {what}", count(*status))
    });
    let words: Vec<String> = words.collect();
    format!("checklist of {}: {}", judged.len(), words.join(", "))
}

fn paint(text: &str, style: &str, color: bool) -> String {
    if color && !text.is_empty() { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
}
