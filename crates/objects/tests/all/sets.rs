//! Several sources together.
use std::sync::Arc;

use netloom_objects::{ObjectSet, Source, Typed, parse_source};

fn set(texts: &[(&str, &str)]) -> ObjectSet {
    ObjectSet::assemble(texts.iter().map(|(n, t)| Arc::new(parse_source(&Source::new(n, t)))).collect())
}

#[test]
fn of_an_object_given_twice_the_last_is_taken() {
    let service = |port: u16| {
        format!("apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec: {{ports: [{{port: {port}}}]}}\n")
    };
    let elsewhere = service(3).replace("name: a", "name: a\n  namespace: b");
    let set = set(&[("1.yaml", &service(1)), ("2.yaml", &service(2)), ("3.yaml", &elsewhere)]);
    let ports: Vec<i32> = set
        .objects()
        .filter_map(|o| match &o.typed {
            Typed::Service(s) => Some(s.spec.as_ref()?.ports.as_ref()?[0].port),
            _ => None,
        })
        .collect();
    assert_eq!(ports, [2, 3]);
    insta::assert_snapshot!(set.render(false));
}

#[test]
fn the_same_kind_and_name_in_different_groups_are_two_objects() {
    let text = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 1}]}\n---\napiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: a}\n";
    let set = set(&[("a.yaml", text)]);
    assert_eq!(set.diagnostics().count(), 0);
    assert_eq!(set.objects().count(), 2);
}

#[test]
fn other_kinds_are_counted() {
    let text = "apiVersion: a.org/v1\nkind: B\nmetadata: {name: a}\n---\napiVersion: a.org/v1\nkind: B\nmetadata: {name: b}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n";
    let counts: Vec<String> =
        set(&[("a.yaml", text)]).other_kinds().iter().map(|((v, k), n)| format!("{n} {k} {v}")).collect();
    assert_eq!(counts, ["2 B a.org/v1"]);
}
