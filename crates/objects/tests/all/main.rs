//! Tests of the crate from outside, as its users see it.
#![allow(missing_docs, clippy::unwrap_used, reason = "in a test it says that something cannot happen")]

mod access;
mod decoding;
mod documents;
mod embedded;
mod files;
mod hostile;
mod kinds;
mod kubernetes;
mod positions;
mod rendered;
mod sets;
mod validation;

use netloom_objects::{Object, ParsedSource, Source, parse_source};
use std::sync::Arc;

/// Parses a text that stands in `a.yaml`.
pub fn parse(text: &str) -> ParsedSource {
    parse_source(&Source::new("a.yaml", text))
}

/// The findings of a text: `line:column severity message`.
pub fn findings(text: &str) -> Vec<String> {
    let short = |d: &netloom_objects::Diagnostic| {
        format!("{}:{} {} {}", d.at.line, d.at.column, d.severity.name(), d.message)
    };
    parse(text).diagnostics.iter().map(short).collect()
}

/// The only object of a text that has nothing wrong.
pub fn object(text: &str) -> Arc<Object> {
    let parsed = parse(text);
    assert!(parsed.diagnostics.is_empty(), "{text}\n{:?}", parsed.diagnostics);
    assert_eq!(parsed.objects.len(), 1, "{text}");
    parsed.objects[0].clone()
}

/// A ConfigMap with these lines under `data:`.
pub fn config_map(data: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n{data}")
}
