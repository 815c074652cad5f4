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
    let lone_returns = has_lone_returns(text);
    let mut chunks = Vec::new();
    let mut start = (bom, 1);
    for at in separators(&text[bom..], lone_returns).map(|at| bom + at) {
        let part = &text[start.0..at];
        if at > start.0 && !is_directives(part) {
            chunks.push(Chunk { text: part, start: start.0, line: start.1 });
            start = (at, start.1.saturating_add(lines(part, lone_returns)));
        }
    }
    if text.len() > start.0 {
        chunks.push(Chunk { text: &text[start.0..], start: start.0, line: start.1 });
    }
    chunks
}

/// Whether a line of the text ends with a carriage return that no line feed follows.
fn has_lone_returns(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'\r', bytes).any(|at| bytes.get(at + 1) != Some(&b'\n'))
}

/// Where the lines begin that are separators, the first line aside.
fn separators(text: &str, lone_returns: bool) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    let feeds = memchr::memmem::find_iter(bytes, b"\n---").map(|at| at + 1);
    let returns = lone_returns.then(|| memchr::memmem::find_iter(bytes, b"\r---").map(|at| at + 1));
    let mut all = feeds.chain(returns.into_iter().flatten()).collect::<Vec<_>>();
    if lone_returns {
        all.sort_unstable();
    }
    all.into_iter().filter(|at| is_separator(&text[*at..]))
}

/// How many lines end in a part.
fn lines(part: &str, lone_returns: bool) -> u32 {
    let bytes = part.as_bytes();
    let feeds = memchr::memchr_iter(b'\n', bytes).count();
    let lone = |at: &usize| bytes.get(at + 1) != Some(&b'\n');
    let returns = if lone_returns { memchr::memchr_iter(b'\r', bytes).filter(lone).count() } else { 0 };
    u32::try_from(feeds + returns).unwrap_or(u32::MAX)
}

fn is_separator(line: &str) -> bool {
    line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r']))
}

/// Whether a part holds directives, and beside them only comments and blank lines.
fn is_directives(part: &str) -> bool {
    let mut directives = false;
    part.split(['\n', '\r']).all(|line| {
        directives |= line.starts_with('%');
        line.starts_with(['%', '#']) || line.trim().is_empty()
    }) && directives
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_cut_at_their_separators() {
        let table: [(&str, &[(&str, u32)]); 12] = [
            ("", &[]),
            ("a: b", &[("a: b", 1)]),
            ("---\na: b\n---\nc: d\n", &[("---\na: b\n", 1), ("---\nc: d\n", 3)]),
            ("a: b\r\n---\r\nc: d", &[("a: b\r\n", 1), ("---\r\nc: d", 2)]),
            ("\u{feff}a: b\n--- # two\nc", &[("a: b\n", 1), ("--- # two\nc", 2)]),
            ("a: |\n  ---\n  x\n", &[("a: |\n  ---\n  x\n", 1)]),
            ("----\n", &[("----\n", 1)]),
            ("a\r---\rb\r\n--- c\n---", &[("a\r", 1), ("---\rb\r\n", 2), ("--- c\n", 4), ("---", 5)]),
            ("a\n---x\n---\tb", &[("a\n---x\n", 1), ("---\tb", 3)]),
            ("# a\n%YAML 1.1\r\n---\n%b\n---\n", &[("# a\n%YAML 1.1\r\n---\n%b\n", 1), ("---\n", 5)]),
            ("%YAML 1.1\n---\na\n---\nb", &[("%YAML 1.1\n---\na\n", 1), ("---\nb", 4)]),
            ("# only\n---\na", &[("# only\n", 1), ("---\na", 2)]),
        ];
        for (text, expected) in table {
            let chunks: Vec<_> = split(text).iter().map(|c| (c.text, c.line)).collect();
            assert_eq!(chunks, expected, "{text:?}");
        }
    }
}
