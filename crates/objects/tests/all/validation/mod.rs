//! What the API server would refuse.
mod core;
mod policies;

use crate::findings;

fn errors_of(text: &str) -> Vec<String> {
    findings(text).into_iter().map(|f| f.splitn(3, ' ').nth(2).unwrap_or_default().to_owned()).collect()
}

fn check(head: &str, table: &[(&str, &[&str])]) {
    for (body, expected) in table {
        let text = format!("{head}{body}\n");
        assert_eq!(errors_of(&text), *expected, "{text}");
    }
}
