//! Restores documents that lost their indentation, where the schema of their kind leaves one reading.
mod frame;
mod line;
mod schema;
mod search;

use std::{iter, ops::RangeInclusive};

use crate::{
    Source,
    kinds::by_kind,
    parse_source, shape,
    tree::{Chunk, Resolved, split},
};

use line::{Entry, Value, entry};
use schema::Tracing;

/// A source whose documents have their indentation again.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The source with spaces before its lines; the lines are the same.
    pub source: Source,
    /// The lines, from 1, of each document that was restored.
    pub documents: Vec<RangeInclusive<u32>>,
    added: Vec<u32>,
}

impl Restored {
    /// How many columns a line, from 1, was indented by.
    #[must_use]
    pub fn added(&self, line: u32) -> u32 {
        let index = (line as usize).checked_sub(1);
        index.and_then(|index| self.added.get(index)).copied().unwrap_or(0)
    }

    /// The document among the restored ones that a line is in.
    #[must_use]
    pub fn document(&self, line: u32) -> Option<RangeInclusive<u32>> {
        self.documents.iter().find(|lines| lines.contains(&line)).cloned()
    }
}

/// Restores the documents of a source that lost their indentation. `None` where there is none that can be.
#[must_use]
pub fn restore(source: &Source) -> Option<Restored> {
    let mut text = String::new();
    let (mut documents, mut added, mut done) = (Vec::new(), Vec::new(), 0);
    for chunk in split(&source.text) {
        let Some(columns) = document(chunk) else { continue };
        let lines = u32::try_from(columns.len()).ok()?;
        documents.push(chunk.line..=chunk.line.saturating_add(lines.saturating_sub(1)));
        text.push_str(source.text.get(done..chunk.start)?);
        text.push_str(&indented(chunk.text, &columns));
        done = chunk.start + chunk.text.len();
        added.resize((chunk.line as usize).saturating_sub(1), 0);
        added.extend(columns.iter().map(|column| u32::try_from(*column).unwrap_or(u32::MAX)));
    }
    text.push_str(source.text.get(done..)?);
    let source = Source { name: source.name.clone(), text: text.into() };
    (!documents.is_empty()).then_some(Restored { source, documents, added })
}

fn indented(text: &str, columns: &[usize]) -> String {
    let spaces = columns.iter().copied().chain(iter::repeat(0));
    text.split_inclusive('\n').zip(spaces).map(|(line, spaces)| " ".repeat(spaces) + line).collect()
}

/// The column of each line of a document that lost its indentation.
fn document(chunk: Chunk<'_>) -> Option<Vec<usize>> {
    let lines: Vec<&str> = chunk.text.lines().collect();
    let kept = |line: &&str| !line.starts_with([' ', '\t']) || line.trim().is_empty();
    let is_flat = lines.iter().all(kept) && !chunk.text.replace("\r\n", "\n").contains('\r');
    if !is_flat || shape::flattened(chunk).is_none() {
        return None;
    }
    let columns = restored_lines(&lines)?;
    // What came of it has to be an object.
    let parsed = parse_source(&Source::new("restored", &indented(chunk.text, &columns)));
    (!parsed.objects.is_empty()).then_some(columns)
}

fn restored_lines(lines: &[&str]) -> Option<Vec<usize>> {
    let head = lines.iter().take_while(|line| is_head(line)).count();
    let (head, body) = lines.split_at(head);
    let (api_version, kind) = (top(body, "apiVersion")?, top(body, "kind")?);
    let columns = if (api_version, kind) == ("v1", "List") { list(body) } else { single(body) }?;
    Some(iter::repeat_n(0, head.len()).chain(columns).collect())
}

/// Comments, directives and the separator before a document.
fn is_head(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with(['#', '%']) || line.starts_with("---")
}

fn single(lines: &[&str]) -> Option<Vec<usize>> {
    let schema = by_kind(top(lines, "apiVersion")?, top(lines, "kind")?, Tracing)?;
    let trimmed: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    search::columns(&schema, &trimmed)
}

/// The value of the first entry with a key that is text.
fn top<'a>(lines: &[&'a str], key: &str) -> Option<&'a str> {
    lines.iter().filter(|line| line.starts_with(key)).find_map(|line| match entry(line) {
        Some(Entry { dash: false, key: Some(own), value: Value::Plain(Resolved::Text(text)) }) => {
            (own == key).then_some(text)
        }
        _ => None,
    })
}

/// A `kind: List`: each of its items begins with its apiVersion or its kind.
fn list(lines: &[&str]) -> Option<Vec<usize>> {
    let items = lines.iter().position(|line| line.trim_end() == "items:")?;
    let (head, body) = lines.split_at(items + 1);
    let is_plain =
        |line: &&str| is_head(line) || top(&[line], "apiVersion").or(top(&[line], "kind")).is_some();
    let first_word = body.first().filter(|line| line.starts_with("- "))?.split(':').next()?;
    if !head[..items].iter().all(is_plain) || !matches!(first_word, "- apiVersion" | "- kind") {
        return None;
    }
    let starts = |line: &&&str| line.split(':').next() == Some(first_word);
    let starts: Vec<usize> =
        body.iter().enumerate().filter(|(_, line)| starts(line)).map(|(at, _)| at).collect();
    let ends = starts.iter().skip(1).copied().chain([body.len()]);
    let mut columns = vec![0; head.len()];
    for (start, end) in starts.iter().copied().zip(ends) {
        let item = body.get(start..end)?;
        let mut lines = item.to_vec();
        *lines.first_mut()? = item.first()?.strip_prefix("- ")?;
        let inside = single(&lines)?;
        // The dash stands two columns before the first key.
        columns.extend(inside.iter().enumerate().map(|(at, column)| column + if at == 0 { 2 } else { 4 }));
    }
    Some(columns)
}

#[cfg(test)]
mod tests;
