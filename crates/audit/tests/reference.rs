//! docs/rules.md is what the rules say of themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be checked has to fail loudly")]
use netloom_audit::{
    find_rule,
    reference::{reference, text_page},
};

#[test]
fn the_page_of_all_rules_is_current() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules.md");
    if std::env::var_os("NETLOOM_WRITE_REFERENCE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, reference()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == reference(),
        "docs/rules.md is not what the rules say; run: NETLOOM_WRITE_REFERENCE=1 cargo test -p netloom-audit --test reference"
    );
}

#[test]
fn a_page_for_the_terminal() {
    insta::assert_snapshot!(text_page(find_rule("selects-nothing").unwrap(), false));
}
