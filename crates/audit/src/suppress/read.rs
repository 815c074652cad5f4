//! Collects the suppressions of a set: comments, and annotations of objects and of their pods.
use std::{
    collections::{BTreeMap, HashSet},
    ops::Range,
    sync::Arc,
};

use netloom_objects::{Location, Object, ObjectSet, Source};

use super::{
    Named, Scope, Suppression,
    comment::{Comment, comment_of, read, read_annotation},
};
use crate::{
    Edit, Fix, Lines, Workload,
    documents::{Documents, is_mark},
    find_rule,
};

/// The annotation.
const ANNOTATION: &str = "netloom.dev/ignore";

/// What begins as a suppression and is none: where it stands, up to where, and why.
type Unclear = (Location, (u32, u32), String);

/// All suppressions, and the comments that were meant to be one.
pub(super) fn all(set: &ObjectSet) -> (Vec<Suppression>, Vec<Unclear>) {
    let (mut suppressions, mut faulty) = (Vec::new(), Vec::new());
    for source in &set.sources {
        comments(&source.source, &mut suppressions, &mut faulty);
    }
    of_origins(set, &mut suppressions, &mut faulty);
    // Those that another form replaces are looked at too.
    for object in set.sources.iter().flat_map(|source| &source.objects) {
        annotations(object, &mut suppressions);
    }
    (suppressions, faulty)
}

/// The comments of the files that manifests were made of, but for those that are in the manifests still.
fn of_origins(set: &ObjectSet, suppressions: &mut Vec<Suppression>, faulty: &mut Vec<Unclear>) {
    let mut files = BTreeMap::new();
    for origins in set.sources.iter().filter_map(|source| source.source.name.origins()) {
        files.extend(origins.commented.iter().map(|file| (&*file.name, file)));
    }
    if files.is_empty() {
        return;
    }
    let place = |at: &Location| (at.file.to_string(), at.line);
    let rendered = suppressions.iter().map(|s| &s.at).filter(|at| at.file.is_rendered());
    let kept: HashSet<(String, u32)> = rendered.map(|at| place(&at.written())).collect();
    let said: HashSet<(String, u32)> = faulty.iter().map(|(at, ..)| place(&at.written())).collect();
    let (mut own, mut unclear) = (Vec::new(), Vec::new());
    files.into_values().for_each(|file| comments(file, &mut own, &mut unclear));
    own.retain(|one: &Suppression| !kept.contains(&place(&one.at)));
    unclear.retain(|(at, ..): &Unclear| !said.contains(&place(at)));
    suppressions.extend(own.into_iter().map(|one| Suppression {
        of_origin: true,
        removal: None,
        list: None,
        ..one
    }));
    faulty.extend(unclear);
}

/// The suppressions that the comments of a source are.
pub(super) fn comments_of(source: &Source) -> Vec<Suppression> {
    let mut suppressions = Vec::new();
    comments(source, &mut suppressions, &mut Vec::new());
    suppressions
}

fn named(rules: &[String]) -> Vec<Named> {
    rules
        .iter()
        .map(|written| Named { written: written.clone(), rule: find_rule(written), used: false })
        .collect()
}

fn comments(
    source: &Source,
    suppressions: &mut Vec<Suppression>,
    faulty: &mut Vec<(Location, (u32, u32), String)>,
) {
    // Few files have any.
    if !source.text.contains("netloom:") {
        return;
    }
    let lines = Lines::of(&source.text);
    let documents = Documents::of(&lines);
    let content = |n: u32| lines.line(n).is_some_and(|line| !is_blank(line));
    for n in 1..=lines.count() {
        let Some(line) = lines.line(n).filter(|line| line.contains("netloom:")) else { continue };
        let Some((start, found)) = comment_of(line).and_then(|at| Some((at, read(&line[at..])?))) else {
            continue;
        };
        let byte = lines.start(n).unwrap_or_default();
        let (_, column) = lines.position(byte + start);
        let (_, end) = lines.position(byte + line.len());
        let at = Location { file: source.name.clone(), line: n, column };
        let comment = match found {
            Ok(comment) => comment,
            Err(message) => {
                faulty.push((at, (n, end), message));
                continue;
            }
        };
        let scope = scope(&comment, n, &documents, lines.count(), &content);
        let alone = line[..start].trim().is_empty();
        let from = if alone { byte } else { byte + line[..start].trim_end().len() };
        let to = if alone { lines.start(n + 1).unwrap_or(source.text.len()) } else { byte + line.len() };
        suppressions.push(Suppression {
            at,
            end: (n, end),
            file: source.name.clone(),
            scope,
            rules: named(&comment.rules),
            reasoned: !comment.reason.is_empty(),
            of_origin: false,
            list: brackets(line, start).map(|list| byte + list.start..byte + list.end),
            removal: Some(Fix {
                title: "Remove the comment".to_owned(),
                safe: true,
                edits: vec![Edit { file: source.name.clone(), start: from, end: to, text: String::new() }],
            }),
        });
    }
}

/// Where a comment's list of rules stands in its line.
fn brackets(line: &str, comment: usize) -> Option<Range<usize>> {
    let open = comment + line[comment..].find('[')? + 1;
    Some(open..open + line[open..].find(']')?)
}

/// A comment behind content is about its line. One on a line of its own is about the next line with content; before
/// the first key of a document, about the document.
fn scope(
    comment: &Comment,
    line: u32,
    documents: &Documents,
    count: u32,
    content: &dyn Fn(u32) -> bool,
) -> Scope {
    if comment.whole_file {
        return Scope::File;
    }
    if content(line) {
        return Scope::Line(line);
    }
    let (first, next) = documents.range(line);
    if !(first..line).any(content) {
        return Scope::Lines(first, next);
    }
    // Zero is no line: a comment below which nothing follows is about nothing.
    Scope::Line((line + 1..next.min(count.saturating_add(1))).find(|n| content(*n)).unwrap_or_default())
}

/// Whether a line has neither key nor value.
pub(super) fn is_blank(line: &str) -> bool {
    let trimmed = line.trim_start_matches('\u{feff}').trim();
    trimmed.is_empty() || trimmed.starts_with('#') || line.starts_with('%') || is_mark(line)
}

fn annotations(object: &Arc<Object>, suppressions: &mut Vec<Suppression>) {
    let own = object.annotations().get(ANNOTATION).map(|text| (text, "metadata".to_owned()));
    let pods = Workload::of(object).filter(|w| w.path("metadata") != "metadata");
    let pods = pods.and_then(|w| Some((w.annotations().get(ANNOTATION)?, w.path("metadata"))));
    for (text, metadata) in own.into_iter().chain(pods) {
        let at = object.locate(&format!(r"{metadata}.annotations.netloom\.dev/ignore"));
        for (rules, reason) in read_annotation(text) {
            suppressions.push(Suppression {
                end: (at.line, at.column),
                file: at.file.clone(),
                at: at.clone(),
                scope: Scope::Object(object.reference.clone()),
                rules: named(&rules),
                reasoned: !reason.is_empty(),
                removal: None,
                of_origin: false,
                list: None,
            });
        }
    }
}
