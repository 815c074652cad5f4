//! The quick reader and the full parser must agree.
use proptest::prelude::*;

use super::*;
use crate::{
    Source,
    tree::{Tree, read_yaml, split},
};

/// Both readings of a text, as lines that can be compared; the quick one is none where it left it alone.
fn both(text: &str) -> (Option<String>, String) {
    let build = || Builder::new(Tree::new(Source::new("a.yaml", text), text.len()));
    let (mut quick, mut full) = (build(), build());
    let chunks = split(text);
    let mut quick_said = Some(String::new());
    let mut full_said = String::new();
    for chunk in chunks {
        match (read_plain(&mut quick, chunk), &mut quick_said) {
            (Some(root), Some(said)) => said.push_str(&format!("{root:?} {:?}\n", quick.issues)),
            _ => quick_said = None,
        }
        let (roots, broken) = read_yaml(&mut full, chunk);
        let mut roots = roots.into_iter();
        full_said.push_str(&format!("{:?} {:?}\n", roots.next(), full.issues));
        if broken.is_some() || roots.next().is_some() {
            full_said.push_str("broken");
        }
    }
    let nodes = |b: &Builder| format!("{:?}\n{:?}\n{:?}", b.tree.nodes, b.tree.children, b.tree.pool);
    (quick_said.map(|said| said + &nodes(&quick)), full_said + &nodes(&full))
}

const MANIFEST: &str = "# a policy
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy   # of the shop
metadata: {name: a, labels: {app.kubernetes.io/name: \"x y\", 'a': b}}

spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
  ingress:
  - from:
    - podSelector:
        matchLabels:
          app: web
      namespaceSelector: {matchLabels: {a: 'b'}}
    - ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.2.0.0/16]}
    ports:
      - {port: 80, endPort: 90}
      - protocol: UDP
        port: -1
  egress:
    -
      to: []
    - - nested
      - list: http://x:80/#y
---
apiVersion: v1
kind: Thing
metadata:
  name: \"quoted\"   # comment
  note: it is, plain text: no
";

#[test]
fn an_ordinary_manifest_is_read_without_the_full_parser() {
    let ordinary = MANIFEST.replace("plain text: no", "plain text");
    let (quick, full) = both(&ordinary);
    assert_eq!(quick.as_deref(), Some(full.as_str()));
    // A colon inside of a plain scalar is the full parser's to judge.
    assert_eq!(both(MANIFEST).0, None);
}

