//! WL020: one namespace, declared twice with different labels.
use std::collections::HashMap;

use netloom_objects::{Object, Severity};

use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "WL020",
    name: "namespace-declared-twice",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A Namespace that two documents declare with different labels.",
    why: "Labels of a namespace decide who may reach it, whether a mesh injects into it, and which pods it admits. \
          Applied one after the other the two documents take turns, and what holds depends on who was last.",
    wrong: "\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels:
    team: shop
---
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels:
    team: shop
    pod-security.kubernetes.io/enforce: restricted
",
    right: "\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels:
    team: shop
    pod-security.kubernetes.io/enforce: restricted
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut first: HashMap<&str, &Object> = HashMap::new();
    // The set itself keeps only the last of them.
    for object in cx.set.sources.iter().flat_map(|source| &source.objects) {
        if &*object.kind != "Namespace" || &*object.api_version != "v1" {
            continue;
        }
        let Some(earlier) = first.insert(&object.name, object) else { continue };
        let mut keys: Vec<&String> = earlier.labels().keys().chain(object.labels().keys()).collect();
        keys.sort();
        keys.dedup();
        let differs = |key: &&&String| earlier.labels().get(**key) != object.labels().get(**key);
        let different: Vec<String> = keys.iter().filter(differs).map(|key| format!("`{key}`")).collect();
        if different.is_empty() {
            continue;
        }
        let message = format!(
            "Namespace {} is declared twice, and the two disagree about {}",
            object.name,
            crate::words::list_of(&different)
        );
        out.add(earlier, "metadata.name", message).help("declare it once, with all of its labels").related(
            object,
            "metadata.name",
            "and here",
        );
    }
}
