//! Cuts a source into documents at its `---` lines, so that one that cannot be parsed hides no other.

/// A part of the text that is parsed by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunk<'s> {
    /// The part, `---` line included.
    pub(crate) text: &'s str,
    /// Byte offset of its start.
    pub(crate) start: usize,
    /// The line that it starts on, from 1.
    pub(crate) line: u32,
}

/// Cuts before every line that begins with `---` and a blank or nothing. Directives (`%YAML 1.1`) stay with
/// the document that follows them. A byte order mark is left out.
pub(crate) fn split(text: &str) -> Vec<Chunk<'_>> {
    let bom = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut chunks = Vec::new();
    let mut start = (bom, 1);
    let mut only_directives = true;
    let (mut at, mut line) = (bom, 1_u32);
    let has_returns = text.contains('\r');
    while at < text.len() {
        let rest = &text[at..];
        let bytes = rest.as_bytes();
        let end =
            if has_returns { memchr::memchr2(b'\n', b'\r', bytes) } else { memchr::memchr(b'\n', bytes) };
        let content = end.map_or(rest, |end| &rest[..=end]);
        if is_separator(content) {
            if at > start.0 && !has_directive_only(&text[start.0..at], only_directives) {
                chunks.push(Chunk { text: &text[start.0..at], start: start.0, line: start.1 });
                start = (at, line);
            }
            only_directives = false;
        } else if only_directives && !is_directive_or_blank(content) {
            only_directives = false;
        }
        at += content.len();
        // A line ends at a line feed, or at a carriage return that no line feed follows.
        if content.ends_with('\n') || (content.ends_with('\r') && !text[at..].starts_with('\n')) {
            line = line.saturating_add(1);
        }
    }
    if at > start.0 {
        chunks.push(Chunk { text: &text[start.0..], start: start.0, line: start.1 });
    }
    chunks
}

fn is_separator(line: &str) -> bool {
    line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r']))
}

fn is_directive_or_blank(line: &str) -> bool {
    line.starts_with('%') || line.starts_with('#') || line.trim().is_empty()
}

fn has_directive_only(part: &str, only_directives: bool) -> bool {
    only_directives && (part.starts_with('%') || part.contains("\n%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_cut_at_their_separators() {
        let table: [(&str, &[(&str, u32)]); 9] = [
            ("", &[]),
            ("a: b", &[("a: b", 1)]),
            ("---\na: b\n---\nc: d\n", &[("---\na: b\n", 1), ("---\nc: d\n", 3)]),
            ("a: b\r\n---\r\nc: d", &[("a: b\r\n", 1), ("---\r\nc: d", 2)]),
            ("\u{feff}a: b\n--- # two\nc", &[("a: b\n", 1), ("--- # two\nc", 2)]),
            ("a: |\n  ---\n  x\n", &[("a: |\n  ---\n  x\n", 1)]),
            ("----\n", &[("----\n", 1)]),
            ("%YAML 1.1\n---\na\n---\nb", &[("%YAML 1.1\n---\na\n", 1), ("---\nb", 4)]),
            ("# only\n---\na", &[("# only\n", 1), ("---\na", 2)]),
        ];
        for (text, expected) in table {
            let chunks: Vec<_> = split(text).iter().map(|c| (c.text, c.line)).collect();
            assert_eq!(chunks, expected, "{text:?}");
        }
    }
}
