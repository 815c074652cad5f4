//! The name that was probably meant.

/// The nearest of the known names, if one is near enough to be a slip of the hand. Case is free.
pub(crate) fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let chars = name.chars().count();
    if chars > 64 {
        return None;
    }
    known
        .into_iter()
        .map(|candidate| {
            (edit_distance(&name.to_ascii_lowercase(), &candidate.to_ascii_lowercase()), candidate)
        })
        .filter(|(distance, candidate)| *distance <= (chars.max(candidate.len()) / 3).min(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edits between two names: letters inserted, deleted, replaced or swapped with their neighbour.
#[must_use]
pub fn edit_distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, r) in right.iter().enumerate() {
            let mut best = (above[j] + usize::from(l != r)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *l == right[j - 1] && left[i - 1] == *r {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(left.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised() {
        let known =
            ["podSelector", "policyTypes", "ingress", "egress", "ports", "protocol", "port", "endPort"];
        let table = [
            ("podselector", Some("podSelector")),
            ("podSelecter", Some("podSelector")),
            ("polciyTypes", Some("policyTypes")),
            ("policyType", Some("policyTypes")),
            ("Ingress", Some("ingress")),
            ("prot", Some("port")),
            ("replicas", None),
            ("x", None),
            ("", None),
        ];
        for (name, expected) in table {
            assert_eq!(nearest(name, known), expected, "{name}");
        }
        assert_eq!(nearest(&"x".repeat(1_000_000), known), None);
    }
}