#[test]
fn both_parsers_agree_on_small_texts() {
    let texts = [
        "a: b",
        "a: b\n",
        "a:\n  b: c\n",
        "a:\n- b\n- c\nd: e\n",
        "- a\n- b: c\n  d: e\n-  f\n",
        "- - a\n  - b\n- c\n",
        "a: [b, c]\nd: {e: f}\n",
        "a: [ b , {c: d} ]\n",
        "a: b # c\n",
        "a: b#c\n",
        "a: 'b'\n",
        "a: \"\"\n",
        "a: []\nb: {}\n",
        "a:   \n    b: c\n    d:\n        - e\nf: g",
        "--- \na: b\n",
        "---\n\n# x\na: b\n# y\n",
        "x\n",
        "[a, b]",
        "{a: b}\n",
        "a: [b,c]\n",
        "a: {b: c,d: e}\n",
        "a: -1\nb: - 1\n",
        "a: <<\n",
        "a: b\n c\n",
        "a: b\n  c: d\n",
        "a:\nb: c\n",
        "- \n- a\n",
        "a: b: c\n",
        "a: b:\n",
        "a: {b:c}\n",
        "a: [b: c]\n",
        "a: [b,]\n",
        "a: {b}\n",
        "'a': b\n\"c\": d\n",
        "a : b\n",
        "a:b\n",
        "- a: b\n  c:\n  - d\n- e\n",
        "- a: b\n c: d\n",
        "a:\n  - b\n - c\n",
        "a:\n    - b\n    c: d\n",
        "a: [b\n",
        "a: 'b\n",
        "a: \"b\" c\n",
        "...\n",
        "a: b\n...\n",
        "a\nb\n",
        "- a\nb: c\n",
        "a: b\n- c\n",
        "a: ~\n",
        "a: #c\n",
        "a:  # c\n  b: d\n",
        "a: x\n\n\n\nb: y\n",
        "a: 'it''s'\n",
        "a: b,c\n",
        "a: [b c, d]\n",
        "a: {b: c}}\n",
        "a: ''\n",
        "a: \\n\n",
        "a: 'x\\y'\n",
        "a: x'y\"z\n",
        "a: a: b\n",
        "1: a\n",
        "true: a\n",
        "a: 1\na: 2\n",
        "- a: 1\n  a: 2\n",
        "a: {b: 1, b: 2}\n",
        "on: 1\n",
        "a:\n",
        "a:",
        "a: # x",
        "a:\n  b:\n  c: d\ne:\n",
        "a:\n  - b:\n    c:\n  -\n  - # x\n  - d\n-\n",
        "-\n- a\n-",
        "- a:\n- b:\n",
        "a:\n- b:\n-\nc:\n",
        "a: b\r\nc:\r\n  - d\r\n\r\n  - 'e' # f\r\n",
        "a: b\r\nc: d\r",
        "a: b\rc: d\n",
        "\r\n# x\r\na:\r\n",
        "a: |\n  b\n  c\nd: e\n",
        "a: |-\n  b\n\n   c\n\n\nd: e\n",
        "a: |+\n  b\n\n\n",
        "a: >\n  b\n  c\n\n  d\n\n\n  e\nf: g\n",
        "a: >-\n  b\n   c\n  d\n",
        "a: |2\n    b\n   c\n",
        "a: |2-\n  b\n",
        "a: |-2\n  b\n",
        "a: |0\n  b\n",
        "a: |\n  b",
        "a: |\n  b\n ",
        "a: |\n",
        "a: |\n\n  b\n",
        "a: |\nb: c\n",
        "a: |\n   b\n  c\n",
        "a: |\n  b\n # c\nd: e\n",
        "a: |\n  b\n# c\nd: e\n",
        "a: | # x\n  b: c # d\n  \"e\n",
        "a: |\n  b\n     \n  c\n    \n",
        "- |\n  b\n- >-\n  c\n  d\n",
        "- - |\n    b\n  - c\n",
        "- a: |\n   b\n  c: d\n",
        "a:\n- |\n  b\n- c\n",
        "a:\n- b\n- |\n  c\nd: e\n",
        "a: |\r\n  b\r\n  c\r\n\r\nd: e\r\n",
        "a: >\r\n  b\r\n  c\r\n\r\n  d\r\n",
        "a: |\n  b\tc\n\td\n",
        "a: |\n  \tb\n",
        "a: >\n  \tb\n",
        "a: b\tc\n",
        "a: b\t\n",
        "a: 'b\tc'\n",
        "a:\tb\n",
        "a: b #\tc\n",
        "\ta: b\n",
        "a: bä\nc: [ä, ö, {d: ü}] # ß\n",
        "a: 'ä' # x\n",
        "a: {b: 'ä', c: d}\n",
        "ä: b\n",
        "# ä\n- ä\n- {a: €, b: \"\u{1F600}\", c: d}\n",
        "a: |\n  ä\n  b\nc: d\n",
        "a: \u{a0}b\n",
        "a: b\u{85}c\n",
        "a: b\u{2028}c\n",
        "a: |\n  b\u{2028}c\n",
        "a: \u{feff}b\n",
    ];
    for text in texts {
        let (quick, full) = both(text);
        if let Some(quick) = quick {
            assert_eq!(quick, full, "{text}");
        }
    }
}

/// A text in which no bracket and no comma follows a colon or a dash: within brackets Kubernetes reads these as text, as
/// the quick reader does, and the full parser does not.
fn told_apart(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        if out.ends_with([':', '-']) && ",[]{}".contains(character) {
            out.push(' ');
        }
        out.push(character);
    }
    out
}

/// `PROPTEST_CASES`, for longer runs.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(2000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_parsers_agree_on_any_text(text in "([a-c]|: |- |\n|\r\n|\n  |\n    | |ä|\t|: \\|\n|: >-\n|- \\|\n|:\n|#|,|\\{|\\}|\\[|\\]|'|\"|:|-|<|1|---\n|a: ){0,40}") {
        let (quick, full) = both(&told_apart(&text));
        if let Some(quick) = quick {
            prop_assert_eq!(quick, full);
        }
    }

    #[test]
    fn both_parsers_agree_on_changed_manifests(
        at in any::<prop::sample::Index>(), cut in 0..8usize, piece in "( |\n|\r\n|: |:\n|- |: \\|-\n|>\n|a|é|\t|\\{|\\}|\\[|\\]|,|#|'|\"|x: y|\n  |\n- ){0,3}",
    ) {
        let start = at.index(MANIFEST.len());
        let end = (start + cut).min(MANIFEST.len());
        let text = told_apart(&format!("{}{piece}{}", &MANIFEST[..start], &MANIFEST[end..]));
        let (quick, full) = both(&text);
        if let Some(quick) = quick {
            prop_assert_eq!(quick, full);
        }
    }
}
