//! From where to where a node stands in the source: bytes, lines and columns.
use std::ops::Range;

use crate::tree::{NodeId, Tree, View};

/// A node's extent in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) bytes: Range<usize>,
    /// Line and column of its first character.
    pub(crate) start: (u32, u32),
    /// Line and column just behind its last.
    pub(crate) end: (u32, u32),
}

/// Measures nodes near one that is known.
pub(crate) struct Ruler<'t> {
    tree: &'t Tree,
    text: &'t str,
    /// A place that is known, on or before the line that is measured.
    known: Known,
}

/// Line, column and byte of one place.
#[derive(Clone, Copy)]
struct Known {
    line: u32,
    column: u32,
    byte: usize,
}

impl<'t> Ruler<'t> {
    /// `near` stands close to the nodes that are to be measured, so that few lines are counted.
    pub(crate) fn new(tree: &'t Tree, near: NodeId) -> Self {
        let text = &*tree.source().text;
        let mut ruler = Self { tree, text, known: Known { line: 1, column: 1, byte: mark_of(text) } };
        if let Some(known) = ruler.known_place(near) {
            ruler.known = known;
        }
        ruler
    }

    /// The place of the first scalar at or below a node that the source holds as it is.
    fn known_place(&self, near: NodeId) -> Option<Known> {
        let mut id = near;
        loop {
            if self.tree.target(id) != id {
                return None;
            }
            match self.tree.view(id) {
                View::Mapping(children) | View::Sequence(children) => id = *children.first()?,
                View::Scalar(_) => break,
            }
        }
        let text = self.tree.text(id).filter(|t| !t.is_empty())?;
        let at = text.as_ptr().addr().checked_sub(self.text.as_ptr().addr())?;
        self.text.get(at..at + text.len()).filter(|same| std::ptr::eq(same.as_ptr(), text.as_ptr()))?;
        let (line, column) = self.tree.position(id);
        let before = self.text[..at].strip_suffix('"').map(|before| before.trim_end_matches([' ', '\t']));
        if before.is_some_and(|before| before.ends_with(['{', '[', ',', ':'])) {
            return Some(Known { line, column, byte: at - 1 });
        }
        Some(Known { line, column: 1, byte: self.start_of_line(at) })
    }

    /// The first byte of the line that a byte is on, behind a byte order mark.
    fn start_of_line(&self, byte: usize) -> usize {
        match memchr::memrchr(b'\n', &self.text.as_bytes()[..byte]) {
            Some(end) => end + 1,
            None => mark_of(self.text).min(byte),
        }
    }

    /// Where a node's text, or its first child, begins and ends.
    pub(crate) fn extent(&self, id: NodeId) -> Extent {
        let from = self.start(id);
        let bytes = from..self.end(id).max(from);
        let start = self.position(bytes.start);
        Extent { start, end: self.advance(start, bytes.clone()), bytes }
    }

    /// The byte at which a node begins. What is written as nothing is where the text before it ends.
    pub(crate) fn start(&self, id: NodeId) -> usize {
        let at = self.tree.location(id);
        let start = self.offset(at.line, at.column);
        if !self.is_empty(id) {
            return self.block_header(id, start).unwrap_or(start);
        }
        let end = self.text[..start].trim_end().len();
        if end == start && self.text[start..].starts_with(':') { end + 1 } else { end }
    }

    /// Where the `|` or `>` of a block scalar stands; its node stands where its first line begins.
    fn block_header(&self, id: NodeId, content: usize) -> Option<usize> {
        if self.tree.is_plain(id) || self.tree.target(id) != id || self.tree.text(id).is_none() {
            return None;
        }
        let line_start = self.text[..content].rfind('\n')?;
        if !self.text[line_start..content].trim().is_empty() {
            return None;
        }
        let before = self.text[..line_start].trim_end();
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let line = &before[line_start..];
        let is_header = |at: &usize| {
            let indicators = line[at + 1..].trim_start_matches(|c: char| matches!(c, '-' | '+' | '0'..='9'));
            let apart = line[..*at].is_empty() || line[..*at].ends_with(' ');
            apart
                && (indicators.is_empty()
                    || indicators.starts_with(' ') && indicators.trim().starts_with('#'))
        };
        line.match_indices(['|', '>']).map(|(at, _)| at).find(is_header).map(|at| line_start + at)
    }

