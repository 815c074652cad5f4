//! The syntax of names, label keys and label values (apimachinery `util/validation`).

/// A fault of a name in words; `None` where it is fine.
pub(super) type Verdict = Option<&'static str>;

/// DNS-1123 label: namespaces, container names, Services.
pub(super) fn label_name(name: &str) -> Verdict {
    if name.is_empty() || name.len() > 63 {
        return Some("must have 1 to 63 characters");
    }
    label_characters(name)
}

/// DNS-1123 subdomain: the names of most objects.
pub(super) fn subdomain_name(name: &str) -> Verdict {
    if name.is_empty() || name.len() > 253 {
        return Some("must have 1 to 253 characters");
    }
    name.split('.').find_map(|part| {
        if part.is_empty() {
            Some("must not begin or end with a dot, or have two in a row")
        } else {
            label_characters(part)
        }
    })
}

/// DNS-1123 subdomain that may begin with `*.`.
pub(super) fn wildcard_name(name: &str) -> Verdict {
    match name.strip_prefix("*.") {
        Some(rest) => subdomain_name(rest),
        None => subdomain_name(name),
    }
}

/// The key of a ConfigMap or Secret, which becomes a file.
pub(super) fn file_name(key: &str) -> Verdict {
    let fine = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    match key {
        "" => Some("must not be empty"),
        "." => Some("must not be `.`"),
        key if key.starts_with("..") => Some("must not begin with `..`"),
        key if key.len() > 253 => Some("must have at most 253 characters"),
        key if !key.bytes().all(fine) => Some("may have only letters, digits, `-`, `_` and `.`"),
        _ => None,
    }
}

/// The name of an environment variable: any printable ASCII but `=`.
pub(super) fn variable_name(name: &str) -> Verdict {
    let fine = |b: u8| (b' '..=b'~').contains(&b) && b != b'=';
    (!name.bytes().all(fine)).then_some("may have only printable ASCII characters other than `=`")
}

fn label_characters(name: &str) -> Verdict {
    if !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Some("may have only small letters a-z, digits and `-`");
    }
    ends(name)
}

fn ends(name: &str) -> Verdict {
    let alphanumeric = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    let ok = alphanumeric(name.bytes().next()) && alphanumeric(name.bytes().last());
    (!ok).then_some("must begin and end with a letter or digit")
}

/// `[prefix/]name`, the key of a label or an annotation.
pub(super) fn qualified_name(key: &str) -> Verdict {
    let name = match key.split_once('/') {
        Some((prefix, name)) => {
            if subdomain_name(prefix).is_some() {
                return Some("must have a DNS name (small letters, digits, `-`, `.`) before its `/`");
            }
            name
        }
        None => key,
    };
    if name.is_empty() || name.len() > 63 {
        return Some("must have 1 to 63 characters (behind its `/`)");
    }
    name_characters(name)
}

/// The value of a label.
pub(super) fn label_value(value: &str) -> Verdict {
    match value.len() {
        0 => None,
        1..=63 => name_characters(value),
        _ => Some("must have at most 63 characters"),
    }
}

fn name_characters(name: &str) -> Verdict {
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        return Some("may have only letters, digits, `-`, `_` and `.`");
    }
    ends(name)
}

/// A port's name (IANA service name).
pub(super) fn port_name(name: &str) -> Verdict {
    if name.is_empty() || name.len() > 15 {
        return Some("must have 1 to 15 characters");
    }
    if !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Some("may have only small letters a-z, digits and `-`");
    }
    if !name.bytes().any(|b| b.is_ascii_lowercase()) {
        return Some("must have a letter");
    }
    if name.contains("--") {
        return Some("must not have `--` in it");
    }
    ends(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_as_the_api_server_does() {
        let long = "a".repeat(64);
        type Row<'a> = (fn(&str) -> Verdict, &'a [&'a str], &'a [&'a str]);
        let table: [Row<'_>; 5] = [
            (label_name, &["a", "a-b", "0a", "web"], &["", "A", "a.b", "-a", "a-", "a_b", "ä", &long]),
            (subdomain_name, &["a", "a.b", "0.1", &long], &["", "A", ".a", "a.", "a..b", "-a", "a b"]),
            (
                qualified_name,
                &["a", "app.kubernetes.io/name", "A_b.c", "x/Y"],
                &["", "/a", "a/", "A/b", "a/b/c", "-a", "a b", &long],
            ),
            (label_value, &["", "a", "A_b.c", "1"], &["-a", "a-", "a b", "a/b", "ä", &long]),
            (
                port_name,
                &["http", "h2c", "a-b", "0a"],
                &["", "80", "HTTP", "a--b", "-a", "a-", "a_b", "abcdefghijklmnop"],
            ),
        ];
        for (judge, good, bad) in table {
            for name in good {
                assert_eq!(judge(name), None, "{name:?}");
            }
            for name in bad {
                assert!(judge(name).is_some(), "{name:?}");
            }
        }
    }
}
