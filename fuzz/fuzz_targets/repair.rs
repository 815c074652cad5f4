//! Repairs come to an end, break nothing, and a second time change nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use netloom_audit::repair;
use netloom_fuzz::{errors, look, set};

fuzz_target!(|text: &str| {
    let before = set(text);
    let restored = netloom_objects::restore(&before.sources[0].source);
    let known = errors(&before).max(restored.map_or(0, |restored| errors(&set(&restored.source.text))));
    let repaired = repair(before, look);
    assert!(errors(&repaired.set) <= known, "more errors in\n{}", repaired.set.sources[0].source.text);
    let again = repair(repaired.set.clone(), look);
    assert!(again.changed.is_empty(), "a second time changes\n{}", repaired.set.sources[0].source.text);
});