    fn is_empty(&self, id: NodeId) -> bool {
        self.tree.target(id) == id && self.tree.is_plain(id) && self.tree.text(id).is_some_and(str::is_empty)
    }

    /// Lines may be as long as the source: only what lies between the known place and the wanted one is looked at.
    fn offset(&self, line: u32, column: u32) -> usize {
        let (from, start) = match line == self.known.line {
            true => (self.known.column, self.known.byte),
            false => (1, self.line_start(line)),
        };
        if column < from {
            let back = (from - column) as usize;
            return self.text[..start].char_indices().rev().nth(back - 1).map_or(0, |(at, _)| at);
        }
        let rest = &self.text[start..];
        let columns = (column - from) as usize;
        match rest.char_indices().take_while(|(_, c)| *c != '\n').nth(columns) {
            Some((at, _)) => start + at,
            None => start + memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len()),
        }
    }

    fn line_start(&self, line: u32) -> usize {
        let Known { line: known, byte, .. } = self.known;
        if line > known {
            let mut at = byte;
            for _ in known..line {
                at = memchr::memchr(b'\n', &self.text.as_bytes()[at..])
                    .map_or(self.text.len(), |end| at + end + 1);
            }
            return at;
        }
        let mut at = self.start_of_line(byte);
        for _ in line..known {
            at = self.start_of_line(at.saturating_sub(1));
        }
        at
    }

    /// Line and column of a byte.
    pub(crate) fn position(&self, byte: usize) -> (u32, u32) {
        let Known { line, column, byte: known } = self.known;
        if byte >= known {
            return self.advance((line, column), known..byte);
        }
        let between = self.text.get(byte..known).unwrap_or_default();
        let breaks = memchr::memchr_iter(b'\n', between.as_bytes()).count();
        if breaks == 0 {
            return (line, column.saturating_sub(clip(between.chars().count())).max(1));
        }
        self.advance((line.saturating_sub(clip(breaks)), 1), self.start_of_line(byte)..byte)
    }

    /// The position behind some text that begins at another.
    pub(crate) fn advance(&self, (line, column): (u32, u32), over: Range<usize>) -> (u32, u32) {
        let over = self.text.get(over).unwrap_or_default();
        let over = over.strip_prefix('\u{feff}').unwrap_or(over);
        match over.rfind('\n') {
            None => (line, column.saturating_add(clip(over.chars().count()))),
            Some(last) => {
                let breaks = over.matches('\n').count();
                (line.saturating_add(clip(breaks)), clip(over[last + 1..].chars().count()) + 1)
            }
        }
    }

    /// The byte just behind a node. Nodes that `<<` merged in from elsewhere do not count.
    fn end(&self, id: NodeId) -> usize {
        let start = skip_properties(self.text, self.start(id));
        if self.tree.target(id) != id {
            return token_end(self.text, start);
        }
        let last = match self.tree.view(id) {
            View::Scalar(_) => return self.scalar_end(id, start),
            View::Sequence(items) => items.iter().filter(|i| **i > id).max().copied(),
            View::Mapping(entries) => {
                let last = entries.chunks_exact(2).filter(|e| e[0] > id).max_by_key(|e| e[0]);
                last.map(|e| if self.is_empty(e[1]) { e[0] } else { e[1] })
            }
        };
        let inner = last.map_or(start, |last| self.end(last).max(start));
        match self.text.as_bytes().get(start) {
            Some(b'[' | b'{') => flow_end(self.text, inner.max(start + 1)),
            _ => with_colon(self.text, inner, self.is_key_of(id, last)),
        }
    }

    /// Whether the last node of a mapping is a key, whose value is written as nothing.
    fn is_key_of(&self, id: NodeId, last: Option<NodeId>) -> bool {
        matches!((self.tree.view(id), last), (View::Mapping(entries), Some(last))
            if entries.iter().step_by(2).any(|key| *key == last))
    }

    fn scalar_end(&self, id: NodeId, start: usize) -> usize {
        let content = self.tree.text(id).unwrap_or_default();
        match self.text.as_bytes().get(start) {
            _ if self.is_empty(id) => start,
            Some(b'"') => double_quoted_end(self.text, start),
            Some(b'\'') => single_quoted_end(self.text, start),
            Some(b'|' | b'>') => self.block_end(start),
            _ => plain_end(self.text, start, content),
        }
    }

    /// A block scalar ends with its last line that is not blank.
    fn block_end(&self, start: usize) -> usize {
        let Some(header) = self.text[start..].find('\n').map(|end| start + end) else {
            return self.text.len();
        };
        let Some(indent) = block_indent(self.text, start) else {
            return start + self.text[start..header].trim_end().len();
        };
        let mut end = start + self.text[start..header].trim_end().len();
        let mut at = header + 1;
        for line in self.text[at..].split_inclusive('\n') {
            let content = line.trim_end_matches(['\n', '\r']);
            if !content.trim().is_empty() {
                if content.len() - content.trim_start_matches(' ').len() < indent {
                    break;
                }
                end = at + content.len();
            }
            at += line.len();
        }
        end
    }
}

