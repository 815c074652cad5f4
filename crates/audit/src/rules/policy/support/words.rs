//! How selectors, labels and groups are called, and the paths of their fields.
use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use netloom_cluster::{Operator, Selector};

use super::Group;
use crate::Context;

/// `app=web,tier in (a,b)`.
pub fn words(selector: &Selector) -> String {
    let one = |r: &netloom_cluster::Requirement| match &r.operator {
        Operator::In(values) if values.len() == 1 => format!("{}={}", r.key, values[0]),
        Operator::In(values) => format!("{} in ({})", r.key, values.join(",")),
        Operator::NotIn(values) => format!("{} notin ({})", r.key, values.join(",")),
        Operator::Exists => r.key.clone(),
        Operator::DoesNotExist => format!("!{}", r.key),
    };
    selector.requirements.iter().map(one).collect::<Vec<_>>().join(",")
}

/// Labels that controllers add to pods.
const ADDED: [&str; 4] = [
    "pod-template-hash",
    "controller-revision-hash",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
];

/// `app=web,tier=front`, without what controllers add.
pub fn label_words(labels: &BTreeMap<String, String>) -> String {
    let written = labels.iter().filter(|(key, _)| !ADDED.contains(&key.as_str()));
    written.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

/// What to call a group: its workload, or the labels that a policy names.
pub fn group_words(cx: &Context<'_>, group: &Group) -> String {
    match group.workload.map(|number| cx.workloads()[number].object) {
        Some(object) => format!("{} {}/{}", object.kind, group.namespace, object.name),
        None if group.stand_in => {
            format!("the pods {} of namespace {}", label_words(&group.labels), group.namespace)
        }
        None => format!("the pods {} in {}", label_words(&group.labels), group.namespace),
    }
}

/// A key of a label as paths write it.
pub fn escape(key: &str) -> String {
    key.replace('.', "\\.")
}

/// The path of a requirement of a label selector.
pub fn requirement_path(base: &str, selector: &LabelSelector, key: &str) -> String {
    if selector.match_labels.as_ref().is_some_and(|labels| labels.contains_key(key)) {
        return format!("{base}.matchLabels.{}", escape(key));
    }
    let expressions = selector.match_expressions.as_deref().unwrap_or_default();
    match expressions.iter().position(|e| e.key == key) {
        Some(index) => format!("{base}.matchExpressions[{index}]"),
        None => base.to_owned(),
    }
}
