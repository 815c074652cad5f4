//! The review of today's policies, for people and for programs.
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::text::count;
use crate::Remark;

/// A line for each remark, and the lines that are why.
#[must_use]
pub fn text(remarks: &[Remark]) -> String {
    let mut text = String::new();
    for remark in remarks {
        let code = remark.code.map_or_else(String::new, |code| format!(" [{code}]"));
        _ = writeln!(text, "{}: {}: {}{code}", remark.at, remark.fault.name(), remark.text);
        for (at, what) in &remark.because {
            // What decides names its line itself.
            let line = format!("({at})");
            match what.contains(&line) {
                true => _ = writeln!(text, "    {what}"),
                false => _ = writeln!(text, "    {what} ({at})"),
            }
        }
    }
    match remarks.len() {
        0 => text.push_str("every rule of today's policies decides something\n"),
        some => _ = writeln!(text, "\n{}", count(some, "remark", "remarks")),
    }
    text
}

/// For programs.
#[must_use]
pub fn json(remarks: &[Remark]) -> Value {
    let of = |remark: &Remark| {
        let because: Vec<Value> = remark
            .because
            .iter()
            .map(|(at, what)| json!({"file": at.written().file, "line": at.written().line, "text": what}))
            .collect();
        json!({
            "fault": remark.fault.name(),
            "text": remark.text,
            "file": remark.at.written().file,
            "line": remark.at.written().line,
            "object": remark.object,
            "code": remark.code,
            "because": because,
        })
    };
    json!({"remarks": remarks.iter().map(of).collect::<Vec<_>>()})
}
