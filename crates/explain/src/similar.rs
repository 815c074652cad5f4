//! The names that were probably meant.

use netloom_objects::edit_distance;

/// How many names are offered.
const MOST: usize = 3;

/// The names that a slip of the hand or a forgotten ending leads to, the nearest first.
pub(crate) fn similar<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Vec<String> {
    let length = name.chars().count();
    // No name of Kubernetes is longer.
    if length > 253 {
        return Vec::new();
    }
    let near = |candidate: &'k str| {
        let edits = edit_distance(name, candidate);
        let slip = edits <= (length.max(candidate.chars().count()) / 3).min(3);
        let part =
            length > 2 && (candidate.contains(name) || name.contains(candidate) && candidate.len() > 2);
        (slip || part).then_some((!slip, edits, candidate))
    };
    let mut found: Vec<_> = known.into_iter().filter_map(near).collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().take(MOST).map(|(.., name)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_and_parts_are_recognised() {
        let known = ["frontend", "backend", "postgres", "payments-api", "db"];
        let table: [(&str, &[&str]); 6] = [
            ("frontned", &["frontend"]),
            ("backends", &["backend"]),
            ("payments", &["payments-api"]),
            ("bd", &[]),
            ("nothing-like-it", &[]),
            ("", &[]),
        ];
        for (name, expected) in table {
            assert_eq!(similar(name, known), expected, "{name}");
        }
        assert!(similar(&"x".repeat(1_000_000), known).is_empty());
    }
}
