//! JSON as JSON: escapes, tabs and several values in a row, which a YAML parser sees differently.
use super::build::{Builder, Fatal, Text};
use super::{Chunk, NodeId, yaml::Broken};

/// Reads the JSON values of a chunk, one after the other.
pub(crate) fn read_json(builder: &mut Builder, chunk: Chunk<'_>) -> Result<Vec<NodeId>, Broken> {
    let mut reader = Reader {
        builder,
        text: chunk.text,
        base: chunk.start,
        at: 0,
        counted: 0,
        line: chunk.line,
        column: 1,
    };
    reader.skip_separator();
    let mut roots = Vec::new();
    loop {
        reader.skip_blanks();
        if reader.peek().is_none() {
            return Ok(roots);
        }
        reader.document()?;
        roots.extend(reader.builder.finish_document());
    }
}

/// Whether a chunk looks like JSON: its first character, a `---` line aside, opens an object or a list.
pub(crate) fn looks_like_json(chunk: Chunk<'_>) -> bool {
    let body = chunk.text.strip_prefix("---").unwrap_or(chunk.text);
    body.trim_start_matches([' ', '\t', '\n', '\r']).starts_with(['{', '['])
}

struct Reader<'b, 's> {
    builder: &'b mut Builder,
    text: &'s str,
    /// Where `text` begins in the source.
    base: usize,
    at: usize,
    /// Up to where `line` and `column` are counted.
    counted: usize,
    line: u32,
    column: u32,
}

/// What may come next inside of a list or an object.
#[derive(Clone, Copy, PartialEq)]
enum State {
    /// `{` was read: a key or `}`.
    FirstKey,
    /// A comma was read in an object: a key.
    Key,
    /// `[` was read: a value or `]`.
    FirstItem,
    /// A value.
    Value,
    /// A value was read: a comma or the end.
    After,
}

impl<'s> Reader<'_, 's> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_separator(&mut self) {
        if self.text.starts_with("---") {
            self.at = 3;
        }
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Line and column of the current place.
    fn position(&mut self) -> (u32, u32) {
        let passed = &self.text[self.counted..self.at];
        let bytes = passed.as_bytes();
        for (i, byte) in bytes.iter().enumerate() {
            let ends_line = *byte == b'\n'
                || (*byte == b'\r' && self.text.as_bytes().get(self.counted + i + 1) != Some(&b'\n'));
            if ends_line {
                self.line = self.line.saturating_add(1);
                self.column = 1;
            } else if *byte & 0xC0 != 0x80 {
                self.column = self.column.saturating_add(1);
            }
        }
        self.counted = self.at;
        (self.line, self.column)
    }

    fn broken(&mut self, message: impl Into<String>) -> Broken {
        let (line, column) = self.position();
        Broken { line, column, message: message.into() }
    }

    fn fatal(&mut self, fatal: Fatal) -> Broken {
        let message = fatal.message();
        self.broken(message)
    }

    /// Reads one value. Nesting is kept on a stack of its own, so that depth cannot end the program.
    fn document(&mut self) -> Result<(), Broken> {
        let mut open: Vec<bool> = Vec::new();
        let mut state = State::Value;
        loop {
            self.skip_blanks();
            let Some(byte) = self.peek() else {
                return Err(self.broken("the JSON ends here, before its last bracket is closed"));
            };
            let in_object = open.last().copied();
            state = match (state, byte) {
                (State::FirstKey, b'}') | (State::FirstItem, b']') => self.close(&mut open)?,
                (State::FirstKey | State::Key, b'"') => {
                    self.string()?;
                    self.colon()?;
                    State::Value
                }
                (State::FirstKey | State::Key, _) => {
                    return Err(self.broken("a JSON key in double quotes is missing here"));
                }
                (State::Value | State::FirstItem, b'{' | b'[') => {
                    let position = self.position();
                    let object = byte == b'{';
                    self.builder.start(position, object, 0).map_err(|f| self.fatal(f))?;
                    open.push(object);
                    self.at += 1;
                    if object { State::FirstKey } else { State::FirstItem }
                }
                (State::Value | State::FirstItem, _) => {
                    self.leaf(byte)?;
                    State::After
                }
                (State::After, b',') => {
                    self.at += 1;
                    if in_object == Some(true) { State::Key } else { State::Value }
                }
                (State::After, b'}') if in_object == Some(true) => self.close(&mut open)?,
                (State::After, b']') if in_object == Some(false) => self.close(&mut open)?,
                (State::After, _) => return Err(self.broken("a comma or a closing bracket is missing here")),
            };
            if state == State::After && open.is_empty() {
                return Ok(());
            }
        }
    }

    fn close(&mut self, open: &mut Vec<bool>) -> Result<State, Broken> {
        self.at += 1;
        open.pop();
        self.builder.end().map_err(|f| self.fatal(f))?;
        Ok(State::After)
    }

    fn colon(&mut self) -> Result<(), Broken> {
        self.skip_blanks();
        if self.peek() != Some(b':') {
            return Err(self.broken("a colon is missing after this key"));
        }
        self.at += 1;
        Ok(())
    }

    fn leaf(&mut self, byte: u8) -> Result<(), Broken> {
        if byte == b'"' {
            return self.string();
        }
        let rest = &self.text[self.at..];
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '-' | '.'))
            .unwrap_or(rest.len());
        let word = &rest[..end];
        if !matches!(word, "true" | "false" | "null") && !is_number(word) {
            return Err(self.broken("this is no JSON value; text stands in double quotes"));
        }
        let position = self.position();
        let text = Text::Source { start: self.base + self.at, len: end };
        self.builder.scalar(position, &text, true, 0).map_err(|f| self.fatal(f))?;
        self.at += end;
        Ok(())
    }

    fn string(&mut self) -> Result<(), Broken> {
        let position = self.position();
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut end = start;
        let mut escaped = false;
        loop {
            match bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    end += 2;
                }
                Some(0..=0x1F) | None => {
                    return Err(self.broken("this JSON text has no closing quote on its line"));
                }
                Some(_) => end += 1,
            }
        }
        let raw: &'s str = &self.text[start..end];
        let done = if escaped {
            let Some(text) = unescape(raw) else {
                return Err(self.broken("this JSON text has an escape that JSON does not know"));
            };
            self.builder.scalar(position, &Text::Owned(&text), false, 0)
        } else {
            self.builder.scalar(
                position,
                &Text::Source { start: self.base + start, len: raw.len() },
                false,
                0,
            )
        };
        done.map_err(|f| self.fatal(f))?;
        self.at = end + 1;
        Ok(())
    }
}

