//! A quick reader of the YAML that most manifests are written in: ASCII, block style, short flow collections, scalars
//! on one line. It takes what it is sure of and leaves every other document to the full parser, which it must agree
//! with to the column.
use std::cmp::Ordering;

use super::{
    Chunk, NodeId,
    build::{Builder, MAX_DEPTH, Text},
};

/// Reads a chunk. `None` where it holds anything but the plainest YAML; what was built of it until then is undone.
pub(crate) fn read_plain(builder: &mut Builder, chunk: Chunk<'_>) -> Option<Option<NodeId>> {
    // Without an early end the loop is turned into vector instructions.
    let strange = chunk.text.bytes().fold(false, |strange, b| strange | !matches!(b, b' '..=b'~' | b'\n'));
    // `...` ends a document.
    if strange
        || chunk.text.starts_with("...")
        || memchr::memmem::find(chunk.text.as_bytes(), b"\n...").is_some()
    {
        return None;
    }
    let before = builder.len();
    let mut reader = Reader {
        builder,
        bytes: chunk.text.as_bytes(),
        base: chunk.start,
        line: chunk.line,
        line_start: 0,
        at: 0,
        end: 0,
        depth: 0,
    };
    let read = reader.document();
    match read {
        Some(()) => Some(builder.finish_document()),
        None => {
            builder.back_to(before);
            None
        }
    }
}

struct Reader<'b, 's> {
    builder: &'b mut Builder,
    bytes: &'s [u8],
    /// Where the bytes begin in the source.
    base: usize,
    line: u32,
    line_start: usize,
    /// The current place, on the current line.
    at: usize,
    /// Where the current line ends.
    end: usize,
    depth: u32,
}

/// Whether reading went on, or met what this reader leaves to the full parser.
type Sure<T = ()> = Option<T>;

impl Reader<'_, '_> {
    fn document(&mut self) -> Sure {
        self.end = self.line_end(0);
        if self.bytes.starts_with(b"---") {
            self.at = 3;
            self.rest_is_blank()?;
            self.next_line();
        } else {
            self.find_content();
        }
        if self.is_done() {
            // An empty document is nothing to the one parser and null to the other.
            return None;
        }
        self.node()?;
        self.is_done().then_some(())
    }

    fn line_end(&self, from: usize) -> usize {
        memchr::memchr(b'\n', &self.bytes[from..]).map_or(self.bytes.len(), |len| from + len)
    }

    /// Goes to the content of the next line that has any.
    fn next_line(&mut self) {
        self.line_start = (self.end + 1).min(self.bytes.len());
        self.line = self.line.saturating_add(1);
        self.at = self.line_start;
        self.end = self.line_end(self.line_start);
        self.find_content();
    }

    /// Goes to the first character that counts, from the beginning of a line on.
    fn find_content(&mut self) {
        loop {
            self.skip_spaces();
            let blank = self.at == self.end || self.bytes[self.at] == b'#';
            if !blank || self.end >= self.bytes.len() {
                if blank {
                    self.at = self.bytes.len();
                    self.end = self.at;
                }
                return;
            }
            self.line_start = self.end + 1;
            self.line = self.line.saturating_add(1);
            self.at = self.line_start;
            self.end = self.line_end(self.at);
        }
    }

    fn is_done(&self) -> bool {
        self.at >= self.bytes.len()
    }

    fn skip_spaces(&mut self) {
        while self.at < self.end && self.bytes[self.at] == b' ' {
            self.at += 1;
        }
    }

    fn column(&self) -> usize {
        self.at - self.line_start
    }

    fn peek(&self) -> Option<u8> {
        (self.at < self.end).then(|| self.bytes[self.at])
    }

    /// Whether the place begins a list item.
    fn at_dash(&self) -> bool {
        self.peek() == Some(b'-') && (self.at + 1 == self.end || self.bytes[self.at + 1] == b' ')
    }

    fn position(&self, at: usize) -> (u32, u32) {
        let column = u32::try_from(at - self.line_start).unwrap_or(u32::MAX - 1);
        (self.line, column + 1)
    }

