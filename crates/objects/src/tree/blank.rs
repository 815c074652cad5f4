//! What Kubernetes' YAML parser, a port of libyaml, takes and the parser here does not: tabs between tokens, and comments
//! right behind a quote or a bracket. They become blanks, byte by byte, so that every place stays what it is.

/// The text with blanks in place of such signs; none where there are none.
pub(super) fn blanked(text: &str) -> Option<String> {
    memchr::memchr2(b'\t', b'#', text.as_bytes())?;
    let mut scan =
        Scan { bytes: text.as_bytes().to_vec(), at: 0, flow: 0, key_allowed: true, changed: false };
    scan.document();
    if !scan.changed {
        return None;
    }
    // Only ASCII was replaced by ASCII.
    String::from_utf8(scan.bytes).ok()
}

struct Scan {
    bytes: Vec<u8>,
    at: usize,
    /// Brackets that are open.
    flow: usize,
    /// Whether a key may begin here: libyaml takes no tab before one.
    key_allowed: bool,
    changed: bool,
}

impl Scan {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn replace(&mut self, at: usize, byte: u8) {
        if let Some(place) = self.bytes.get_mut(at) {
            *place = byte;
            self.changed = true;
        }
    }

    fn document(&mut self) {
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\n' | b'\r' => {
                    self.at += 1;
                    self.key_allowed = self.flow == 0;
                }
                b' ' => self.at += 1,
                b'\t' => {
                    if self.flow > 0 || !self.key_allowed {
                        self.replace(self.at, b' ');
                    }
                    self.at += 1;
                }
                b'#' => self.comment(),
                b'"' | b'\'' => self.quoted(byte),
                b'[' | b'{' => self.bracket(1),
                b']' | b'}' if self.flow > 0 => self.bracket(-1),
                b',' if self.flow > 0 => self.at += 1,
                b'-' | b'?' if self.flow == 0 && self.key_allowed && self.is_blank(1) => self.at += 1,
                b':' if self.is_blank(1) || self.flow > 0 => {
                    self.at += 1;
                    self.key_allowed = false;
                }
                b'|' | b'>' if self.flow == 0 => self.block(),
                b'%' if self.starts_line() => self.skip_line(),
                b'&' | b'*' | b'!' => self.property(),
                _ => self.plain(),
            }
        }
    }

    /// Whether the byte so far ahead is a blank, or the text ends there.
    fn is_blank(&self, ahead: usize) -> bool {
        self.peek(ahead).is_none_or(|byte| byte.is_ascii_whitespace())
    }

    fn starts_line(&self) -> bool {
        self.at.checked_sub(1).is_none_or(|before| matches!(self.bytes[before], b'\n' | b'\r'))
    }

    fn skip_line(&mut self) {
        while !matches!(self.peek(0), None | Some(b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn bracket(&mut self, step: isize) {
        self.flow = self.flow.saturating_add_signed(step);
        self.key_allowed = false;
        self.at += 1;
    }

    /// A comment moves one place on where no blank stands before it.
    fn comment(&mut self) {
        let apart = self.at.checked_sub(1).is_none_or(|before| self.bytes[before].is_ascii_whitespace());
        let next = self.peek(1);
        if !apart && next.is_none_or(|byte| byte.is_ascii()) {
            self.replace(self.at, b' ');
            if next.is_some_and(|byte| !matches!(byte, b'\n' | b'\r')) {
                self.replace(self.at + 1, b'#');
            }
        }
        self.skip_line();
    }

    fn quoted(&mut self, quote: u8) {
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            match byte {
                b'\\' if quote == b'"' => self.at += 1,
                b'\'' if quote == b'\'' && self.peek(0) == Some(b'\'') => self.at += 1,
                byte if byte == quote => break,
                _ => {}
            }
        }
        self.at = self.at.min(self.bytes.len());
        self.key_allowed = false;
    }

    fn property(&mut self) {
        self.at += 1;
        let ends = |byte: u8, flow| byte.is_ascii_whitespace() || flow && matches!(byte, b',' | b']' | b'}');
        while self.peek(0).is_some_and(|byte| !ends(byte, self.flow > 0)) {
            self.at += 1;
        }
        self.key_allowed = false;
    }

    /// Text without quotes on one line. Tabs within it are its own.
    fn plain(&mut self) {
        self.key_allowed = false;
        let mut blank_before = false;
        while let Some(byte) = self.peek(0) {
            let ends = match byte {
                b'\n' | b'\r' => true,
                b':' => {
                    self.is_blank(1)
                        || self.flow > 0 && matches!(self.peek(1), Some(b',' | b'[' | b']' | b'{' | b'}'))
                }
                b'#' => blank_before,
                b',' | b'[' | b']' | b'{' | b'}' => self.flow > 0,
                _ => false,
            };
            if ends {
                break;
            }
            blank_before = matches!(byte, b' ' | b'\t');
            self.at += 1;
        }
        // Blanks behind it separate tokens.
        let mut behind = self.at;
        while let Some(b' ' | b'\t') = behind.checked_sub(1).map(|before| self.bytes[before]) {
            behind -= 1;
            if self.bytes[behind] == b'\t' {
                self.replace(behind, b' ');
            }
        }
    }

    /// Passes over a block scalar: its header, and the lines that are indented as its first one or further.
    fn block(&mut self) {
        let start = self.bytes[..self.at].iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
        let outer = self.bytes[start..].iter().take_while(|b| **b == b' ').count();
        self.skip_line();
        let mut inner = None;
        while self.at < self.bytes.len() {
            let line = self.bytes[self.at..].iter().position(|b| *b == b'\n').map(|end| self.at + end + 1);
            let Some(line) = line.filter(|line| *line < self.bytes.len()) else {
                self.at = self.bytes.len();
                return;
            };
            let rest = &self.bytes[line..];
            let indent = rest.iter().take_while(|b| **b == b' ').count();
            let blank = rest[indent..].first().is_none_or(|b| matches!(b, b'\n' | b'\r'));
            if !blank {
                if indent <= outer && inner.is_none() || inner.is_some_and(|inner| indent < inner) {
                    return;
                }
                inner.get_or_insert(indent);
            }
            self.at = line;
            self.skip_line();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabs_between_tokens_and_comments_behind_quotes_become_blanks() {
        for (text, expected) in [
            ("a:\tb\n", Some("a: b\n")),
            ("a\t:\tb\t# c\td\n", Some("a : b # c\td\n")),
            ("a: b\tc\n", None),
            ("a: \"b\tc\"\n", None),
            ("a: [\n\t\"b\",\n\tc\t]\n", Some("a: [\n \"b\",\n c ]\n")),
            ("a: |\n  b\t\n  #c\n\td\ne:\tf\n", Some("a: |\n  b\t\n  #c\n\td\ne: f\n")),
            ("\ta: b\n", None),
            ("-\ta\n", None),
            ("- a:\tb\n", Some("- a: b\n")),
            ("a: \"v\"#c\n", Some("a: \"v\" #\n")),
            ("a: [b]#\n", Some("a: [b] \n")),
            ("a: b#c\n", None),
            ("a: 'it''s\t'#é\n", None),
        ] {
            assert_eq!(blanked(text).as_deref(), expected, "{text:?}");
        }
    }
}
