//! Any text is judged by all rules, and reported in every format.
#![no_main]

use libfuzzer_sys::fuzz_target;
use netloom_audit::{render, report, suppression};

fuzz_target!(|text: &str| {
    let set = netloom_fuzz::set(text);
    let found = netloom_fuzz::look(&set);
    _ = render(&found.findings, &set, true);
    _ = report::concise(&found);
    // The others write much that does not depend on the text.
    if text.len().is_multiple_of(16) {
        _ = report::json(&found, &set);
        _ = report::sarif(&found, &set);
        _ = report::github(&found, &set);
        _ = report::gitlab(&found);
        _ = report::junit(&found, &set, &|_| true);
    }
    for finding in found.findings.iter().take(2) {
        if let Some(source) = set.sources.iter().find(|s| s.source.name == finding.at.file) {
            _ = suppression(&source.source, finding);
        }
    }
    for edit in found.findings.iter().filter_map(|f| f.fix.as_ref()).flat_map(|fix| &fix.edits) {
        assert!(text.get(edit.range()).is_some(), "{edit:?} cuts a character, or is outside of the text");
    }
});
