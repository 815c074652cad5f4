//! What one line of block-style YAML can be, whatever its indentation.
use crate::tree::{Resolved, resolve};

/// What stands behind a key or a dash.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Nothing,
    Plain(Resolved<'a>),
    Quoted,
    /// `{…}`, closed on its line.
    FlowMap,
    /// `[…]`, closed on its line.
    FlowList,
    /// `|` or `>`: the lines below are the text.
    Block,
}

/// A line that belongs to the structure of a document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Entry<'a> {
    pub(super) dash: bool,
    pub(super) key: Option<&'a str>,
    pub(super) value: Value<'a>,
}

/// Reads a line. `None` for what can only be a part of a block of text, or is not read here: anchors, tags, values of
/// several lines.
pub(super) fn entry(line: &str) -> Option<Entry<'_>> {
    let line = line.trim_end();
    let (dash, rest) = match line.strip_prefix('-') {
        Some("") => return Some(Entry { dash: true, key: None, value: Value::Nothing }),
        Some(rest) if rest.starts_with(' ') => (true, rest.trim_start()),
        _ => (false, line),
    };
    if rest.starts_with("- ") || rest == "-" || rest.starts_with('#') {
        return None;
    }
    match split_key(rest) {
        Some((key, rest)) => Some(Entry { dash, key: Some(key), value: value(rest)? }),
        None if dash => Some(Entry { dash, key: None, value: value(rest)? }),
        None => None,
    }
}

/// The key of an entry, and what stands behind its colon.
fn split_key(text: &str) -> Option<(&str, &str)> {
    if let Some(quote @ ('"' | '\'')) = text.chars().next() {
        let end = 1 + text[1..].find(quote)?;
        let key = &text[1..end];
        let rest = text[end + 1..].strip_prefix(':')?;
        let apart = rest.is_empty() || rest.starts_with(' ');
        return (apart && !key.contains('\\')).then_some((key, rest.trim()));
    }
    let at = match (text.find(": "), text.strip_suffix(':')) {
        (Some(at), _) => at,
        (None, Some(before)) => before.len(),
        _ => return None,
    };
    let key = &text[..at];
    let strange = key.is_empty()
        || key.contains([' ', '"', '\'', '{', '[', '#', '\t'])
        || key.starts_with(['&', '*', '!', '?', '%', '@', '`', '|', '>']);
    (!strange).then(|| (key, text[at + 1..].trim()))
}

fn value(text: &str) -> Option<Value<'_>> {
    let text = if text.starts_with('#') { "" } else { text };
    let Some(first) = text.chars().next() else { return Some(Value::Nothing) };
    match first {
        '"' | '\'' => {
            let end = quoted_end(text, first)?;
            ends_there(&text[end..]).then_some(Value::Quoted)
        }
        '{' | '[' => {
            let end = flow_end(text)?;
            let kind = if first == '{' { Value::FlowMap } else { Value::FlowList };
            ends_there(&text[end..]).then_some(kind)
        }
        '|' | '>' => {
            let header = text.split(" #").next().unwrap_or_default().trim_end();
            // A digit would count from an indentation that is lost.
            matches!(&header[1..], "" | "-" | "+").then_some(Value::Block)
        }
        '&' | '*' | '!' | '%' | '@' | '`' | '?' => None,
        _ => {
            let plain = text.split(" #").next().unwrap_or_default().trim_end();
            let is_entry = plain.contains(": ") || plain.ends_with(':');
            (!is_entry).then(|| Value::Plain(resolve(plain)))
        }
    }
}

fn ends_there(rest: &str) -> bool {
    rest.trim().is_empty() || rest.starts_with(" ") && rest.trim_start().starts_with('#')
}

/// Just behind the closing quote.
fn quoted_end(text: &str, quote: char) -> Option<usize> {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && quote == '"' {
            chars.next();
        } else if c == quote {
            if quote == '\'' && chars.next_if(|(_, c)| *c == '\'').is_some() {
                continue;
            }
            return Some(at + 1);
        }
    }
    None
}

/// Just behind the bracket that closes the first one.
fn flow_end(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.checked_sub(1)?,
            '"' | '\'' => {
                at += quoted_end(&text[at..], c)?;
                continue;
            }
            _ => {}
        }
        at += c.len_utf8();
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        let of = |dash, key, value| Some(Entry { dash, key, value });
        let table = [
            ("a:", of(false, Some("a"), Value::Nothing)),
            ("a: # why", of(false, Some("a"), Value::Nothing)),
            ("- a: 1 # why", of(true, Some("a"), Value::Plain(Resolved::Int(1)))),
            ("- http://a:80", of(true, None, Value::Plain(Resolved::Text("http://a:80")))),
            ("\"a/b\": 'it''s'", of(false, Some("a/b"), Value::Quoted)),
            ("a.b/c: {x: [1, \"}\"]}", of(false, Some("a.b/c"), Value::FlowMap)),
            ("- [a, b] # why", of(true, None, Value::FlowList)),
            ("Corefile: |-", of(false, Some("Corefile"), Value::Block)),
            ("-", of(true, None, Value::Nothing)),
            ("- - a", None),
            ("a: b: c", None),
            ("a: &x b", None),
            ("a: |2", None),
            ("a: \"b", None),
            ("a: {b", None),
            ("forward . /etc/resolv.conf {", None),
            ("prometheus :9153", None),
            (".:53 {", None),
            ("# a: b", None),
        ];
        for (line, expected) in table {
            assert_eq!(entry(line), expected, "{line}");
        }
    }
}
