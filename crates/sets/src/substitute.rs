//! `${NAME}` in manifests, as Flux replaces it before it applies them.
use std::collections::BTreeMap;

/// Replaces `${NAME}`, `${NAME:=default}` and `${NAME:-default}`. A name that is not given and has no default is kept: it
/// may come from a Secret that only the cluster has. `$$` stands for one dollar sign.
#[must_use]
pub fn substitute(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("$${") {
            out.push_str("${");
            rest = after;
            continue;
        }
        let inner = rest.strip_prefix("${").and_then(|after| after.split_once('}'));
        let replaced = inner.and_then(|(inner, after)| Some((value_of(inner, values)?, after)));
        match replaced {
            Some((value, after)) => {
                out.push_str(value);
                rest = after;
            }
            None => {
                out.push('$');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn value_of<'v>(inner: &'v str, values: &'v BTreeMap<String, String>) -> Option<&'v str> {
    let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
    let (name, rest) = inner.split_at(end);
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let given = values.get(name).map(String::as_str);
    match rest {
        "" => given,
        _ => {
            let default = rest.strip_prefix(":=").or_else(|| rest.strip_prefix(":-"))?;
            Some(given.filter(|given| !given.is_empty()).unwrap_or(default))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_as_flux_does_it() {
        let values = BTreeMap::from([("A".to_owned(), "1".to_owned()), ("EMPTY".to_owned(), String::new())]);
        for (text, expected) in [
            ("x: ${A}-${A}", "x: 1-1"),
            ("x: ${B:=two} ${B:-three} ${A:=no} ${EMPTY:=full}", "x: two three 1 full"),
            ("x: ${B} $A $ ${A", "x: ${B} $A $ ${A"),
            ("x: $${A} ${1A} ${A!}", "x: ${A} ${1A} ${A!}"),
            ("ä${A}ö", "ä1ö"),
        ] {
            assert_eq!(substitute(text, &values), expected, "{text}");
        }
    }
}
