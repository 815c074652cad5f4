//! Input that wants to hurt.
use crate::{config_map, findings, parse};
use netloom_objects::{Source, parse_source, render};
use proptest::prelude::*;

#[test]
fn deep_nesting_is_an_error() {
    let deep = [
        "[".repeat(10_000),
        "{a: ".repeat(10_000),
        "{\"a\":".repeat(10_000),
        "- ".repeat(10_000),
        "[".repeat(10_000) + &"]".repeat(10_000),
        (0..10_000).fold(String::new(), |text, i| text + &" ".repeat(i.min(3000)) + "a:\n"),
    ];
    for text in &deep {
        let alone = findings(text);
        assert!(matches!(&alone[..], [only] if only.contains("info skipped")), "{alone:?}");
        let found = findings(&format!("{text}\n# kind: Pod\n"));
        assert!(!found.is_empty(), "{}", &text[..20]);
        assert!(found.iter().all(|f| f.contains("error")), "{found:?}");
    }
    let metadata = format!("apiVersion: v1\nkind: Pod\nmetadata: {}1", "{a: ".repeat(150));
    assert!(!findings(&(metadata + &"}".repeat(150))).is_empty());
}

#[test]
fn alias_bombs_are_errors() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for i in 1..12 {
        let last = i - 1;
        bomb += &format!("a{i}: &a{i} [{}]\n", vec![format!("*a{last}"); 10].join(", "));
    }
    assert_eq!(findings(&bomb), ["6:10 info skipped: nothing in this file has an `apiVersion` or a `kind`"]);
    assert_eq!(
        findings(&(bomb + "kind: Pod\n")),
        [
            "6:10 error this document cannot be parsed: the aliases of this document stand for far more than is written"
        ]
    );
    assert_eq!(
        findings("a: &a [*a]\nkind: Pod\n"),
        ["1:8 error this document cannot be parsed: this alias stands inside of what it stands for"]
    );
    let mut tower = String::from("a0: &a0 [x]\n");
    for i in 1..300 {
        tower += &format!("a{i}: &a{i} [*a{}]\n", i - 1);
    }
    assert!(findings(&(tower + "kind: Pod\n"))[0].contains("nested more than 200 levels deep"));
}

#[test]
fn one_long_line_is_read_in_time_that_grows_with_it_only_once() {
    let value = "x".repeat(4_000_000);
    let too_large = "4:1 error 4000000 bytes are more than the 1048576 that a ConfigMap may hold";
    assert_eq!(findings(&config_map(&format!("  key: {value}\n"))), [too_large]);
    assert_eq!(findings(&config_map(&format!("  key: \"{value}\"\n"))), [too_large]);
    assert!(!findings(&value).is_empty());
    let many = format!(
        "{{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {{\"name\": \"é\"}}, \"data\": {{{}\"z\": 1}}}}",
        (0..200_000).map(|i| format!("\"k{i}\": \"v\", ")).collect::<String>()
    );
    assert_eq!(findings(&many).len(), 2);
    let flow = format!(
        "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: é}}, data: {{{}z: 1}}}}",
        (0..100_000).map(|i| format!("k{i}: v, ")).collect::<String>()
    );
    assert_eq!(findings(&flow).len(), 2);
}

#[test]
fn a_huge_bracket_that_is_no_json_is_refused() {
    let alone = format!("[{}]", "a, ".repeat(6_000_000));
    assert_eq!(findings(&alone), ["1:1 info skipped: nothing in this file has an `apiVersion` or a `kind`"]);
    let meant = format!("[{}kind: Pod]", "a, ".repeat(6_000_000));
    let found = findings(&meant);
    assert_eq!(
        found,
        [
            "1:1 error this document cannot be parsed: a document within brackets of more than 16 MB, which is no JSON"
        ]
    );
    let parsed = parse(&meant);
    assert_eq!(parsed.diagnostics[0].help, None, "quotes are no help here");
}

#[test]
fn a_flood_of_mistakes_is_bounded() {
    let keys: String = (0..20_000).map(|i| format!("  k{i}: {i}\n")).collect();
    assert!(parse(&config_map(&keys)).diagnostics.len() <= 1001);
    // The file of another program is said once, however long.
    assert_eq!(findings(&"a: b\n---\n".repeat(20_000)).len(), 1);
    let documents = "kind: Pod\n---\n".repeat(20_000);
    let parsed = parse(&documents);
    assert_eq!(parsed.diagnostics.len(), 1001);
    assert!(parsed.diagnostics[1000].message.contains("read only up to here"));
}

/// Reads, locates and draws; none of it may panic.
fn use_fully(text: &str) {
    for name in ["a.yaml", "a.json"] {
        let source = Source::new(name, text);
        let parsed = parse_source(&source);
        for object in &parsed.objects {
            _ = (
                object.locate("spec.ports[0].port"),
                object.locate("metadata.labels.x"),
                object.labels().len(),
            );
        }
        _ = render(&parsed.diagnostics, &[source], true);
        for diagnostic in &parsed.diagnostics {
            assert!(diagnostic.at.line > 0 && diagnostic.at.column > 0, "{diagnostic:?}");
            assert!(!diagnostic.message.is_empty());
        }
    }
}

const SEED: &str = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: \"a\", labels: {é: ü}}\nspec:\n  podSelector: &x\n    matchLabels:\n      app: 'b'\n  policyTypes:\n  - Ingress\n  ingress:\n  - from:\n    - podSelector: *x\n    - ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}\n    ports:\n    - port: 80\n      endPort: 90\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  <<: {type: NodePort}\n  ports: [{port: 80, targetPort: http}]\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  text: |\n    some\n    lines\n  folded: >-\n    more\n    lines\n";

fn mutated() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\t".to_owned()),
        Just("---\n".to_owned()),
        Just("{".to_owned()),
        Just("]".to_owned()),
        Just("*x".to_owned()),
        Just("&x ".to_owned()),
        Just("<<: ".to_owned()),
        Just("\r".to_owned()),
        Just("{{".to_owned()),
        Just("\u{feff}".to_owned()),
        Just("? ".to_owned()),
        Just("!!binary ".to_owned()),
        Just("- ".to_owned()),
        Just(": ".to_owned()),
        Just("\0".to_owned()),
        Just("\"".to_owned()),
        Just("'".to_owned()),
        Just("|\n".to_owned()),
        Just("#".to_owned()),
        Just("\n".to_owned()),
        ".{0,3}",
    ];
    prop::collection::vec((any::<prop::sample::Index>(), 0..12usize, piece), 1..6).prop_map(|edits| {
        let mut text: Vec<char> = SEED.chars().collect();
        for (at, cut, piece) in edits {
            let at = at.index(text.len() + 1);
            let end = (at + cut).min(text.len());
            text.splice(at..end, piece.chars());
        }
        text.into_iter().collect()
    })
}

/// `PROPTEST_CASES`, for longer runs.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(600)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        use_fully(&text);
    }

    #[test]
    fn any_text_of_yaml_characters_is_survived(text in "[-a:? \\n\\t\\r{}\\[\\],&*!|>'\"%@`#~<.0é\u{feff}\u{85}\u{2028}]{0,60}") {
        use_fully(&text);
    }

    #[test]
    fn mutated_manifests_are_survived(text in mutated()) {
        use_fully(&text);
    }
}