    /// Nothing but a comment may stand on the rest of the line.
    fn rest_is_blank(&mut self) -> Sure {
        let from = self.at;
        self.skip_spaces();
        match self.peek() {
            None => Some(()),
            Some(b'#') if self.at > from => {
                self.at = self.end;
                Some(())
            }
            Some(_) => None,
        }
    }

    /// A node that begins at the current place.
    fn node(&mut self) -> Sure {
        self.nested(|reader| {
            if reader.at_dash() {
                reader.sequence(false)
            } else if let Some(key_end) = reader.key_end() {
                reader.mapping(key_end)
            } else {
                reader.inline()
            }
        })
    }

    /// A scalar or a flow collection on the rest of the line; goes on to the next line.
    fn inline(&mut self) -> Sure {
        let column = self.column();
        self.value(false)?;
        self.rest_is_blank()?;
        self.next_line();
        // A line further in would go on with a scalar; one at the same place cannot be known here.
        (self.is_done() || self.column() < column).then_some(())
    }

    /// `level` where the items stand at the column of the key that they belong to: the full parser then puts the
    /// list at its first item instead of the dash.
    fn sequence(&mut self, level: bool) -> Sure {
        let column = self.column();
        let first = if level { self.first_item()? } else { self.at };
        self.builder.start(self.position(first), false, 0).ok()?;
        while !self.is_done() && self.column() == column && self.at_dash() {
            let dash = self.at;
            self.at += 1;
            self.skip_spaces();
            match self.peek() {
                None | Some(b'#') => {
                    // Where a null stands is the full parser's to say.
                    self.next_line();
                    if self.is_done() || self.column() <= column {
                        return None;
                    }
                }
                Some(_) if self.at == dash + 1 => return None,
                Some(_) => {}
            }
            self.node()?;
        }
        if !self.is_done() && self.column() > column {
            return None;
        }
        self.builder.end().ok()
    }

    fn mapping(&mut self, key_end: usize) -> Sure {
        let column = self.column();
        self.builder.start(self.position(self.at), true, 0).ok()?;
        let mut key_end = key_end;
        loop {
            self.entry(column, key_end)?;
            if self.is_done() || self.column() < column {
                break;
            }
            if self.column() > column || self.at_dash() {
                return None;
            }
            key_end = self.key_end()?;
        }
        self.builder.end().ok()
    }

    fn entry(&mut self, column: usize, key_end: usize) -> Sure {
        self.key(key_end)?;
        // Behind the colon.
        self.at = key_end + 1;
        let colon = self.at;
        self.skip_spaces();
        match self.peek() {
            None => {}
            Some(b'#') if self.at > colon => {}
            Some(_) => {
                self.value(false)?;
                self.rest_is_blank()?;
                self.next_line();
                return (self.is_done() || self.column() <= column).then_some(());
            }
        }
        self.next_line();
        if self.is_done() {
            return None;
        }
        let here = self.column();
        // Where a null stands is the full parser's to say.
        match here.cmp(&column) {
            Ordering::Greater => self.node(),
            Ordering::Equal if self.at_dash() => self.nested(|reader| reader.sequence(true)),
            _ => None,
        }
    }

    /// Where the first item behind a dash stands, if it is on the same line.
    fn first_item(&self) -> Option<usize> {
        let rest = &self.bytes[self.at + 1..self.end];
        let blanks = rest.iter().position(|b| *b != b' ')?;
        (rest[blanks] != b'#').then_some(self.at + 1 + blanks)
    }

