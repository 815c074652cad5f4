//! Any text is read, and what is wrong with it is drawn.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let set = netloom_fuzz::set(text);
    let drawn = set.render(false);
    assert_eq!(drawn.is_empty(), set.diagnostics().next().is_none());
    _ = set.render(true);
    for object in set.objects() {
        _ = object.document_range();
        for key in object.keys("") {
            _ = object.locate(key);
            _ = object.byte_range(key).map(|range| &text[range]);
        }
    }
});
