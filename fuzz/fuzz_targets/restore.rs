//! A text that lost its indentation gets spaces back, and nothing else.
#![no_main]

use libfuzzer_sys::fuzz_target;
use netloom_audit::Lines;
use netloom_objects::{Source, restore};

fuzz_target!(|text: &str| {
    // As it is, and as a page prints it that drops spaces.
    let flat: String = text.lines().map(|line| format!("{}\n", line.trim_start())).collect();
    for text in [text, &flat] {
        let Some(restored) = restore(&Source::new("a.yaml", text)) else { continue };
        let (before, after) = (Lines::of(text), Lines::of(&restored.source.text));
        assert_eq!(before.count(), after.count());
        for number in 1..=before.count() {
            let added = " ".repeat(restored.added(number) as usize);
            let before = before.line(number).map(|line| format!("{added}{line}"));
            assert_eq!(before.as_deref(), after.line(number), "line {number}");
        }
    }
});
