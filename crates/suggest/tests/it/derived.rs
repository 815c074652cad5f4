//! What is learnt from settings, monitors, webhooks, routes: one set with something of each.
use netloom_suggest::derive;

use crate::support::{Asked, lines, on_text, suggested};

const SET: &str = include_str!("derived.yaml");

#[test]
fn needs_are_learnt_from_manifests() {
    on_text(SET, |ground| {
        let needs = derive(ground);
        let mut lines = lines(ground, &needs);
        lines.sort();
        let lacks: Vec<String> =
            needs.lacks.iter().map(|lack| format!("{}: {}", lack.what, lack.because)).collect();
        let asks = "the API server: its service account worker has rights";
        assert!(lacks.iter().any(|lack| lack.starts_with(asks)), "{lacks:?}");
        let doubts: Vec<String> = needs.doubts.iter().map(|d| format!("? {d}")).collect();
        insta::assert_snapshot!("derived_needs", format!("{}\n\n{}", lines.join("\n"), doubts.join("\n")));
    });
}

#[test]
fn nothing_of_a_secret_is_shown() {
    on_text(SET, |ground| {
        let (suggestion, proof, report) = suggested(ground, &Asked { derive: true, ..Asked::default() });
        assert!(proof.unmet.is_empty(), "{report}");
        let all = suggestion.yaml() + &report;
        assert!(all.contains("Secret app"), "{all}");
        assert!(!all.contains("hunter2") && !all.contains("/shop"), "{all}");
    });
}
