//! Values on one line: plain and quoted scalars, flow collections.
use super::{Reader, Sure};

impl Reader<'_, '_> {
    /// A value on this line. Leaves the place behind it.
    pub(super) fn value(&mut self, in_flow: bool) -> Sure {
        match self.peek()? {
            b'{' => self.flow(true),
            b'[' => self.flow(false),
            quote @ (b'"' | b'\'') => self.quoted(quote),
            first if is_plain_start(first) => self.plain(in_flow),
            // Within brackets a dash alone is text for Kubernetes: `[-]`.
            b'-' if self.bytes[..self.end]
                .get(self.at + 1)
                .is_some_and(|next| is_plain_start(*next) || (in_flow && is(*next, FLOW))) =>
            {
                self.plain(in_flow)
            }
            _ => None,
        }
    }

    fn quoted(&mut self, quote: u8) -> Sure {
        let start = self.at;
        let line = &self.bytes[start + 1..self.end];
        let len = line.iter().position(|b| *b == quote || matches!(b, b'\\' | b'\t'))?;
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
        let line = &self.bytes[..self.end];
        let start = self.at;
        let (mut at, mut stop) = (start, start);
        loop {
            let run = line[at..].iter().position(|b| is(*b, TELLING)).unwrap_or(line.len() - at);
            if run > 0 {
                at += run;
                stop = at;
            }
            match line.get(at) {
                None => break,
                Some(b' ') => {
                    at += line[at..].iter().position(|b| *b != b' ').unwrap_or(line.len() - at);
                    if line.get(at) == Some(&b'#') {
                        break;
                    }
                }
                Some(b'\t') => return None,
                Some(b':') => {
                    // Within brackets a colon before another bracket or a comma is text for Kubernetes: `[fd00::]`.
                    if line.get(at + 1).is_none_or(|b| *b == b' ') {
                        return None;
                    }
                    at += 1;
                    stop = at;
                }
                Some(_) if in_flow => break,
                Some(_) => {
                    at += 1;
                    stop = at;
                }
            }
        }
        if in_flow && line[start..stop].contains(&b'?') {
            return None;
        }
        self.at = stop;
        self.scalar(start, start, stop, true)
    }

    fn flow(&mut self, mapping: bool) -> Sure {
        let position = self.position(self.at);
        self.builder.start(position, mapping, 0).ok()?;
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

/// Characters that a plain key begins with.
const KEY_START: u8 = 1;
/// Characters of plain keys.
const KEY: u8 = 2;
/// Characters that begin a plain scalar and mean nothing else there.
const PLAIN_START: u8 = 4;
/// Characters that may end a plain scalar.
const TELLING: u8 = 8;
/// Characters that mean something in a flow collection.
const FLOW: u8 = 16;

/// What each byte may be.
static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    loop {
        let mut class = 0;
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/') {
            class |= KEY_START | KEY | PLAIN_START;
        }
        if byte == b'-' {
            class |= KEY;
        }
        if matches!(byte, b'$' | b'(' | b'+' | b'^' | b'~' | b'<' | b'=' | b';' | b'\\' | 0x80..) {
            class |= PLAIN_START;
        }
        if matches!(byte, b' ' | b'\t' | b':') {
            class |= TELLING;
        }
        if matches!(byte, b',' | b'[' | b']' | b'{' | b'}') {
            class |= TELLING | FLOW;
        }
        classes[byte as usize] = class;
        if byte == u8::MAX {
            return classes;
        }
        byte += 1;
    }
}

fn is(byte: u8, class: u8) -> bool {
    CLASSES[usize::from(byte)] & class != 0
}

pub(super) fn is_key_start(byte: u8) -> bool {
    is(byte, KEY_START)
}

pub(super) fn is_key_byte(byte: u8) -> bool {
    is(byte, KEY)
}

fn is_plain_start(byte: u8) -> bool {
    is(byte, PLAIN_START)
}
