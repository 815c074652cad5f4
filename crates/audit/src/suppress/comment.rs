//! Suppressions as they are written: `# netloom: ignore[NP003, SV002] reason`, and the annotation's `NP003 reason; …`.
use netloom_objects::edit_distance;

use super::write::PLACEHOLDER;

/// What a comment asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comment {
    /// Whether it is about the whole file.
    pub(super) whole_file: bool,
    /// The rules, as written.
    pub(super) rules: Vec<String>,
    /// Why.
    pub(super) reason: String,
}

/// Where the comment of a line begins, in bytes. A `#` in quotes is none.
pub(super) fn comment_of(line: &str) -> Option<usize> {
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '#') if before.is_whitespace() => return Some(at),
            (None, '"' | '\'') if !before.is_alphanumeric() => quote = Some(c),
            (Some(open), c) if c == open && before != '\\' => quote = None,
            _ => {}
        }
        before = c;
    }
    None
}

/// Reads a comment. None where it is no suppression; an error where it was meant to be one.
pub(super) fn read(comment: &str) -> Option<Result<Comment, String>> {
    let rest = comment.trim_start_matches('#').trim_start().strip_prefix("netloom:")?.trim_start();
    let word: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let whole_file = match word.as_str() {
        "ignore" => false,
        "ignore-file" => true,
        // Prose may well speak of netloom.
        other if edit_distance(other, "ignore") > 2 && edit_distance(other, "ignore-file") > 2 => {
            return None;
        }
        other => return Some(Err(format!("`{other}` is nothing that a comment can ask for"))),
    };
    let rest = rest[word.len()..].trim_start();
    let Some((list, reason)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
        return Some(Err("this suppression names no rule".to_owned()));
    };
    let rules: Vec<String> = split(list);
    if rules.is_empty() {
        return Some(Err("this suppression names no rule".to_owned()));
    }
    Some(Ok(Comment { whole_file, rules, reason: reason_of(reason) }))
}

/// Reads the annotation: rules and reason of each of its parts.
pub(super) fn read_annotation(text: &str) -> Vec<(Vec<String>, String)> {
    text.split(';')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (rules, reason) = part.split_once(char::is_whitespace).unwrap_or((part, ""));
            (split(rules), reason_of(reason))
        })
        .collect()
}

fn split(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).filter(|rule| !rule.is_empty()).map(str::to_owned).collect()
}

fn reason_of(text: &str) -> String {
    let reason = text.trim_start_matches([' ', '\t', ':', '-', '–', '—']).trim_end();
    if reason == PLACEHOLDER { String::new() } else { reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_read() {
        let read = |text| read(text).map(|found| found.map(|c| (c.whole_file, c.rules.join(" "), c.reason)));
        let ok = |file, rules: &str, reason: &str| Some(Ok((file, rules.to_owned(), reason.to_owned())));
        let faulty = |text: &str| Some(Err(text.to_owned()));
        for (text, expected) in [
            ("# netloom: ignore[NP003] legacy", ok(false, "NP003", "legacy")),
            ("#netloom:ignore [NP003,selects-nothing]: legacy", ok(false, "NP003 selects-nothing", "legacy")),
            ("# netloom: ignore-file[SV001]", ok(true, "SV001", "")),
            ("# netloom: ignore[SV001] reason", ok(false, "SV001", "")),
            ("# netloom: ignore", faulty("this suppression names no rule")),
            ("# netloom: ignore[] why", faulty("this suppression names no rule")),
            ("# netloom: ignroe[NP003] why", faulty("`ignroe` is nothing that a comment can ask for")),
            ("# netloom: the network of the shop", None),
            ("# about netloom: ignore[NP003]", None),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn comments_are_found_outside_of_quotes() {
        for (line, expected) in [
            ("# a", Some(0)),
            ("a: b # c", Some(5)),
            ("a: b#c", None),
            ("a: \"b # c\"", None),
            ("a: 'b # c' # d", Some(11)),
            ("a: it's # d", Some(8)),
            (r#"a: "b \" # c""#, None),
        ] {
            assert_eq!(comment_of(line), expected, "{line}");
        }
    }
}
