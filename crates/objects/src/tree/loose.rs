//! Lines within brackets or quotes that stand further left than YAML 1.2 asks (8.1: flow content is indented deeper than
//! the block around it). What Kubernetes reads with takes them: its parser, a port of libyaml, looks at indentation in
//! block context only. So such lines are moved to the right, and it is remembered how far.
use std::{borrow::Cow, collections::BTreeMap};

/// A text with some lines moved.
#[derive(Debug)]
pub(super) struct Loose<'t> {
    written: &'t str,
    moved: Cow<'t, str>,
    /// By line, counted from one: how far it was moved.
    lines: BTreeMap<usize, usize>,
    /// In order.
    pads: Vec<Pad>,
}

/// Blanks before a line.
#[derive(Clone, Copy, Debug)]
struct Pad {
    /// The character of the moved text that it begins at.
    at: usize,
    len: usize,
    /// The characters of all pads before.
    before: usize,
}

/// Where brackets or quotes open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opening {
    /// The byte of the written text.
    pub byte: usize,
    /// The line, counted from one.
    pub line: usize,
    /// The column, counted from zero.
    pub column: usize,
}

impl<'t> Loose<'t> {
    pub(super) fn new(written: &'t str) -> Self {
        Self { written, moved: Cow::Borrowed(written), lines: BTreeMap::new(), pads: Vec::new() }
    }

    /// The text to parse.
    pub(super) fn text(&self) -> &str {
        &self.moved
    }

    /// The character of the written text that a character of the moved one is.
    pub(super) fn index(&self, character: usize) -> usize {
        let behind = self.pads.partition_point(|pad| pad.at <= character);
        let Some(pad) = behind.checked_sub(1).map(|nth| self.pads[nth]) else { return character };
        character - pad.before - (character - pad.at).min(pad.len)
    }

    /// The column of the written text.
    pub(super) fn column(&self, line: usize, column: usize) -> usize {
        column.saturating_sub(self.lines.get(&line).copied().unwrap_or_default())
    }

    /// Moves the lines up to where the brackets or quotes close. False where there is nothing to move, or no end.
    pub(super) fn loosen(&mut self, opening: Opening) -> bool {
        let Some(more) = self.written.get(opening.byte..).and_then(lines_until_closed) else { return false };
        let lines = opening.line + 1..=opening.line + more;
        if lines.is_empty() || self.lines.contains_key(lines.start()) || has_other_breaks(self.written) {
            return false;
        }
        self.lines.extend(lines.map(|line| (line, opening.column + 1)));
        self.rebuild();
        true
    }

    fn rebuild(&mut self) {
        let (mut moved, mut characters, mut before) = (String::new(), 0, 0);
        self.pads.clear();
        for (nth, line) in self.written.split_inclusive('\n').enumerate() {
            if let Some(&len) = self.lines.get(&(nth + 1)) {
                self.pads.push(Pad { at: characters, len, before });
                moved.extend(std::iter::repeat_n(' ', len));
                characters += len;
                before += len;
            }
            moved.push_str(line);
            characters += line.chars().count();
        }
        self.moved = Cow::Owned(moved);
    }
}

/// Carriage returns that end lines by themselves count as lines for YAML, and not here.
fn has_other_breaks(text: &str) -> bool {
    text.match_indices('\r').any(|(at, _)| text.as_bytes().get(at + 1) != Some(&b'\n'))
}

/// How many lines lie between what opens at the start of a text and what closes it; none where nothing does.
fn lines_until_closed(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut before) = (0, 0_usize, b'[');
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            // Within a plain scalar quotes are characters as any other.
            b'"' | b'\'' if matches!(before, b'[' | b'{' | b',' | b':' | b'?') => {
                at = end_of_quoted(bytes, at)?
            }
            b'#' if at.checked_sub(1).is_some_and(|before| bytes[before].is_ascii_whitespace()) => {
                at += bytes[at..].iter().position(|byte| *byte == b'\n')?;
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            return Some(bytes[..at].iter().filter(|byte| **byte == b'\n').count());
        }
        if !byte.is_ascii_whitespace() {
            before = byte;
        }
        at += 1;
    }
    None
}

/// The closing quote of a scalar that opens here.
fn end_of_quoted(bytes: &[u8], start: usize) -> Option<usize> {
    let (quote, mut at) = (bytes[start], start + 1);
    loop {
        match *bytes.get(at)? {
            b'\\' if quote == b'"' => at += 1,
            byte if byte == quote && quote == b'\'' && bytes.get(at + 1) == Some(&quote) => at += 1,
            byte if byte == quote => return Some(at),
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_brackets_and_quotes() {
        for (text, lines) in [
            ("[a]", Some(0)),
            ("[\n\"a\",\n]\nb", Some(2)),
            ("{a: [\n'it''s ]', # ] }\n]\n} ", Some(3)),
            ("[it's\n]", Some(1)),
            ("[a#b\n]", Some(1)),
            ("\"a\nb\\\"\n\" x", Some(2)),
            ("'a\n''\n' x", Some(2)),
            ("[\n\"a\n]", None),
            ("[a", None),
        ] {
            assert_eq!(lines_until_closed(text), lines, "{text}");
        }
    }

    #[test]
    fn places_are_those_of_the_written_text() {
        let written = "k: é[\n\"a\"\n]\nb: 1\n";
        let mut loose = Loose::new(written);
        assert!(loose.loosen(Opening { byte: 5, line: 1, column: 4 }));
        assert_eq!(loose.text(), "k: é[\n     \"a\"\n     ]\nb: 1\n");
        let at = |text: &str, wanted: char| text.chars().position(|c| c == wanted).unwrap();
        for wanted in ['[', 'a', ']', 'b', '1'] {
            assert_eq!(loose.index(at(loose.text(), wanted)), at(written, wanted), "{wanted}");
        }
        assert_eq!((loose.column(2, 6), loose.column(4, 3)), (1, 3));
        assert!(!loose.loosen(Opening { byte: 5, line: 1, column: 4 }), "once is enough");
    }
}
