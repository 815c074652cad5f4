//! Names, namespaces, labels and annotations of any object.
use super::{
    Check,
    syntax::{Verdict, label_name, label_value, qualified_name, subdomain_name},
};
use crate::{
    Typed,
    kinds::is_namespaced,
    tree::{escape, shorten},
};

pub(super) fn check(check: &mut Check<'_, '_, '_>) {
    name(check);
    let object = check.object;
    if let Some(namespace) = &object.namespace {
        if let Some(fault) = label_name(namespace) {
            let message = format!("the namespace \"{}\" {fault}", shorten(namespace));
            check.error("metadata.namespace", message);
        }
        if object.typed.is_known() && !is_namespaced(&object.api_version, &object.kind) {
            let message = format!("a {} lives in no namespace; this one has no effect", object.kind);
            check.warning("metadata.namespace", message, "take the line away");
        }
    }
    labels(check, "metadata.labels", object.labels());
    for key in object.annotations().keys() {
        // The prefix of an annotation may be written in capitals.
        if let Some(fault) = qualified_name(&key.to_ascii_lowercase()) {
            let message = format!("the annotation key \"{}\" {fault}", shorten(key));
            check.error(format_args!("metadata.annotations.{}", escape(key)), message);
        }
    }
}

fn name(check: &mut Check<'_, '_, '_>) {
    let object = check.object;
    let rule: fn(&str) -> Verdict = match &object.typed {
        // The API server takes any name for a budget.
        Typed::Runner(_) | Typed::Other(_) | Typed::PodDisruptionBudget(_) => return,
        Typed::Namespace(_) | Typed::Service(_) | Typed::StatefulSet(_) => label_name,
        // Each pod of it has its name and number as its hostname.
        Typed::Job(job)
            if job.spec.as_ref().is_some_and(|s| s.completion_mode.as_deref() == Some("Indexed")) =>
        {
            label_name
        }
        _ => subdomain_name,
    };
    let path = if object.metadata().name.is_some() { "metadata.name" } else { "metadata.generateName" };
    if let Some(fault) = rule(&object.name) {
        let message = format!("the name \"{}\" of this {} {fault}", shorten(&object.name), object.kind);
        check.error(path, message);
    } else if matches!(object.typed, Typed::Service(_))
        && object.name.starts_with(|c: char| c.is_ascii_digit())
    {
        let message = "most versions of Kubernetes refuse a Service whose name begins with a digit";
        check.warning(path, message, "begin it with a letter");
    } else if matches!(object.typed, Typed::CronJob(_)) && object.name.len() > 52 {
        check.error(path, "the name of a CronJob must have at most 52 characters, as its Jobs get 11 more");
    }
}

/// Labels of an object, a template or a `matchLabels`.
pub(super) fn labels<'l>(
    check: &mut Check<'_, '_, '_>,
    path: &str,
    labels: impl IntoIterator<Item = (&'l String, &'l String)>,
) {
    for (key, value) in labels {
        if let Some(fault) = qualified_name(key) {
            let message = format!("the label key \"{}\" {fault}", shorten(key));
            check.error(format_args!("{path}.{}", escape(key)), message);
        }
        if let Some(fault) = label_value(value) {
            let message = format!("the label value \"{}\" {fault}", shorten(value));
            check.error(format_args!("{path}.{}", escape(key)), message);
        }
    }
}
