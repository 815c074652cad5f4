//! Namespaces: the declared ones, and those that objects are in.
use std::{collections::HashMap, sync::Arc};

use netloom_objects::{Object, ObjectRef};

use crate::{input::Input, model::Namespace};

/// Namespaces that every cluster has, declared or not.
const BUILTIN: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// The declared namespaces and those that objects are in.
pub fn namespaces(input: &Input, notes: &mut Vec<String>) -> Vec<Namespace> {
    let objects = &input.namespaces().objects;
    let declared: HashMap<&str, &Arc<Object>> = objects.iter().map(|o| (&*o.name, o)).collect();
    let names: Vec<&Arc<str>> = input.namespace_names().0.collect();
    let undeclared: Vec<&str> =
        names.iter().map(|n| &***n).filter(|n| !declared.contains_key(n) && !BUILTIN.contains(n)).collect();
    if !undeclared.is_empty() {
        notes.push(format!(
            "no Namespace objects for {}: their only label is kubernetes.io/metadata.name",
            undeclared.join(", ")
        ));
    }
    let namespace = |name: &Arc<str>| {
        let object = declared.get(&**name);
        let mut labels = object.map(|o| o.labels().clone()).unwrap_or_default();
        labels.insert("kubernetes.io/metadata.name".to_owned(), name.to_string());
        let origin: Option<Arc<ObjectRef>> = object.map(|o| o.reference.clone());
        Namespace { name: name.clone(), labels: Arc::new(labels), origin }
    };
    names.into_iter().map(namespace).collect()
}
