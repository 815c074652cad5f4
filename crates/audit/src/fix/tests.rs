//! Edits of texts in block style and in flow style.
use netloom_objects::{Source, parse_source};

use super::*;
use crate::repair::apply;

fn edited(text: &str, draft: impl Fn(&Object) -> Draft) -> Option<String> {
    let parsed = parse_source(&Source::new("a.yaml", text));
    let fix: Option<Fix> = draft(&parsed.objects[0]).into();
    fix.map(|fix| apply(text, &fix.edits.iter().collect::<Vec<_>>()))
}

const BLOCK: &str = "\
apiVersion: v1
kind: Service
metadata:
  name: web # its name
spec:
  ports:
    - port: 80 # in clear
      protocol: TCP
    - port: 443
  selector:
    app: web
";

#[test]
fn entries_and_items_in_block_style() {
    type Step = fn(&Object) -> Draft;
    let cases: [(&str, Step, &str, &str); 7] = [
        ("set", |o| Fix::safe("").set(o, "spec.ports[1].port", "8443"), "- port: 443", "- port: 8443"),
        ("rename", |o| Fix::safe("").rename(o, "spec.selector.app", "tier"), "    app: web", "    tier: web"),
        (
            "first",
            |o| Fix::safe("").insert_first(o, "spec.ports[0]", "name", "http"),
            "    - port: 80 # in clear",
            "    - name: http\n      port: 80 # in clear",
        ),
        (
            "last",
            |o| Fix::safe("").insert_last(o, "metadata", "labels", "\napp: web"),
            "  name: web # its name",
            "  name: web # its name\n  labels:\n    app: web",
        ),
        (
            "append",
            |o| Fix::safe("").append(o, "spec.ports", "name: dns\nport: 53"),
            "    - port: 443",
            "    - port: 443\n    - name: dns\n      port: 53",
        ),
        ("remove entry", |o| Fix::safe("").remove(o, "spec.ports[0].protocol"), "      protocol: TCP\n", ""),
        ("remove item", |o| Fix::safe("").remove(o, "spec.ports[1]"), "    - port: 443\n", ""),
    ];
    for (name, step, from, to) in cases {
        assert_eq!(edited(BLOCK, step).unwrap(), BLOCK.replace(from, to), "{name}");
    }
}

#[test]
fn entries_and_items_in_flow_style() {
    let text = "apiVersion: v1\nkind: Service\nmetadata: {name: web, labels: {a: b}}\nspec: {ports: [{port: 80, protocol: TCP}, {port: 81}]}\n";
    type Step = fn(&Object) -> Draft;
    let cases: [(&str, Step, &str, &str); 6] = [
        (
            "first",
            |o| Fix::safe("").insert_first(o, "spec.ports[1]", "name", "b"),
            "{port: 81}",
            "{name: b, port: 81}",
        ),
        (
            "last",
            |o| Fix::safe("").insert_last(o, "spec.ports[1]", "name", "b"),
            "{port: 81}",
            "{port: 81, name: b}",
        ),
        (
            "append",
            |o| Fix::safe("").append(o, "spec.ports", "{port: 82}"),
            "{port: 81}]",
            "{port: 81}, {port: 82}]",
        ),
        ("remove last", |o| Fix::safe("").remove(o, "spec.ports[0].protocol"), ", protocol: TCP", ""),
        ("remove first", |o| Fix::safe("").remove(o, "spec.ports[0]"), "{port: 80, protocol: TCP}, ", ""),
        ("remove middle", |o| Fix::safe("").remove(o, "metadata.name"), "name: web, ", ""),
    ];
    for (name, step, from, to) in cases {
        assert_eq!(edited(text, step).unwrap(), text.replace(from, to), "{name}");
    }
}

#[test]
fn what_would_leave_an_empty_collection_is_no_repair() {
    assert_eq!(edited(BLOCK, |o| Fix::safe("").remove(o, "spec.selector.app")), None);
    assert_eq!(edited(BLOCK, |o| Fix::safe("").remove(o, "spec.selector.tier")), None);
    assert_eq!(edited(BLOCK, |o| Fix::safe("").set(o, "spec.type", "ClusterIP")), None);
}

#[test]
fn texts_keep_their_quotes_and_get_some_where_they_need_them() {
    let text = "apiVersion: v1\nkind: Service\nmetadata: {name: 'web', labels: {a: \"x\", b: y, c: y}}\n";
    let set = |path: &'static str, to: &'static str| {
        edited(text, move |o| Fix::safe("").set_text(o, path, to)).unwrap()
    };
    assert_eq!(set("metadata.name", "it's"), text.replace("'web'", "'it''s'"));
    assert_eq!(set("metadata.labels.a", "q\"q"), text.replace("\"x\"", "\"q\\\"q\""));
    for (to, written) in [("z", "z"), ("/a-b", "/a-b"), ("on", "\"on\""), ("1", "\"1\""), ("a b", "\"a b\"")]
    {
        assert_eq!(set("metadata.labels.b", to), text.replace("b: y", &format!("b: {written}")));
    }
}

#[test]
fn parts_of_texts_and_words_of_lines() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata:\n  u: http://ä:80/x:8080\n  f: |\n    one\n    two 1 # c\n";
    let within =
        |part: &'static str| edited(text, move |o| Fix::safe("").replace_within(o, "data.u", part, ":81"));
    assert_eq!(within(":80"), Some(text.replace(":80/", ":81/")), "`:8080` is another port");
    assert_eq!(within(":8"), None, "nothing is called so");
    assert_eq!(within("/"), None, "there are several");
    let place = |line, column| Location { file: "a.yaml".into(), line, column };
    let two = edited(text, |o| Fix::safe("").replace_at(o, &place(8, 5), "two", "three"));
    assert_eq!(two, Some(text.replace("two", "three")));
    assert_eq!(edited(text, |o| Fix::safe("").replace_at(o, &place(8, 6), "two", "three")), None);
    let gone = edited(text, |o| Fix::safe("").remove_line_at(o, &place(8, 5)));
    assert_eq!(gone, Some(text.replace("    two 1 # c\n", "")));
    assert_eq!(edited(text, |o| Fix::safe("").remove_line_at(o, &place(8, 9))), None);
}

#[test]
fn what_would_be_left_empty_goes_too() {
    let text = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  annotations:\n    a/b.c: d # why\n";
    let gone = edited(text, |o| Fix::safe("").remove_all(o, r"metadata.annotations.a/b\.c"));
    assert_eq!(gone, Some(text.replace("  annotations:\n    a/b.c: d # why\n", "")));
    let items = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  x: [[a], [b, c]]\n";
    let gone = edited(items, |o| Fix::safe("").remove_all(o, "spec.x[0][0]"));
    assert_eq!(gone, Some(items.replace("[a], ", "")));
}

#[test]
fn mappings_are_appended_as_the_others_are_written() {
    let append = |text: &str| {
        edited(text, |o| {
            Fix::safe("").append_mapping(o, "spec.ports", &[("protocol", "TCP"), ("port", "53")])
        })
    };
    let text = |ports: &str| {
        format!("apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec:\n  ports:{ports}\n")
    };
    for (before, after) in [
        (" [{port: 53}]", " [{port: 53}, {protocol: TCP, port: 53}]"),
        ("\n  - port: 53", "\n  - port: 53\n  - protocol: TCP\n    port: 53"),
        ("\n    - {port: 53} # c", "\n    - {port: 53} # c\n    - {protocol: TCP, port: 53}"),
    ] {
        assert_eq!(append(&text(before)), Some(text(after)));
    }
}
