//! What a program printed, cut into documents.

/// Documents, each with the line that begins it.
pub fn documents(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.match_indices("\n---").map(|(at, _)| at + 1).find(|at| {
            let mark = rest[*at..].lines().next().unwrap_or_default();
            mark.trim_end() == "---"
        });
        let (document, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        Some(document)
    })
}