    /// One level further in.
    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Sure) -> Sure {
        if self.depth >= MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        read(self)?;
        self.depth -= 1;
        Some(())
    }

    /// Where the colon of a simple key stands that begins at the current place.
    fn key_end(&self) -> Option<usize> {
        let line = &self.bytes[self.at..self.end];
        let len = match line.first()? {
            quote @ (b'"' | b'\'') => {
                let inside = line[1..].iter().position(|b| b == quote || *b == b'\\')?;
                if line[1 + inside] == b'\\' {
                    return None;
                }
                inside + 2
            }
            first if is_key_start(*first) => line.iter().position(|b| !is_key_byte(*b))?,
            _ => return None,
        };
        // The full parser takes simple keys of up to 1024 characters.
        let is_key =
            len < 1000 && line.get(len) == Some(&b':') && matches!(line.get(len + 1), None | Some(b' '));
        is_key.then_some(self.at + len)
    }

    fn key(&mut self, key_end: usize) -> Sure {
        match self.bytes[self.at] {
            b'"' | b'\'' => self.scalar(self.at, self.at + 1, key_end - 1, false),
            _ => self.scalar(self.at, self.at, key_end, true),
        }
    }

    fn scalar(&mut self, position: usize, from: usize, to: usize, plain: bool) -> Sure {
        let text = Text::Source { start: self.base + from, len: to - from };
        self.builder.scalar(self.position(position), &text, plain, 0).ok().map(|_| ())
    }

    /// A value on this line. Leaves the place behind it.
    fn value(&mut self, in_flow: bool) -> Sure {
        match self.peek()? {
            b'{' => self.flow(true),
            b'[' => self.flow(false),
            quote @ (b'"' | b'\'') => self.quoted(quote),
            first if is_plain_start(first) => self.plain(in_flow),
            b'-' if self.bytes[..self.end].get(self.at + 1).is_some_and(|b| is_plain_start(*b)) => {
                self.plain(in_flow)
            }
            _ => None,
        }
    }

    fn quoted(&mut self, quote: u8) -> Sure {
        let start = self.at;
        let line = &self.bytes[start + 1..self.end];
        let len = line.iter().position(|b| *b == quote || *b == b'\\')?;
        let close = start + 1 + len;
        // Escapes of either kind are the full parser's.
        if self.bytes[close] != quote || self.bytes[..self.end].get(close + 1) == Some(&quote) {
            return None;
        }
        // In single quotes a backslash is a character as any other, but rare enough not to matter.
        self.scalar(start, start + 1, close, false)?;
        self.at = close + 1;
        Some(())
    }

    fn plain(&mut self, in_flow: bool) -> Sure {
        let start = self.at;
        let mut last = start;
        while let Some(byte) = self.peek() {
            let next = self.bytes[..self.end].get(self.at + 1).copied();
            match byte {
                b' ' if next == Some(b'#') => break,
                b' ' => {}
                b':' if next.is_none_or(|b| b == b' ' || (in_flow && is_flow(b))) => return None,
                _ if in_flow && is_flow(byte) => break,
                _ => last = self.at,
            }
            self.at += 1;
        }
        self.at = last + 1;
        self.scalar(start, start, last + 1, true)
    }

    fn flow(&mut self, mapping: bool) -> Sure {
        self.builder.start(self.position(self.at), mapping, 0).ok()?;
        self.nested(|reader| reader.flow_entries(mapping))?;
        self.builder.end().ok()
    }

    /// What is inside of the brackets, both of them included.
    fn flow_entries(&mut self, mapping: bool) -> Sure {
        let close = if mapping { b'}' } else { b']' };
        self.at += 1;
        self.skip_spaces();
        if self.peek()? == close {
            self.at += 1;
            return Some(());
        }
        loop {
            self.flow_entry(mapping)?;
            self.skip_spaces();
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b',' => self.skip_spaces(),
                byte if byte == close => return Some(()),
                _ => return None,
            }
        }
    }

    fn flow_entry(&mut self, mapping: bool) -> Sure {
        match (mapping, self.key_end()) {
            (true, Some(key_end)) => {
                self.key(key_end)?;
                self.at = key_end + 1;
                self.skip_spaces();
            }
            (false, None) => {}
            // A key without a value, or a mapping of one entry without braces.
            _ => return None,
        }
        self.value(true)
    }
}

fn is_key_start(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/')
}

fn is_key_byte(byte: u8) -> bool {
    is_key_start(byte) || byte == b'-'
}

/// Characters that begin a plain scalar and mean nothing else there.
fn is_plain_start(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'_' | b'.' | b'/' | b'$' | b'(' | b'+' | b'^' | b'~' | b'<' | b'=' | b';' | b'\\')
}

fn is_flow(byte: u8) -> bool {
    matches!(byte, b',' | b'[' | b']' | b'{' | b'}')
}

#[cfg(test)]
mod tests;
