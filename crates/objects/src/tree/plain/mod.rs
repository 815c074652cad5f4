//! A quick reader of the YAML that most manifests are written in: block style, short flow collections, scalars on one
//! line or as a block. It takes what it is sure of and leaves every other document to the full parser, which it must
//! agree with to the column.
mod block;
mod literal;
mod value;

use super::{
    Chunk, NodeId,
    build::{Builder, MAX_DEPTH, Text},
};

/// Reads a chunk. `None` where it holds anything but the plainest YAML; what was built of it until then is undone.
pub(crate) fn read_plain(builder: &mut Builder, chunk: Chunk<'_>) -> Option<Option<NodeId>> {
    let ascii = characters(chunk.text)?;
    let before = builder.len();
    let mut reader = Reader {
        builder,
        text: chunk.text,
        bytes: chunk.text.as_bytes(),
        base: chunk.start,
        line: chunk.line,
        line_start: 0,
        at: 0,
        end: 0,
        next: 0,
        ascii,
        counted: (0, 0),
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

/// Whether all characters of a text are ASCII. `None` where some of them may mean more than themselves, or end lines in
/// an unusual way.
fn characters(text: &str) -> Option<bool> {
    let bytes = text.as_bytes();
    // Without an early end the loop is turned into vector instructions.
    let (mut strange, mut above, mut returns) = (false, false, false);
    for byte in bytes {
        strange |= (*byte < b' ' && !matches!(byte, b'\n' | b'\r' | b'\t')) || *byte == 0x7F;
        above |= *byte >= 0x80;
        returns |= *byte == b'\r';
    }
    // `...` ends a document.
    if strange || text.starts_with("...") || memchr::memmem::find(bytes, b"\n...").is_some() {
        return None;
    }
    if returns && memchr::memchr_iter(b'\r', bytes).any(|at| bytes.get(at + 1) != Some(&b'\n')) {
        return None;
    }
    // Next line, line and paragraph separators, byte order marks.
    let usual = |c: char| {
        c.is_ascii()
            || (c >= '\u{A0}' && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}'))
    };
    (!above || text.chars().all(usual)).then_some(!above)
}

struct Reader<'b, 's> {
    builder: &'b mut Builder,
    text: &'s str,
    bytes: &'s [u8],
    /// Where the bytes begin in the source.
    base: usize,
    line: u32,
    line_start: usize,
    /// The current place, on the current line.
    at: usize,
    /// Where the content of the current line ends, before its line break.
    end: usize,
    /// Where the next line begins.
    next: usize,
    /// Whether bytes and columns are the same.
    ascii: bool,
    /// A place on the current line, and how many characters there are before it.
    counted: (usize, usize),
    depth: u32,
}

/// Whether reading went on, or met what this reader leaves to the full parser.
type Sure<T = ()> = Option<T>;

impl Reader<'_, '_> {
    fn document(&mut self) -> Sure {
        self.begin_line(0);
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

    fn begin_line(&mut self, start: usize) {
        self.line_start = start;
        self.at = start;
        self.counted = (start, 0);
        match memchr::memchr(b'\n', &self.bytes[start..]) {
            Some(len) => {
                self.next = start + len + 1;
                let returns = len > 0 && self.bytes[start + len - 1] == b'\r';
                self.end = start + len - usize::from(returns);
            }
            None => {
                self.next = self.bytes.len();
                self.end = self.next;
            }
        }
    }

    /// Goes to the beginning of the next line.
    fn go_on(&mut self) {
        self.line = self.line.saturating_add(1);
        self.begin_line(self.next);
    }

    /// Goes to the content of the next line that has any.
    fn next_line(&mut self) {
        self.go_on();
        self.find_content();
    }

    /// Goes to the first character that counts, from the beginning of a line on.
    fn find_content(&mut self) {
        loop {
            self.skip_spaces();
            let blank = self.at == self.end || self.bytes[self.at] == b'#';
            if !blank {
                return;
            }
            if self.next >= self.bytes.len() {
                self.at = self.bytes.len();
                self.end = self.at;
                return;
            }
            self.go_on();
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

    /// How far the current place is indented; only blanks and dashes may stand before it.
    fn column(&self) -> usize {
        self.at - self.line_start
    }

    fn peek(&self) -> Option<u8> {
        (self.at < self.end).then(|| self.bytes[self.at])
    }

    fn position(&mut self, at: usize) -> (u32, u32) {
        let column = if self.ascii { at - self.line_start } else { self.characters_before(at) };
        (self.line, u32::try_from(column).unwrap_or(u32::MAX - 1) + 1)
    }

    /// How many characters of the current line stand before a place. Places are asked for in order, so that counting
    /// goes on from the last.
    fn characters_before(&mut self, at: usize) -> usize {
        if at < self.counted.0 {
            self.counted = (self.line_start, 0);
        }
        let passed = &self.bytes[self.counted.0..at];
        self.counted = (at, self.counted.1 + passed.iter().filter(|b| **b & 0xC0 != 0x80).count());
        self.counted.1
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

    fn scalar(&mut self, position: usize, from: usize, to: usize, plain: bool) -> Sure {
        let text = Text::Source { start: self.base + from, len: to - from };
        let position = self.position(position);
        self.builder.scalar(position, &text, plain, 0).ok().map(|_| ())
    }

    /// Nothing where a value could stand, at the sign that it would stand behind.
    fn null(&mut self, (position, at): ((u32, u32), usize)) -> Sure {
        let text = Text::Source { start: self.base + at, len: 0 };
        self.builder.scalar(position, &text, true, 0).ok().map(|_| ())
    }
}

#[cfg(test)]
mod tests;
