//! Forms of text.

fn is_label_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

/// A label of a DNS name.
pub(super) fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(is_label_byte)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Labels with dots between them.
pub(super) fn is_subdomain(text: &str) -> bool {
    (1..=253).contains(&text.len()) && text.split('.').all(is_label)
}

/// A host without a wildcard.
pub(super) fn is_precise_host(text: &str) -> bool {
    is_subdomain(text)
}

/// A host, the first label of which may be a wildcard.
pub(crate) fn is_host(text: &str) -> bool {
    text.len() <= 253 && is_subdomain(text.strip_prefix("*.").unwrap_or(text))
}

/// The value of a header: no line breaks, and nothing else that steers.
pub(super) fn is_header_value(text: &str) -> bool {
    !text.contains(|c: char| c.is_control() && c != '\t')
}

/// The name of a kind.
pub(super) fn is_kind(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The name of an API group; the empty one is the core group.
pub(super) fn is_group(text: &str) -> bool {
    text.is_empty() || is_subdomain(text)
}

/// A name of a header.
pub(super) fn is_header(text: &str) -> bool {
    let special = |byte: u8| b"!#$%&'*+-.^_`|~".contains(&byte);
    (1..=256).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || special(byte))
}

/// A name of a header, or `*`.
pub(super) fn is_header_or_any(text: &str) -> bool {
    text == "*" || is_header(text)
}

/// `HTTP`, or a protocol of somebody's own with their domain before it.
pub(super) fn is_protocol(text: &str) -> bool {
    let plain = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-')
    };
    text.len() <= 255
        && match text.split_once('/') {
            Some((domain, name)) => {
                is_subdomain(domain)
                    && !name.is_empty()
                    && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
            }
            None => plain(text),
        }
}

/// A duration as Gateway API has it: `1h30m`, each number of at most five digits, no fractions.
pub(super) fn is_gateway_duration(text: &str) -> bool {
    let mut rest = text;
    let mut parts = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if !(1..=5).contains(&digits) {
            return false;
        }
        rest = &rest[digits..];
        let Some(unit) = ["ms", "h", "m", "s"].into_iter().find(|unit| rest.starts_with(unit)) else {
            return false;
        };
        rest = &rest[unit.len()..];
        parts += 1;
    }
    (1..=4).contains(&parts)
}

/// A duration as Go and protobuf read it, at least a millisecond.
pub(super) fn is_duration(text: &str) -> bool {
    nanoseconds(text).is_some_and(|nanos| nanos >= 1_000_000.0)
}

fn nanoseconds(text: &str) -> Option<f64> {
    let (mut rest, mut total) = (text, 0.0);
    if rest == "0" {
        return Some(0.0);
    }
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let number = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let value: f64 = rest[..number].parse().ok()?;
        rest = &rest[number..];
        let units =
            [("ms", 1e6), ("us", 1e3), ("µs", 1e3), ("ns", 1.0), ("h", 3.6e12), ("m", 6e10), ("s", 1e9)];
        let (unit, factor) = units.into_iter().find(|(unit, _)| rest.starts_with(unit))?;
        rest = &rest[unit.len()..];
        total += value * factor;
    }
    Some(total)
}

/// An address of the web.
pub(super) fn is_url(text: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()))
}

/// Not empty.
pub(super) fn is_something(text: &str) -> bool {
    !text.is_empty()
}

/// An origin: `*`, or a scheme with a host.
pub(super) fn is_origin(text: &str) -> bool {
    text == "*"
        || text.split_once("://").is_some_and(|(scheme, rest)| {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
                && !rest.is_empty()
                && !rest.contains('/')
        })
}

/// The path of a controller: a domain and a path.
pub(super) fn is_controller(text: &str) -> bool {
    text.len() <= 253
        && text.split_once('/').is_some_and(|(domain, path)| is_subdomain(domain) && !path.is_empty())
}

/// `prefix/name`, as keys of annotations are.
pub(super) fn is_qualified(text: &str) -> bool {
    let (prefix, name) = text.split_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
    prefix.is_none_or(is_subdomain)
        && (1..=63).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_apart() {
        type Test = fn(&str) -> bool;
        let table: [(&str, Test, &[&str], &[&str]); 12] = [
            ("label", is_label, &["a", "a-1"], &["", "-a", "A", "a.b", "a_b"]),
            (
                "host",
                is_host,
                &["a.example", "*.a.example"],
                &["*", "a.*.example", "A.example", "a..b", "*a.example"],
            ),
            ("kind", is_kind, &["Service", "My-Kind"], &["", "1a", "a_b", "a-"]),
            ("group", is_group, &["", "apps", "a.example"], &["__", "a/b"]),
            ("header", is_header, &["X-A", "a_b"], &["", "a b", "a:", "ä"]),
            ("protocol", is_protocol, &["HTTP", "a.example/b"], &["", "HTTP 2", "a/", "/b", "-a"]),
            (
                "gateway duration",
                is_gateway_duration,
                &["10s", "1h30m", "500ms", "0s"],
                &["", "1.5s", "10", "123456s", "1d"],
            ),
            ("duration", is_duration, &["10s", "1.5s", "1ms"], &["", "0s", "1us", "10", "apple"]),
            ("key", is_qualified, &["a.example/b_c", "b"], &["/b", "a.example/", "a b", "-b"]),
            ("url", is_url, &["https://a.example/x"], &["a.example", "https://", "ftp://a"]),
            (
                "origin",
                is_origin,
                &["*", "https://a.example", "https://*.a.example:8443"],
                &["a.example", "https://a/b", "://a"],
            ),
            ("controller", is_controller, &["a.example/b"], &["a.example", "/b", "A/b"]),
        ];
        for (what, test, good, bad) in table {
            for text in good {
                assert!(test(text), "{text} is a {what}");
            }
            for text in bad {
                assert!(!test(text), "{text} is no {what}");
            }
        }
    }
}