fn is_number(word: &str) -> bool {
    let rest = word.strip_prefix('-').unwrap_or(word);
    let whole = rest.bytes().take_while(u8::is_ascii_digit).count();
    let leading_zero = whole > 1 && rest.starts_with('0');
    whole > 0 && !leading_zero && word.parse::<f64>().is_ok()
}

fn unescape(raw: &str) -> Option<String> {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let escape = rest[at + 1..].chars().next()?;
        rest = &rest[at + 1 + escape.len_utf8()..];
        match escape {
            '"' | '\\' | '/' => text.push(escape),
            'b' => text.push('\u{8}'),
            'f' => text.push('\u{c}'),
            'n' => text.push('\n'),
            'r' => text.push('\r'),
            't' => text.push('\t'),
            'u' => text.push(unicode(&mut rest)?),
            _ => return None,
        }
    }
    text.push_str(rest);
    Some(text)
}

/// `\uXXXX`, or two of them for a character beyond the first plane; half of a pair becomes U+FFFD, as in Go.
fn unicode(rest: &mut &str) -> Option<char> {
    let unit = hex4(rest)?;
    if (0xD800..0xDC00).contains(&unit)
        && let Some(mut next) = rest.strip_prefix("\\u")
        && let Some(low) = hex4(&mut next)
        && (0xDC00..0xE000).contains(&low)
    {
        *rest = next;
        return char::from_u32(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
    }
    Some(char::from_u32(unit).unwrap_or('\u{FFFD}'))
}

fn hex4(rest: &mut &str) -> Option<u32> {
    let digits = rest.get(..4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let value = u32::from_str_radix(digits, 16).ok()?;
    *rest = &rest[4..];
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_json() {
        let table = [
            (r"a\/b", Some("a/b")),
            (r#"\"\\\b\f\n\r\t"#, Some("\"\\\u{8}\u{c}\n\r\t")),
            (r"\u00e9", Some("é")),
            (r"\ud83d\ude00", Some("😀")),
            (r"\ud83d", Some("\u{FFFD}")),
            (r"\ud83dx", Some("\u{FFFD}x")),
            (r"\u12", None),
            (r"\x41", None),
            (r"\u+123", None),
        ];
        for (raw, expected) in table {
            assert_eq!(unescape(raw).as_deref(), expected, "{raw}");
        }
    }

    #[test]
    fn numbers_are_those_of_json() {
        for word in ["0", "-1", "80", "1.5", "1e3", "-0.5E-2"] {
            assert!(is_number(word), "{word}");
        }
        for word in ["", "-", "01", "+1", ".5", "0x1F", "1_000", "inf", "NaN", "1e", "--1"] {
            assert!(!is_number(word), "{word}");
        }
    }
}
