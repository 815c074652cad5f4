//! Documents without indentation, against what they were.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be compared has to fail loudly")]
use std::{fs, path::Path};

use super::*;

fn flat(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", line.trim_start())).collect()
}

/// The objects of a text, the indentation of texts inside of them aside.
fn objects(text: &str) -> Vec<String> {
    let parsed = parse_source(&Source::new("a.yaml", text));
    let object = |o: &std::sync::Arc<crate::Object>| {
        let mut shown = format!("{} {} {:?}", o.api_version, o.reference, o.typed);
        while shown.contains("\\n ") {
            shown = shown.replace("\\n ", "\\n");
        }
        shown
    };
    parsed.objects.iter().map(object).collect()
}

fn restored(text: &str) -> Option<String> {
    restore(&Source::new("a.yaml", text)).map(|r| r.source.text.to_string())
}

#[test]
fn documents_get_their_indentation_back() {
    let documents =
        ["service", "ingress", "network-policy", "deployment", "corefile", "list", "http-route", "files"];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/reindent");
    for name in documents {
        let text = fs::read_to_string(folder.join(format!("{name}.yaml"))).unwrap();
        assert_eq!(restored(&flat(&text)).as_deref(), Some(&*text), "{name}");
        let windows = flat(&text).replace('\n', "\r\n");
        assert_eq!(restored(&windows).unwrap(), text.replace('\n', "\r\n"), "{name}");
        assert!(restored(&text).is_none(), "{name}: nothing is lost");
    }
}

#[test]
fn lines_keep_their_numbers_and_columns_are_known() {
    let text = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n---\n# the one\napiVersion: v1\nkind: Service\nmetadata:\n# its name\nname: a\n\nspec:\nports:\n- port: 80\ntargetPort: 8080\n--- # end\n";
    let restored = restore(&Source::new("a.yaml", text)).unwrap();
    assert_eq!(restored.documents, [5..=16]);
    let added: Vec<u32> = (1..=17).map(|line| restored.added(line)).collect();
    assert_eq!(added, [0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 0, 0, 2, 4, 6, 0]);
    assert_eq!(restored.document(16), Some(5..=16));
    assert_eq!(restored.document(17), None);
}

/// What several indentations could have been, and what none can have been.
#[test]
fn what_has_no_single_reading_is_left() {
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\nname: a\nspec:\ntemplate:\nspec:\ncontainers:\n- name: a\nimage: b\n";
    assert!(restored(deployment).is_some());
    let pod = "apiVersion: v1\nkind: Pod\nmetadata:\nname: a\nspec:\ncontainers:\n- name: a\n";
    let table = [
        // Of the container or of the pod.
        format!("{deployment}securityContext:\nrunAsNonRoot: true\n"),
        // A label or the name.
        "apiVersion: v1\nkind: Pod\nmetadata:\nname: a\nlabels:\napp: a\nnamespace: b\nspec:\nnodeName: a\n"
            .into(),
        // A field that is nowhere.
        format!("{deployment}colour: red\n"),
        // A value that fits nowhere.
        format!("{deployment}replicas: many\n"),
        // A text with an indentation of its own.
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\nname: a\ndata:\na.yaml: |\na:\nb: c\n".into(),
        // A comment of the text or of the document.
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\nname: a\ndata:\na.txt: |\nb\n# c\nd.txt: e\n".into(),
        // Braces that stay open.
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\nname: a\ndata:\nCorefile: |\n.:53 {\nerrors\n".into(),
        // A kind that is not known, and documents without their head.
        "apiVersion: a.b/v1\nkind: A\nmetadata:\nname: a\nspec:\nb: c\n".into(),
        "kind: Pod\nmetadata:\nname: a\n".into(),
        "apiVersion: v1\nkind: Pod\nmetadata:\nname: a\nspec:\n".into(),
        format!("{pod}  image: b\n"),
        format!("{pod}args: &a\n- b\n"),
        format!("{pod}image: b\rports:\r"),
    ];
    for text in table {
        assert_eq!(restored(&text), None, "{text}");
    }
}

#[test]
fn long_and_deep_documents_end() {
    let head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\nname: a\ndata:\n";
    let many: String = (0..1500).map(|i| format!("k{i}: a\n")).collect();
    assert!(restored(&format!("{head}{many}")).is_some());
    assert_eq!(restored(&format!("{head}{}", "a: b\n".repeat(20_000))), None);
    assert_eq!(restored(&format!("{head}a: |\n{}", "{\n".repeat(20_000))), None);
}

fn manifests(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            manifests(&path, found);
        } else if path.extension().is_some_and(|e| e == "yaml") {
            found.push(fs::read_to_string(&path).unwrap());
        }
    }
}

/// Never a wrong indentation.
#[test]
fn the_examples_come_back_as_they_were_or_not_at_all() {
    let mut texts = Vec::new();
    manifests(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples"), &mut texts);
    let (mut all, mut back) = (0, 0);
    for chunk in texts.iter().flat_map(|text| split(text)) {
        let before = objects(chunk.text);
        let flat = flat(chunk.text);
        let lost = split(&flat).first().is_some_and(|chunk| shape::flattened(*chunk).is_some());
        if before.is_empty() || before == objects(&flat) || !lost {
            continue;
        }
        all += 1;
        match restored(&flat) {
            Some(text) => {
                back += 1;
                assert_eq!(objects(&text), before, "{text}");
            }
            None if std::env::var_os("SHOW").is_some() => eprintln!("not restored:\n{flat}"),
            None => {}
        }
    }
    eprintln!("{back} of {all}");
    assert!(all > 30 && back * 4 > all * 3, "only {back} of {all} are restored");
}
