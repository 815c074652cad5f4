//! Diagnostics as people read them.
use std::{collections::HashMap, ops::Range, sync::Arc};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::{Diagnostic, Location, Severity, Source};

/// Lines longer than this are not drawn.
const LONGEST_LINE: usize = 500;
/// Places further apart than this are drawn apart.
const LONGEST_EXCERPT: u32 = 60;

/// Draws diagnostics with the lines that they are about, an empty line between them.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], sources: &[Source], color: bool) -> String {
    draw(diagnostics.iter().map(|diagnostic| (None, diagnostic)), sources, color)
}

/// As [`render`], with the code of each: `warning[CODE]: …`.
#[must_use]
pub fn render_coded<'d>(
    diagnostics: impl IntoIterator<Item = (&'d str, &'d Diagnostic)>,
    sources: &[Source],
    color: bool,
) -> String {
    draw(diagnostics.into_iter().map(|(code, diagnostic)| (Some(code), diagnostic)), sources, color)
}

fn draw<'d>(
    diagnostics: impl Iterator<Item = (Option<&'d str>, &'d Diagnostic)>,
    sources: &[Source],
    color: bool,
) -> String {
    let sources: HashMap<&str, Lines<'_>> = sources.iter().map(|s| (&*s.name, Lines::of(s))).collect();
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for (code, diagnostic) in diagnostics {
        text.push_str(&renderer.render(&[group(code, diagnostic, &sources)]));
        text.push_str("\n\n");
    }
    text
}

fn group<'a>(
    code: Option<&'a str>,
    diagnostic: &'a Diagnostic,
    sources: &HashMap<&str, Lines<'a>>,
) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let title = level.primary_title(diagnostic.message.as_str());
    let title = match code {
        Some(code) => title.id(code),
        None => title,
    };
    let mut group = title.elements(std::iter::empty::<Origin<'a>>());
    let lines = sources.get(&*diagnostic.at.file);
    let (near, far): (Vec<_>, Vec<_>) = diagnostic.related.iter().partition(|(at, _)| {
        at.file == diagnostic.at.file && at.line.abs_diff(diagnostic.at.line) <= LONGEST_EXCERPT
    });
    let mut places = vec![Mark { at: &diagnostic.at, end: diagnostic.end, label: None }];
    places.extend(near.iter().map(|(at, label)| Mark { at, end: (at.line, at.column), label: Some(label) }));
    group = excerpt(group, lines, &places);
    for (at, label) in far {
        let mark = Mark { at, end: (at.line, at.column), label: Some(label) };
        group = excerpt(group, sources.get(&*at.file), &[mark]);
    }
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(help.as_str())),
        None => group,
    }
}

/// A place to mark; without a label it is the one that the finding is about.
struct Mark<'a> {
    at: &'a Location,
    end: (u32, u32),
    label: Option<&'a String>,
}

fn excerpt<'a>(group: Group<'a>, lines: Option<&Lines<'a>>, marks: &[Mark<'a>]) -> Group<'a> {
    let Some(first) = marks.first() else { return group };
    let group = match first.at.origin() {
        Some(written) => group.element(origin(&written)),
        None => group,
    };
    let place = || origin(first.at);
    let Some(lines) = lines else { return group.element(place()) };
    let top = marks.iter().map(|m| m.at.line).min().unwrap_or(1);
    let bottom = marks.iter().map(|m| m.at.line).max().unwrap_or(1);
    let Some(range) = lines.range(top, bottom) else { return group.element(place()) };
    let is_long = |line| lines.range(line, line).is_some_and(|range| range.len() > LONGEST_LINE);
    if (top..=bottom).any(is_long) {
        return group.element(place());
    }
    let excerpt = &lines.text[range.clone()];
    let mut snippet =
        Snippet::source(excerpt).line_start(top as usize).path(first.at.file.to_string()).fold(true);
    for mark in marks {
        let Some(span) = lines.span(mark, range.start) else { return group.element(place()) };
        let kind = if mark.label.is_none() { AnnotationKind::Primary } else { AnnotationKind::Context };
        snippet = snippet.annotation(match mark.label {
            Some(label) => kind.span(span).label(label.as_str()),
            None => kind.span(span),
        });
    }
    group.element(snippet)
}

fn origin<'a>(at: &Location) -> Origin<'a> {
    let origin = Origin::path(at.file.to_string());
    match (at.line, at.column) {
        (0, _) => origin,
        (line, 0) => origin.line(line as usize),
        (line, column) => origin.line(line as usize).char_column(column as usize),
    }
}

/// A text, and where its lines begin.
struct Lines<'a> {
    text: &'a str,
    starts: Arc<[usize]>,
}

impl<'a> Lines<'a> {
    fn of(source: &'a Source) -> Self {
        let bytes = source.text.as_bytes();
        let ends = bytes.iter().enumerate().filter(|(at, byte)| match byte {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        });
        Self { text: &source.text, starts: std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect() }
    }

    /// The bytes of some lines, the last line's end left out.
    fn range(&self, top: u32, bottom: u32) -> Option<Range<usize>> {
        let start = *self.starts.get((top as usize).checked_sub(1)?)?;
        let end = self.starts.get(bottom as usize).copied().unwrap_or(self.text.len());
        let trimmed = self.text.get(start..end)?.trim_end_matches(['\n', '\r']).len();
        Some(start..start + trimmed)
    }

    /// A mark's bytes, counted from `base`; at least one character wide where there is one.
    fn span(&self, mark: &Mark<'_>, base: usize) -> Option<Range<usize>> {
        let line = self.range(mark.at.line, mark.at.line)?;
        let content = &self.text[line.clone()];
        // The byte order mark has no column.
        let bom = if line.start == 0 && content.starts_with('\u{feff}') { 3 } else { 0 };
        let content = &content[bom..];
        let byte = |column: u32| {
            let chars = (column as usize).saturating_sub(1);
            content.char_indices().nth(chars).map_or(content.len(), |(at, _)| at)
        };
        let from = byte(mark.at.column);
        let to = if mark.end > (mark.at.line, mark.at.column) && mark.end.0 == mark.at.line {
            byte(mark.end.1)
        } else {
            let word = content[from..].find([' ', '\t', ':', ',']).filter(|len| *len > 0);
            word.map_or(content.len(), |len| from + len)
        };
        let start = line.start + bom - base;
        Some(start + from..start + to.max(from))
    }
}
