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
