//! Narrower policies, for people and for programs.
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{
    json::{changes as changes_json, of_doubt, of_unmet},
    text::{changes, doubts, unmet},
};
use crate::Tightened;

/// What was narrowed, what somebody has to decide, and what is cut by it.
#[must_use]
pub fn text(tightened: &Tightened) -> String {
    if tightened.proposals.is_empty() {
        return "nothing of today's policies is wider than it need be, as far as the manifests tell\n"
            .to_owned();
    }
    let mut text = String::new();
    for (title, edited) in [("Narrower:", true), ("To be decided:", false)] {
        let some: Vec<_> = tightened.proposals.iter().filter(|p| p.edited == edited).collect();
        if some.is_empty() {
            continue;
        }
        let gap = if text.is_empty() { "" } else { "\n" };
        _ = writeln!(text, "{gap}{title}");
        for proposal in some {
            _ = writeln!(text, "  {}: {}", proposal.at, proposal.text);
        }
    }
    if !tightened.unmet.is_empty() {
        text.push_str("\nWhat is needed and would be shut:\n");
        tightened.unmet.iter().for_each(|one| unmet(one, &mut text));
    }
    if !tightened.changed.is_empty() {
        text.push_str(&changes(&tightened.changes));
    }
    doubts(&tightened.needs.doubts, &mut text);
    text
}

/// For programs; `diff` is a unified diff of each file.
#[must_use]
pub fn json(tightened: &Tightened, diff: &str) -> Value {
    let proposals: Vec<Value> = tightened
        .proposals
        .iter()
        .map(|proposal| {
            json!({
                "file": proposal.at.written().file,
                "line": proposal.at.written().line,
                "object": proposal.object,
                "text": proposal.text,
                "edited": proposal.edited,
            })
        })
        .collect();
    let changes = changes_json(&tightened.changes);
    json!({
        "proposals": proposals,
        "diff": diff,
        "cut": changes["cut"],
        "opened": changes["opened"],
        "unmet": tightened.unmet.iter().map(of_unmet).collect::<Vec<_>>(),
        "doubts": tightened.needs.doubts.iter().map(of_doubt).collect::<Vec<_>>(),
    })
}
