//! As much of PromQL as rules need: brackets, calls with their arguments, and what an alert compares.
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use netloom_objects::prometheus::Rule;

/// The query of a rule, where it is text.
pub(super) fn text_of(rule: &Rule) -> Option<&str> {
    match rule.expr.as_ref()? {
        IntOrString::String(text) => Some(text),
        IntOrString::Int(_) => None,
    }
}

/// The bytes of a query that are neither in quotes nor in comments.
fn code(text: &str) -> Result<Vec<(usize, u8)>, String> {
    let mut found = Vec::new();
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' | b'\'' | b'`' => {
                let mut closed = false;
                while let Some((_, inside)) = bytes.next() {
                    match inside {
                        b'\\' if byte != b'`' => {
                            bytes.next();
                        }
                        _ if inside == byte => {
                            closed = true;
                            break;
                        }
                        _ => {}
                    }
                }
                if !closed {
                    return Err(format!("the quote `{}` is not closed", char::from(byte)));
                }
            }
            b'#' => {
                for (_, inside) in bytes.by_ref() {
                    if inside == b'\n' {
                        break;
                    }
                }
            }
            _ => found.push((at, byte)),
        }
    }
    Ok(found)
}

/// Why a query cannot be read, if its brackets, its quotes or a variable of Grafana show it.
pub(super) fn fault(text: &str) -> Option<String> {
    let bytes = match code(text) {
        Ok(bytes) => bytes,
        Err(why) => return Some(why),
    };
    let mut open = Vec::new();
    for (at, byte) in &bytes {
        match byte {
            b'$' if text[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') => {
                let name = &text[at + 1..];
                let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
                return Some(format!(
                    "`${}` is a variable, which Grafana has and Prometheus has not",
                    &name[..end]
                ));
            }
            b'(' | b'[' | b'{' => open.push(*byte),
            b')' | b']' | b'}' => {
                let wanted = match byte {
                    b')' => b'(',
                    b']' => b'[',
                    _ => b'{',
                };
                match open.pop() {
                    Some(last) if last == wanted => {}
                    Some(last) => {
                        return Some(format!("`{}` is closed by `{}`", char::from(last), char::from(*byte)));
                    }
                    None => return Some(format!("`{}` closes nothing", char::from(*byte))),
                }
            }
            _ => {}
        }
    }
    if let Some(last) = open.pop() {
        return Some(format!("`{}` is not closed", char::from(last)));
    }
    bytes.iter().all(|(_, byte)| byte.is_ascii_whitespace()).then(|| "it is empty".to_owned())
}

/// Where the names of a query begin and end, outside of quotes and comments.
fn names(text: &str) -> Vec<(usize, usize)> {
    let Ok(bytes) = code(text) else { return Vec::new() };
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (at, byte) in bytes {
        if !byte.is_ascii_alphanumeric() && byte != b'_' && byte != b':' {
            continue;
        }
        match found.last_mut() {
            Some(last) if last.1 == at => last.1 = at + 1,
            _ => found.push((at, at + 1)),
        }
    }
    found
}

/// What stands between the bracket that follows a place and the one that closes it.
fn bracketed(text: &str, from: usize, open: u8) -> Option<&str> {
    let rest = &text[from..];
    let start = from + rest.len() - rest.trim_start().len();
    if text.as_bytes().get(start) != Some(&open) {
        return None;
    }
    let mut depth = 0_usize;
    for (at, byte) in code(text).ok()?.into_iter().filter(|(at, _)| *at >= start) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return text.get(start + 1..at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The arguments of each call of a function.
pub(super) fn calls<'t>(text: &'t str, function: &str) -> Vec<&'t str> {
    let names = names(text).into_iter().filter(|(start, end)| &text[*start..*end] == function);
    names.filter_map(|(_, end)| bracketed(text, end, b'(')).collect()
}

/// The ranges: `5m` of `[5m]`; those of subqueries are left out.
pub(super) fn ranges(text: &str) -> Vec<&str> {
    let Ok(bytes) = code(text) else { return Vec::new() };
    let opens = bytes.into_iter().filter(|(_, byte)| *byte == b'[');
    opens
        .filter_map(|(at, _)| bracketed(text, at, b'['))
        .map(str::trim)
        .filter(|range| !range.contains(':'))
        .collect()
}

/// A function of ranges that is given none.
pub(super) fn rangeless(text: &str) -> Option<&str> {
    const FUNCTIONS: [&str; 12] = [
        "rate",
        "irate",
        "increase",
        "delta",
        "idelta",
        "deriv",
        "changes",
        "resets",
        "avg_over_time",
        "max_over_time",
        "min_over_time",
        "sum_over_time",
    ];
    names(text).into_iter().map(|(start, end)| (&text[start..end], end)).find_map(|(name, end)| {
        let inside = bracketed(text, end, b'(').filter(|_| FUNCTIONS.contains(&name))?;
        (!inside.contains('[')).then_some(name)
    })
}

/// The metric, with its selector, that a query compares with a number as it is: `metric{…} > 1`.
pub(super) fn compared_metric(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    let (start, end) = *names(text).first()?;
    if start != 0 || text.as_bytes().first()?.is_ascii_digit() {
        return None;
    }
    let selector = bracketed(text, end, b'{');
    let behind = match selector {
        Some(selector) => {
            let open = end + text[end..].find('{')?;
            &text[open + selector.len() + 2..]
        }
        None => &text[end..],
    };
    let behind = behind.trim_start();
    behind.starts_with(['>', '<', '=', '!']).then(|| (&text[..end], selector.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read() {
        for (text, faulty) in [
            ("up == 0", false),
            ("sum(rate(a{b=\"}\"}[5m])) by (c)", false),
            ("# a ( comment\nup", false),
            ("sum(rate(a[5m])", true),
            ("a{b=\"c}", true),
            ("sum(a])", true),
            ("rate(a[$__rate_interval])", true),
            ("a{b=~\"^c$\"} # $d", false),
            (" \n", true),
        ] {
            assert_eq!(fault(text).is_some(), faulty, "{text}");
        }
    }

    #[test]
    fn calls_ranges_and_comparisons() {
        let text = "histogram_quantile(0.9, sum by (job, le) (rate(a_bucket{c=\"rate(x)\"}[5m]))) > 1";
        assert_eq!(calls(text, "rate"), ["a_bucket{c=\"rate(x)\"}[5m]"]);
        assert_eq!(ranges(text), ["5m"]);
        assert_eq!(rangeless(text), None);
        assert_eq!(rangeless("sum(rate(a)) > 1"), Some("rate"));
        assert_eq!(rangeless("max_over_time(rate(a[5m])[1h:])"), None);
        assert_eq!(compared_metric("a_seconds{q=\"0.9\"} > 1"), Some(("a_seconds", "q=\"0.9\"")));
        assert_eq!(compared_metric("a_seconds > 1"), Some(("a_seconds", "")));
        assert_eq!(compared_metric("a / b > 1"), None);
        assert_eq!(compared_metric("sum(a) > 1"), None);
    }
}
