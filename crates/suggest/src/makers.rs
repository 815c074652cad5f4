//! Service accounts that may make pods: operators, whose pods are in no manifest.
use std::collections::BTreeSet;

use netloom_objects::{Object, ObjectRef, ObjectSet};

use crate::units::namespace_of;

/// A service account that a binding allows to make pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Maker {
    /// The namespace in which it may.
    pub namespace: String,
    /// The namespace that the account is in, as the binding has it.
    pub home: String,
    /// Its name.
    pub account: String,
    /// What allows it.
    pub binding: ObjectRef,
}

/// All of them. One that may make pods everywhere makes them beside itself at least.
pub(crate) fn all(objects: &ObjectSet) -> Vec<Maker> {
    let roles: BTreeSet<(&str, Option<&str>, &str)> = objects
        .objects()
        .filter(|object| matches!(&*object.kind, "Role" | "ClusterRole") && makes_pods(object))
        .map(|role| (&*role.kind, own_namespace(role), &*role.name))
        .collect();
    let mut makers = Vec::new();
    for object in objects.objects().filter(|o| matches!(&*o.kind, "RoleBinding" | "ClusterRoleBinding")) {
        let (kind, name) = (object.text("roleRef.kind"), object.text("roleRef.name"));
        let (Some(kind), Some(name)) = (kind, name) else { continue };
        let of = if kind == "Role" { Some(namespace_of(object)) } else { None };
        // Roles that every cluster has, and with which whoever has them may do so.
        let usual = kind == "ClusterRole" && matches!(name, "cluster-admin" | "admin" | "edit");
        if !usual && !roles.contains(&(kind, of, name)) {
            continue;
        }
        for (home, account, binding) in accounts(object) {
            let namespace = match &*object.kind {
                "RoleBinding" => namespace_of(object).to_owned(),
                _ => home.clone(),
            };
            makers.push(Maker { namespace, home, account, binding });
        }
    }
    makers
}

fn own_namespace(role: &Object) -> Option<&str> {
    (&*role.kind == "Role").then(|| namespace_of(role))
}

/// The service accounts that a binding is about, with the line of each.
pub(crate) fn accounts(binding: &Object) -> Vec<(String, String, ObjectRef)> {
    let subject = |nth: usize| {
        let field = |name: &str| binding.text(&format!("subjects[{nth}].{name}"));
        let name = field("name").filter(|_| field("kind") == Some("ServiceAccount"))?;
        let namespace = field("namespace").or(binding.reference.namespace.as_deref())?;
        let at = (*binding.refer(&format!("subjects[{nth}]"))).clone();
        Some((namespace.to_owned(), name.to_owned(), at))
    };
    (0..binding.count("subjects")).filter_map(subject).collect()
}

/// Resources whose objects have pods.
const RESOURCES: [&str; 7] =
    ["pods", "deployments", "statefulsets", "daemonsets", "replicasets", "jobs", "cronjobs"];

fn makes_pods(role: &Object) -> bool {
    let texts = |path: String| {
        (0..role.count(&path)).filter_map(|nth| role.text(&format!("{path}[{nth}]"))).collect::<Vec<_>>()
    };
    (0..role.count("rules")).any(|nth| {
        let has = |list: &str, wanted: &[&str]| {
            texts(format!("rules[{nth}].{list}")).iter().any(|text| *text == "*" || wanted.contains(text))
        };
        has("verbs", &["create"]) && has("resources", &RESOURCES) && has("apiGroups", &["", "apps", "batch"])
    })
}
