//! `-o json`: for programs. Fields are added, and never renamed or removed.
use std::sync::Arc;

use netloom_objects::{
    FileName, Location, ObjectSet, Rendered,
    unread::{Reader, Unread},
};
use serde::Serialize;

use crate::{
    Edit, Finding, Fix, Report,
    checklist::{Judged, judge},
    lines::Texts,
    report::Summary,
};

#[derive(Serialize)]
struct Document<'a> {
    findings: Vec<Entry<'a>>,
    summary: Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    checklist: Option<Vec<Item<'a>>>,
    #[serde(skip_serializing_if = "Unread::is_empty")]
    not_judged: Unread,
}

#[derive(Serialize)]
struct Item<'a> {
    id: &'a str,
    topic: &'a str,
    title: &'a str,
    status: &'a str,
    rules: &'a [&'a str],
    looked_at: Vec<String>,
    findings: usize,
    suppressed: usize,
    baselined: usize,
    places: Vec<Place<'a>>,
    not_run: Vec<NotRun<'a>>,
    beyond: Option<Outside<'a>>,
}

/// One of the first places at which an item is not met.
#[derive(Serialize)]
struct Place<'a> {
    code: &'a str,
    file: FileName,
    line: u32,
    column: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    rendered: Option<Rendered<'a>>,
}

#[derive(Serialize)]
struct NotRun<'a> {
    code: &'a str,
    because: &'a str,
}

/// What of an item no manifest shows.
#[derive(Serialize)]
struct Outside<'a> {
    why: &'a str,
    instead: &'a str,
}

#[derive(Serialize)]
struct Entry<'a> {
    code: &'a str,
    name: &'a str,
    severity: &'a str,
    message: &'a str,
    help: Option<&'a str>,
    file: FileName,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    rendered: Option<Rendered<'a>>,
    object: Option<Named<'a>>,
    related: Vec<Related<'a>>,
    fix: Option<Repair<'a>>,
    /// The sets that have it, where several are judged.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    sets: &'a [Arc<str>],
}

#[derive(Serialize)]
struct Named<'a> {
    kind: &'a str,
    namespace: Option<&'a str>,
    name: &'a str,
}

#[derive(Serialize)]
struct Related<'a> {
    file: FileName,
    line: u32,
    column: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    rendered: Option<Rendered<'a>>,
    message: &'a str,
}

#[derive(Serialize)]
struct Repair<'a> {
    title: &'a str,
    safe: bool,
    edits: Vec<Replacement<'a>>,
}

/// An edit by lines and columns, from 1; the end is just behind.
#[derive(Serialize)]
struct Replacement<'a> {
    file: &'a str,
    start_line: u32,
    start_column: u32,
    end_line: u32,
    end_column: u32,
    text: &'a str,
}

/// One JSON object with all findings and the summary. The end of a place is just behind its last character.
#[must_use]
pub fn json(report: &Report, set: &ObjectSet) -> String {
    write(report, set, None)
}

/// The same, with the checklist.
#[must_use]
pub fn json_with_checklist(report: &Report, set: &ObjectSet) -> String {
    write(report, set, Some(judge(report).into_iter().map(item).collect()))
}

fn write(report: &Report, set: &ObjectSet, checklist: Option<Vec<Item<'_>>>) -> String {
    let mut texts = Texts::of(set);
    let findings = report.findings.iter().map(|finding| entry(finding, &mut texts)).collect();
    let not_judged = Unread::of(set, Reader::Rules);
    let document = Document { findings, summary: Summary::of(report), checklist, not_judged };
    // Serialising strings and numbers into a string cannot fail.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

/// Places of an item beyond this many are counted; all of them are among the findings.
const PLACES: usize = 5;

fn item(judged: Judged<'_>) -> Item<'_> {
    let item = judged.item;
    Item {
        id: item.id,
        topic: judged.topic.title,
        title: item.title,
        status: judged.status.name(),
        rules: item.rules,
        findings: judged.findings.len(),
        suppressed: judged.excused,
        baselined: judged.baselined,
        places: judged.findings.iter().take(PLACES).map(|finding| at(finding)).collect(),
        not_run: judged
            .idle
            .iter()
            .map(|(rule, idle)| NotRun { code: rule.code, because: idle.because() })
            .collect(),
        beyond: item.beyond.as_ref().map(|beyond| Outside { why: beyond.why, instead: beyond.instead }),
        looked_at: judged.objects,
    }
}

fn at(finding: &Finding) -> Place<'_> {
    let Location { file, line, column } = finding.at.written();
    Place { code: finding.rule.code, file, line, column, rendered: Rendered::of(&finding.at) }
}

fn entry<'a>(finding: &'a Finding, texts: &mut Texts<'_>) -> Entry<'a> {
    let Location { file, line, column } = finding.at.written();
    let (end_line, end_column) = texts.written_end(&finding.at, finding.end);
    let object = finding.object.as_ref();
    Entry {
        code: finding.rule.code,
        name: finding.rule.name,
        severity: finding.severity.name(),
        message: &finding.message,
        help: finding.help.as_deref(),
        file,
        line,
        column,
        end_line,
        end_column,
        rendered: Rendered::of(&finding.at),
        object: object.map(|o| Named { kind: &o.kind, namespace: o.namespace.as_deref(), name: &o.name }),
        related: finding
            .related
            .iter()
            .map(|(at, message)| {
                let Location { file, line, column } = at.written();
                Related { file, line, column, rendered: Rendered::of(at), message }
            })
            .collect(),
        fix: finding.fix.as_ref().map(|fix| repair(fix, texts)),
        sets: &finding.sets,
    }
}

fn repair<'a>(fix: &'a Fix, texts: &mut Texts<'_>) -> Repair<'a> {
    let edits = fix.edits.iter().filter_map(|edit| replacement(edit, texts)).collect();
    Repair { title: &fix.title, safe: fix.safe, edits }
}

fn replacement<'a>(edit: &'a Edit, texts: &mut Texts<'_>) -> Option<Replacement<'a>> {
    let lines = texts.lines(&edit.file)?;
    let ((start_line, start_column), (end_line, end_column)) =
        (lines.position(edit.start), lines.position(edit.end));
    Some(Replacement { file: &edit.file, start_line, start_column, end_line, end_column, text: &edit.text })
}
