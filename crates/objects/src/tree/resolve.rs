//! What an unquoted scalar is to Kubernetes, whose decoder (sigs.k8s.io/yaml over go-yaml v2) follows YAML 1.1.

/// A scalar's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Resolved<'t> {
    /// `~`, `null`, nothing.
    Null,
    /// `true`, `yes`, `on`, `y` and their opposites.
    Bool(bool),
    /// A whole number; also a float without fraction, which JSON cannot tell from it.
    Int(i64),
    /// A whole number above `i64::MAX`.
    Large(u64),
    /// Any other number.
    Float(f64),
    /// Anything else.
    Text(&'t str),
}

impl Resolved<'_> {
    /// What it is, for messages: `the number 80`.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Null => "nothing (null)".into(),
            Self::Bool(value) => format!("the boolean {value}"),
            Self::Int(value) => format!("the number {value}"),
            Self::Large(value) => format!("the number {value}"),
            Self::Float(value) => format!("the number {value}"),
            Self::Text(text) => format!("the text \"{}\"", shorten(text)),
        }
    }
}

/// Long text for a message: its beginning.
pub(crate) fn shorten(text: &str) -> String {
    let visible = |c: char| if c.is_control() { c.escape_debug().collect() } else { vec![c] };
    let mut chars = text.chars().flat_map(visible);
    let short: String = chars.by_ref().take(60).collect();
    if chars.next().is_some() { format!("{short}…") } else { short }
}

/// Resolves an unquoted scalar (go-yaml v2, `resolve.go`).
pub(crate) fn resolve(text: &str) -> Resolved<'_> {
    let Some(&first) = text.as_bytes().first() else { return Resolved::Null };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text),
        b'.' => match text {
            ".nan" | ".NaN" | ".NAN" => Resolved::Float(f64::NAN),
            ".inf" | ".Inf" | ".INF" => Resolved::Float(f64::INFINITY),
            _ => float(text).unwrap_or(Resolved::Text(text)),
        },
        b'0'..=b'9' | b'+' | b'-' => match text {
            "+.inf" | "+.Inf" | "+.INF" => Resolved::Float(f64::INFINITY),
            "-.inf" | "-.Inf" | "-.INF" => Resolved::Float(f64::NEG_INFINITY),
            _ => number(text),
        },
        _ => Resolved::Text(text),
    }
}

fn word(text: &str) -> Resolved<'_> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Resolved::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Resolved::Bool(false)
        }
        "~" | "null" | "Null" | "NULL" => Resolved::Null,
        _ => Resolved::Text(text),
    }
}

fn number(text: &str) -> Resolved<'_> {
    let shortened;
    let plain = if text.contains('_') {
        shortened = text.replace('_', "");
        shortened.as_str()
    } else {
        text
    };
    match integer(plain).or_else(|| float(plain)) {
        // A float is never text, so nothing borrows from the shortened copy.
        Some(Resolved::Int(value)) => Resolved::Int(value),
        Some(Resolved::Large(value)) => Resolved::Large(value),
        Some(Resolved::Float(value)) => Resolved::Float(value),
        _ => Resolved::Text(text),
    }
}

/// Go's `strconv.ParseInt` and `ParseUint` with base 0: `0x`, `0o`, `0b` and a leading zero choose the base.
fn integer(text: &str) -> Option<Resolved<'static>> {
    let (negative, signed, digits) = match text.as_bytes().first()? {
        b'-' => (true, true, &text[1..]),
        b'+' => (false, true, &text[1..]),
        _ => (false, false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', _, ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let value = u64::from_str_radix(digits, radix).ok()?;
    match i64::try_from(value) {
        Ok(value) => Some(Resolved::Int(if negative { -value } else { value })),
        Err(_) if negative && value == 1 << 63 => Some(Resolved::Int(i64::MIN)),
        Err(_) if signed => None,
        Err(_) => Some(Resolved::Large(value)),
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn float(text: &str) -> Option<Resolved<'_>> {
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let mantissa_ok = match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty())
        }
        None => !mantissa.is_empty() && digits(mantissa),
    };
    let exponent_ok = exponent.is_none_or(|e| {
        let e = e.strip_prefix(['-', '+']).unwrap_or(e);
        !e.is_empty() && digits(e)
    });
    if !mantissa_ok || !exponent_ok {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    // Go refuses what does not fit; then it stays text.
    if value.is_infinite() {
        return None;
    }
    #[allow(clippy::cast_possible_truncation, reason = "checked to be whole and inside the range")]
    if value.fract() == 0.0 && value.abs() < 9.0e18 {
        return Some(Resolved::Int(value as i64));
    }
    Some(Resolved::Float(value))
}

#[cfg(test)]
mod tests {
    use super::{Resolved::*, *};

    #[test]
    fn scalars_are_what_go_yaml_v2_makes_of_them() {
        let table = [
            ("", Null),
            ("~", Null),
            ("null", Null),
            ("Null", Null),
            ("NULL", Null),
            ("nULL", Text("nULL")),
            ("y", Bool(true)),
            ("Y", Bool(true)),
            ("yes", Bool(true)),
            ("Yes", Bool(true)),
            ("YES", Bool(true)),
            ("yEs", Text("yEs")),
            ("on", Bool(true)),
            ("On", Bool(true)),
            ("ON", Bool(true)),
            ("true", Bool(true)),
            ("n", Bool(false)),
            ("N", Bool(false)),
            ("no", Bool(false)),
            ("No", Bool(false)),
            ("NO", Bool(false)),
            ("off", Bool(false)),
            ("Off", Bool(false)),
            ("OFF", Bool(false)),
            ("FALSE", Bool(false)),
            ("0", Int(0)),
            ("80", Int(80)),
            ("-80", Int(-80)),
            ("+80", Int(80)),
            ("0777", Int(0o777)),
            ("0o17", Int(15)),
            ("0x1F", Int(31)),
            ("-0x1F", Int(-31)),
            ("0b101", Int(5)),
            ("-0b101", Int(-5)),
            ("1_000", Int(1000)),
            ("0_7", Int(7)),
            ("08", Int(8)),
            ("09.5", Float(9.5)),
            ("1:30", Text("1:30")),
            ("190:20:30", Text("190:20:30")),
            ("80.0", Int(80)),
            ("1e3", Int(1000)),
            ("1.5", Float(1.5)),
            ("-.5", Float(-0.5)),
            (".5", Float(0.5)),
            (".", Text(".")),
            ("-", Text("-")),
            ("+", Text("+")),
            ("..", Text("..")),
            ("1.2.3", Text("1.2.3")),
            ("10.0.0.0/8", Text("10.0.0.0/8")),
            ("1e999", Text("1e999")),
            ("0x", Text("0x")),
            ("0xg", Text("0xg")),
            ("--1", Text("--1")),
            ("-+1", Text("-+1")),
            ("9223372036854775807", Int(i64::MAX)),
            ("-9223372036854775808", Int(i64::MIN)),
            ("9223372036854775808", Large(1 << 63)),
            (".inf", Float(f64::INFINITY)),
            ("-.Inf", Float(f64::NEG_INFINITY)),
            ("+.INF", Float(f64::INFINITY)),
            ("2024-01-01", Text("2024-01-01")),
            ("2024-01-01T00:00:00Z", Text("2024-01-01T00:00:00Z")),
            ("<<", Text("<<")),
            ("100m", Text("100m")),
            ("1Gi", Text("1Gi")),
        ];
        for (text, expected) in table {
            assert_eq!(resolve(text), expected, "{text:?}");
        }
        assert!(matches!(resolve(".nan"), Float(value) if value.is_nan()));
    }
}
