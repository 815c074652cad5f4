//! Any object is read by paths, and knows the bytes of each of its fields.
use netloom_objects::{Object, Span};

use crate::object;

const POLICY: &str = "# the shop
apiVersion: example.com/v1
kind: Thing
metadata:
  name: shop   # its name
  labels: {app: shop}
spec:
  map: {app.kubernetes.io/name: \"a \\\"b\\\"\", 'it''s': x}
  plain: several words
    on two lines
  quoted: 'it''s'
  empty:
  list:
    - 1
    - {a: b, c: [d, e ] } # flow
    - text: |
        first
          second

    - >-
      folded
      text
  café: au lait
  number: 1.5
  last: ~
---
# next
";

fn slice(object: &Object, span: Option<Span>) -> Option<&str> {
    span.map(|span| &object.source().text[span.bytes])
}

#[test]
fn values_and_keys_have_extents() {
    let object = object(POLICY);
    let table = [
        ("metadata.name", Some("name"), "shop", (5, 9), (5, 13)),
        (
            r"spec.map.app\.kubernetes\.io/name",
            Some("app.kubernetes.io/name"),
            r#""a \"b\"""#,
            (8, 33),
            (8, 42),
        ),
        ("spec.map.it's", Some("'it''s'"), "x", (8, 53), (8, 54)),
        ("spec.plain", Some("plain"), "several words\n    on two lines", (9, 10), (10, 17)),
        ("spec.quoted", Some("quoted"), "'it''s'", (11, 11), (11, 18)),
        ("spec.empty", Some("empty"), "", (12, 9), (12, 9)),
        ("spec.list[0]", None, "1", (14, 7), (14, 8)),
        ("spec.list[1]", None, "{a: b, c: [d, e ] }", (15, 7), (15, 26)),
        ("spec.list[1].c", Some("c"), "[d, e ]", (15, 17), (15, 24)),
        ("spec.list[2]", None, "text: |\n        first\n          second", (16, 7), (18, 17)),
        ("spec.list[2].text", Some("text"), "|\n        first\n          second", (16, 13), (18, 17)),
        ("spec.list[3]", None, ">-\n      folded\n      text", (20, 7), (22, 11)),
        ("spec.café", Some("café"), "au lait", (23, 9), (23, 16)),
        ("spec.number", Some("number"), "1.5", (24, 11), (24, 14)),
        ("spec.last", Some("last"), "~", (25, 9), (25, 10)),
    ];
    for (path, key, value, start, end) in table {
        let span = object.span(path).unwrap();
        assert_eq!(slice(&object, Some(span.clone())), Some(value), "{path}");
        assert_eq!((span.start.line, span.start.column), start, "{path}");
        assert_eq!(span.end, end, "{path}");
        assert_eq!(slice(&object, object.key_span(path)), key, "{path}");
    }
    assert_eq!(object.span("spec.missing"), None);
    assert_eq!(object.key_span("spec.missing"), None);
}

#[test]
fn the_same_extents_hold_with_carriage_returns_and_a_byte_order_mark() {
    let plain = object(POLICY);
    for text in [POLICY.replace('\n', "\r\n"), format!("\u{feff}{POLICY}")] {
        let other = object(&text);
        for path in
            ["", "metadata.name", "spec.plain", "spec.list[2].text", "spec.list[1]", "spec.café", "spec"]
        {
            let (a, b) = (plain.span(path).unwrap(), other.span(path).unwrap());
            assert_eq!((a.start, a.end), (b.start, b.end), "{path}");
            assert_eq!(
                slice(&plain, plain.span(path)).unwrap(),
                slice(&other, Some(other.span(path).unwrap())).unwrap().replace('\r', ""),
                "{path}"
            );
        }
    }
}

#[test]
fn entries_and_documents_have_ranges() {
    let object = object(POLICY);
    let entry = |path| &object.source().text[object.entry_range(path).unwrap()];
    assert_eq!(entry("spec.quoted"), "quoted: 'it''s'");
    assert_eq!(entry("spec.list[0]"), "1");
    assert_eq!(entry("metadata").lines().count(), 3);
    let document = &object.source().text[object.document_range()];
    assert!(document.starts_with("# the shop\n"));
    assert!(document.ends_with("last: ~\n"));
    let second = "kind: A\n---  \n# note\napiVersion: x/v1\nkind: B\nmetadata: {name: b}\n...\n";
    let parsed = crate::parse(second);
    let document = parsed.objects[0].document_range();
    assert_eq!(&second[document], "# note\napiVersion: x/v1\nkind: B\nmetadata: {name: b}\n");
}

#[test]
fn json_has_extents_too() {
    let text = r#"{"apiVersion": "v1", "kind": "ConfigMap",
 "metadata": {"name": "a"}, "data": {"k\u0065y": "x\ny", "none": ""}}"#;
    let object = object(text);
    let table =
        [("metadata", r#"{"name": "a"}"#), ("data.key", r#""x\ny""#), ("data.none", r#""""#), ("", text)];
    for (path, value) in table {
        assert_eq!(slice(&object, object.span(path)), Some(value), "{path}");
    }
    assert_eq!(slice(&object, object.key_span("data.key")), Some(r#""k\u0065y""#));
}

#[test]
fn aliases_stand_where_they_are_written() {
    let object = object(
        "apiVersion: x/v1\nkind: A\nmetadata: {name: a}\nspec:\n  a: &one\n    x: 1\n  b: *one\n  c: &two text\n  d: !!str 80\n  e:\n    <<: *one\n    z: 2\n",
    );
    let table =
        [("spec.b", "*one"), ("spec.c", "text"), ("spec.d", "80"), ("spec.e.x", "1"), ("spec.b.x", "1")];
    for (path, value) in table {
        assert!(slice(&object, object.span(path)).unwrap().ends_with(value), "{path}");
    }
    assert_eq!(object.value("spec.e").unwrap(), serde_json::json!({"x": 1, "z": 2}));
}

#[test]
fn any_value_can_be_read() {
    let object = object(POLICY);
    assert_eq!(object.value("spec.list[1]").unwrap(), serde_json::json!({"a": "b", "c": ["d", "e"]}));
    assert_eq!(object.value("spec.last").unwrap(), serde_json::Value::Null);
    assert_eq!(object.value("spec.nothing"), None);
    assert_eq!(object.text("spec.plain"), Some("several words on two lines"));
    assert_eq!(object.text("spec.number"), Some("1.5"));
    assert_eq!(object.text("spec.last"), None);
    assert_eq!(object.text("spec.list"), None);
    assert_eq!(object.count("spec.list"), 4);
    assert_eq!(object.count("spec"), 0);
    assert_eq!(object.keys("metadata"), ["name", "labels"]);
}
