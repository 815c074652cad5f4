//! How ranges of one field become pairs of elements: where a range begins, and where the next gap begins.
use super::{Element, Key};

/// One element of an interval set as the kernel keeps it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// A range begins here and ends at the next bound.
    Start(Key),
    /// A range begins here and has no end: it reaches the highest key.
    StartOpen(Key),
    /// The first key behind a range.
    End(Key),
}

/// The bounds of `element`, whose keys have `len` bytes in network order.
pub(super) fn bounds(element: &Element, len: usize) -> (Bound, Option<Bound>) {
    let last = element.key_end.as_ref().unwrap_or(&element.key);
    let start = element.key.clone();
    match successor(&last.as_bytes()[..len.min(last.as_bytes().len())]) {
        Some(behind) => (Bound::Start(start), Some(Bound::End(behind))),
        None => (Bound::StartOpen(start), None),
    }
}

/// The next number in network order; none behind the highest.
fn successor(bytes: &[u8]) -> Option<Key> {
    let mut next = bytes.to_vec();
    let at = next.iter().rposition(|byte| *byte != u8::MAX)?;
    next[at] += 1;
    next[at + 1..].fill(0);
    Some(Key::from_bytes(&next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_become_bounds() {
        let ip = |text: &str| Key::new().ip(text.parse().unwrap());
        let table = [
            ("10.0.0.0", "10.255.255.255", Some("11.0.0.0")),
            ("10.0.0.1", "10.0.0.1", Some("10.0.0.2")),
            ("0.0.0.0", "255.255.255.254", Some("255.255.255.255")),
            ("10.0.0.0", "255.255.255.255", None),
            ("::", "::ffff", Some("::1:0")),
            ("fd00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None),
        ];
        for (from, to, end) in table {
            let element = Element::range(ip(from), ip(to));
            let expected = match end {
                Some(end) => (Bound::Start(ip(from)), Some(Bound::End(ip(end)))),
                None => (Bound::StartOpen(ip(from)), None),
            };
            assert_eq!(bounds(&element, ip(from).as_bytes().len()), expected, "{from}-{to}");
        }
        let top = Element::new(Key::new().port(u16::MAX));
        assert_eq!(bounds(&top, 2), (Bound::StartOpen(Key::new().port(u16::MAX)), None));
    }
}