/// How far the lines of the block scalar are indented whose `|` or `>` stands at a byte.
pub(crate) fn block_indent(text: &str, start: usize) -> Option<usize> {
    let (_, lines) = text[start..].split_once('\n')?;
    let first = lines.lines().find(|line| !line.trim().is_empty())?;
    let indent = first.len() - first.trim_start_matches(' ').len();
    let header = text[start..].lines().next().unwrap_or_default();
    let written = header.bytes().skip(1).take(2).find(u8::is_ascii_digit);
    // An explicit indentation counts from the parent's, which stands in the line of the header.
    let Some(digit) = written else { return (indent > 0).then_some(indent) };
    let line = text[..start].rfind('\n').map_or(0, |end| end + 1);
    let before = &text[line..start];
    let parent = before.len() - before.trim_start_matches([' ', '-']).len();
    Some(parent + usize::from(digit - b'0'))
}

/// The length of the byte order mark that a text begins with.
fn mark_of(text: &str) -> usize {
    if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
}

/// Behind tags and anchors.
pub(crate) fn skip_properties(text: &str, mut at: usize) -> usize {
    while matches!(text.as_bytes().get(at), Some(b'!' | b'&')) {
        let end = at + text[at..].find(char::is_whitespace).unwrap_or(text.len() - at);
        at = end + (text[end..].len() - text[end..].trim_start().len());
    }
    at
}

fn token_end(text: &str, start: usize) -> usize {
    let ends = |c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}');
    start + text[start..].find(ends).unwrap_or(text.len() - start)
}

fn double_quoted_end(text: &str, start: usize) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(start + 1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn single_quoted_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\'' if bytes.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// A plain scalar's lines may have been joined, which changes blanks only.
fn plain_end(text: &str, start: usize, content: &str) -> usize {
    let mut rest = text[start..].char_indices();
    let mut end = start;
    for wanted in content.chars().filter(|c| !c.is_whitespace()) {
        match rest.find(|(_, c)| !c.is_whitespace()) {
            Some((at, c)) if c == wanted => end = start + at + c.len_utf8(),
            // A key that Kubernetes reads as something else than is written.
            _ => {
                let ends = |c: char| c.is_whitespace() || matches!(c, ':' | ',' | ']' | '}');
                return start + text[start..].find(ends).unwrap_or(text.len() - start);
            }
        }
    }
    end
}

/// Behind the bracket that closes a flow collection, from behind its last child.
fn flow_end(text: &str, from: usize) -> usize {
    let mut comment = false;
    for (at, byte) in text.bytes().enumerate().skip(from) {
        match byte {
            b'\n' => comment = false,
            _ if comment => {}
            b']' | b'}' => return at + 1,
            b'#' => comment = true,
            _ => {}
        }
    }
    text.len()
}

fn with_colon(text: &str, end: usize, is_key: bool) -> usize {
    if !is_key {
        return end;
    }
    let rest = &text[end..];
    let blanks = rest.len() - rest.trim_start_matches(' ').len();
    if rest[blanks..].starts_with(':') { end + blanks + 1 } else { end }
}

fn clip(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX - 1)
}
