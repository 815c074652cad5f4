//! Values that nobody knows yet: what Flux, Argo CD or `envsubst` fill in (`${NAME}`, `$(NAME)`, `$NAME`), what Ansible
//! does (`{{ name }}`), and what SOPS decrypts. No rule judges them.
use std::borrow::Cow;

use crate::tree::{NodeId, Tree, View};

/// How a value begins that SOPS encrypted.
const ENCRYPTED: &str = "ENC[AES256_GCM,";

/// Whether something is to be filled into a value.
pub(crate) fn is_unknown(text: &str) -> bool {
    next_variable(text, 0).is_some() || text.starts_with(ENCRYPTED) || has_expression(text)
}

/// Whether a text has an expression of Jinja or Argo, such as `{{ app.name }}` or `{{ port | default(80) }}`. Go's
/// templates, which texts of alerts are, call a name with something, or begin with `.` or `$`.
fn has_expression(text: &str) -> bool {
    memchr::memmem::find_iter(text.as_bytes(), "{{").any(|at| {
        let inside = text[at + 2..].trim_start_matches(['-', ' ']);
        let is_of_name =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '[' | ']' | '\'');
        let name = inside.find(|c| !is_of_name(c)).map_or(inside, |end| &inside[..end]);
        let behind = inside[name.len()..].trim_start();
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && !matches!(name.trim_end_matches('-'), "else" | "end")
            && (behind.starts_with("}}") || behind.starts_with('|'))
    })
}

/// Where the first variable behind a byte stands: `${NAME}`, `${NAME:=default}`, `$(NAME)`, `$NAME` in capitals.
fn next_variable(text: &str, from: usize) -> Option<std::ops::Range<usize>> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'$', &bytes[from..]).map(|at| from + at).find_map(|at| {
        // `$$` is how a dollar itself is written.
        if at.checked_sub(1).is_some_and(|before| bytes[before] == b'$') {
            return None;
        }
        let close = match bytes.get(at + 1)? {
            b'{' => b'}',
            b'(' => b')',
            b'A'..=b'Z' => return capitals(&bytes[at + 1..]).map(|len| at..at + 1 + len),
            _ => return None,
        };
        let name = bytes[at + 2..].iter().take_while(|b| is_of_variable(**b)).count();
        let behind = at + 2 + name;
        let end = behind + memchr::memchr(close, &bytes[behind..])?;
        (name > 0).then_some(at..end + 1)
    })
}

/// The length of a name in capitals. One letter alone is rather an end of a pattern or part of a password.
fn capitals(bytes: &[u8]) -> Option<usize> {
    let len = bytes.iter().take_while(|b| is_of_variable(**b)).count();
    (len > 1 && !bytes[..len].iter().any(u8::is_ascii_lowercase)).then_some(len)
}

const fn is_of_variable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// A value with the defaults of its variables taken away, so that `${HOST:=a.example.com}` is the same as `${HOST}`.
pub(crate) fn without_defaults(text: &str) -> Cow<'_, str> {
    let (mut out, mut copied, mut from) = (String::new(), 0, 0);
    while let Some(variable) = next_variable(text, from) {
        from = variable.end;
        if !text[variable.clone()].ends_with(['}', ')']) {
            continue;
        }
        let inner = &text[variable.start + 2..variable.end - 1];
        let name = inner.bytes().take_while(|b| is_of_variable(*b)).count();
        if name < inner.len() {
            out.push_str(&text[copied..variable.start + 2 + name]);
            copied = variable.end - 1;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// Fields whose value means nothing as long as one entry is not known.
const WHOLE: [&str; 7] =
    ["selector", "matchLabels", "labels", "podSelector", "namespaceSelector", "nodeSelector", "ipBlock"];

/// The places of an object at which something is said that depends on an unknown value: line and column of the value, of
/// its key, and of the list or selector that it is a part of.
pub(crate) fn places(tree: &Tree, root: NodeId) -> Vec<(u32, u32)> {
    let mut found = Vec::new();
    walk(tree, root, &[], &mut found);
    found.sort_unstable();
    found.dedup();
    found
}

fn walk(tree: &Tree, at: NodeId, above: &[NodeId], found: &mut Vec<(u32, u32)>) {
    match tree.view(at) {
        View::Scalar(_) => {
            // In a text of several lines they are a script's own.
            if tree.text(at).is_some_and(|text| !text.contains('\n') && is_unknown(text)) {
                found.extend(above.iter().chain([&at]).map(|id| tree.position(*id)));
            }
        }
        View::Sequence(items) => {
            let own: Vec<NodeId> = above.iter().copied().chain([at]).collect();
            for item in items {
                let above = if matches!(tree.view(*item), View::Scalar(_)) { &own[..] } else { &[] };
                walk(tree, *item, above, found);
            }
        }
        View::Mapping(entries) => {
            for entry in entries.chunks_exact(2) {
                let key = tree.text(entry[0]).unwrap_or_default();
                let mut own = vec![entry[0]];
                let whole = matches!(tree.view(entry[1]), View::Mapping(_)) && WHOLE.contains(&key);
                match tree.view(entry[1]) {
                    View::Mapping(_) if !whole => own.clear(),
                    View::Mapping(_) => own.extend(above),
                    View::Scalar(_) => own.extend(above),
                    View::Sequence(_) => {}
                }
                walk(tree, entry[1], &own, found);
                if is_unknown(key) {
                    found.push(tree.position(entry[0]));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_seen() {
        for (text, unknown) in [
            ("${HOST}", true),
            ("a.${HOST:=b.example.com}", true),
            ("$(HOST)", true),
            ("ENC[AES256_GCM,data:x,type:str]", true),
            ("a-$HOST_NAME.b", true),
            ("$HOST", true),
            ("$Host", false),
            ("$host", false),
            ("^a$A", false),
            ("{{ name }}", true),
            ("a-{{app.name}}", true),
            ("{{ hosts['a'] | default('b') }}", true),
            ("{{ $labels.pod }} {{ humanize $value }} {{ .Values.x }} {{ end }} {{ else }}", false),
            ("{{", false),
            ("${}", false),
            ("$${HOST}", false),
            ("${HOST", false),
            ("a$", false),
            ("{HOST}", false),
        ] {
            assert_eq!(is_unknown(text), unknown, "{text}");
        }
    }

    #[test]
    fn a_variable_is_the_same_whatever_its_default() {
        for (text, expected) in [
            ("${HOST:=a.b}", "${HOST}"),
            ("x.${A:-b}.${C}.${D:=e}/", "x.${A}.${C}.${D}/"),
            ("${HOST}", "${HOST}"),
            ("$HOST-${A:-b}", "$HOST-${A}"),
            ("plain", "plain"),
        ] {
            assert_eq!(without_defaults(text), expected);
        }
    }
}
