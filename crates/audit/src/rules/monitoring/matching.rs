//! Whether two matchers of one label can hold together.
use regex_syntax::{
    ParserBuilder,
    hir::{Class, ClassUnicodeRange, Hir, HirKind},
};

use super::query::Matcher;

/// How many forms a pattern may have. Of those with more nothing is said.
const MOST: usize = 256;

/// Texts of one form: of these bytes, and of any others behind them where it is open.
#[derive(Clone, Debug, Default)]
struct Form {
    bytes: Vec<Vec<(u8, u8)>>,
    open: bool,
}

/// Whether no value meets both matchers. Where that is not clear, one may.
pub(super) fn exclude(a: &Matcher<'_>, b: &Matcher<'_>) -> bool {
    match (a.operator, b.operator) {
        ("=" | "=~", "=" | "=~") => match (forms(a), forms(b)) {
            (Some(a), Some(b)) => a.iter().all(|a| b.iter().all(|b| !meet(a, b))),
            _ => false,
        },
        ("=" | "=~", _) => refuses(b, a),
        (_, "=" | "=~") => refuses(a, b),
        _ => false,
    }
}

/// Whether a matcher that excludes values excludes all that another one admits.
fn refuses(excluding: &Matcher<'_>, admitting: &Matcher<'_>) -> bool {
    let same_kind = matches!((excluding.operator, admitting.operator), ("!=", "=") | ("!~", "=~"));
    if same_kind && excluding.value == admitting.value {
        return true;
    }
    let exact = |matcher: &Matcher<'_>| forms(matcher).filter(|forms| forms.iter().all(|form| !form.open));
    match (admitting.operator, exact(excluding), forms(admitting)) {
        ("=", Some(excluded), Some(admitted)) => {
            admitted.iter().all(|a| excluded.iter().any(|form| meet(a, form)))
        }
        _ => false,
    }
}

/// Bytes that may stand at one place.
type Ranges = Vec<(u8, u8)>;

fn meet(a: &Form, b: &Form) -> bool {
    let common = |(a, b): (&Ranges, &Ranges)| a.iter().any(|a| b.iter().any(|b| a.0 <= b.1 && b.0 <= a.1));
    let lengths = match a.bytes.len().cmp(&b.bytes.len()) {
        std::cmp::Ordering::Equal => true,
        std::cmp::Ordering::Less => a.open,
        std::cmp::Ordering::Greater => b.open,
    };
    lengths && a.bytes.iter().zip(&b.bytes).all(common)
}

/// The forms of the values that a matcher names.
fn forms(matcher: &Matcher<'_>) -> Option<Vec<Form>> {
    // Escapes are resolved by Prometheus before the pattern is read.
    let value = matcher.value.replace("\\\\", "\\");
    if matches!(matcher.operator, "=" | "!=") {
        let bytes = value.bytes().map(|byte| vec![(byte, byte)]).collect();
        return Some(vec![Form { bytes, open: false }]);
    }
    let pattern = ParserBuilder::new().unicode(false).utf8(false).build().parse(&value).ok()?;
    of_pattern(&pattern)
}

fn of_pattern(pattern: &Hir) -> Option<Vec<Form>> {
    let found = match pattern.kind() {
        HirKind::Empty => vec![Form::default()],
        HirKind::Literal(literal) => {
            let bytes = literal.0.iter().map(|byte| vec![(*byte, *byte)]).collect();
            vec![Form { bytes, open: false }]
        }
        HirKind::Class(Class::Bytes(class)) => {
            let ranges = class.iter().map(|range| (range.start(), range.end())).collect();
            vec![Form { bytes: vec![ranges], open: false }]
        }
        // The parser makes a class of `a|b`, whatever it was asked for.
        HirKind::Class(Class::Unicode(class)) => {
            let ascii = |c: char| u8::try_from(c).ok().filter(u8::is_ascii);
            let range = |range: &ClassUnicodeRange| Some((ascii(range.start())?, ascii(range.end())?));
            vec![Form { bytes: vec![class.iter().map(range).collect::<Option<_>>()?], open: false }]
        }
        HirKind::Look(_) => return None,
        HirKind::Capture(capture) => of_pattern(&capture.sub)?,
        HirKind::Alternation(parts) => {
            let mut found = Vec::new();
            for part in parts {
                found.extend(of_pattern(part)?);
            }
            found
        }
        HirKind::Concat(parts) => {
            let mut found = vec![Form::default()];
            for part in parts {
                found = joined(&found, &of_pattern(part)?)?;
            }
            found
        }
        HirKind::Repetition(repetition) => {
            let inside = of_pattern(&repetition.sub)?;
            let mut found = vec![Form::default()];
            for _ in 0..repetition.min.min(64) {
                found = joined(&found, &inside)?;
            }
            if repetition.max != Some(repetition.min) || repetition.min > 64 {
                found.iter_mut().for_each(|form| form.open = true);
            }
            found
        }
    };
    (found.len() <= MOST).then_some(found)
}

/// Each form of the one, followed by each of the other. What is behind an open form is not known.
fn joined(first: &[Form], then: &[Form]) -> Option<Vec<Form>> {
    (first.len().saturating_mul(then.len()) <= MOST).then_some(())?;
    let mut found = Vec::new();
    for form in first {
        if form.open {
            found.push(form.clone());
            continue;
        }
        for next in then {
            let bytes = form.bytes.iter().chain(&next.bytes).cloned().collect();
            found.push(Form { bytes, open: next.open });
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matchers_that_exclude_each_other() {
        let table = [
            ("=", "a", "=", "b", true),
            ("=", "a", "=", "a", false),
            ("=", "a", "!=", "a", true),
            ("=", "a", "!=", "b", false),
            ("=~", "2..", "=~", "5..", true),
            ("=~", "2..", "=~", "2.*", false),
            ("=~", "2..", "=~", "20", true),
            ("=~", "a|b", "=~", "c|d", true),
            ("=~", "a|b", "=~", "b|c", false),
            ("=~", "a.+", "=~", "b.*", true),
            ("=~", ".+", "=", "", true),
            ("=~", ".*", "=", "", false),
            ("=~", "(?i)get", "=", "GET", false),
            ("!~", "2..", "=", "200", true),
            ("!~", "2..", "=", "500", false),
            ("!~", "2..", "=~", "2..", true),
            ("!~", "2.*", "=", "200", false),
            ("=~", "[0-4]..", "=~", "[5-9]..", true),
            ("=~", "\\\\d+", "=", "x", true),
            ("=~", "(", "=", "x", false),
            ("!=", "a", "!=", "b", false),
        ];
        for (one, value, other, text, excluded) in table {
            let a = Matcher { label: "l", operator: one, value };
            let b = Matcher { label: "l", operator: other, value: text };
            assert_eq!((exclude(&a, &b), exclude(&b, &a)), (excluded, excluded), "{a:?} {b:?}");
        }
    }
}
