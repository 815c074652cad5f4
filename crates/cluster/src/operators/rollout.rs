//! Argo Rollouts: a Rollout that takes its pod template from a Deployment.
use std::sync::Arc;

use netloom_objects::{
    Object, Typed,
    runner::{Form, PodGroup, Runner},
};

use super::parts::number;

/// The namespace and name of the Deployment that a Rollout refers to.
pub fn reference(object: &Object) -> Option<(&str, &str)> {
    let is_rollout = &*object.kind == "Rollout" && object.group() == "argoproj.io";
    let kind = is_rollout.then(|| object.text("spec.workloadRef.kind"))?;
    let name = object.text("spec.workloadRef.name").filter(|_| kind == Some("Deployment"))?;
    Some((object.reference.namespace.as_deref()?, name))
}

/// The Rollout with the template.
pub fn of_reference(of: &Object, others: &[Arc<Object>]) -> Vec<Arc<Object>> {
    let Some((namespace, name)) = reference(of) else { return Vec::new() };
    let deployment = others.iter().find_map(|other| match &other.typed {
        Typed::Deployment(deployment)
            if *other.name == *name && other.reference.namespace.as_deref() == Some(namespace) =>
        {
            deployment.spec.as_ref()
        }
        _ => None,
    });
    let Some(deployment) = deployment else { return Vec::new() };
    let group = PodGroup {
        path: "spec.workloadRef".to_owned(),
        part: None,
        name: of.name.to_string(),
        template: deployment.template.clone(),
        replicas: number(of, "spec.replicas").and_then(|count| i32::try_from(count).ok()),
        selector: Some(deployment.selector.clone()),
        form: Form::Serving,
    };
    let mut rollout = of.clone();
    rollout.typed = Typed::Runner(Box::new(Runner { metadata: of.metadata().clone(), groups: vec![group] }));
    vec![Arc::new(rollout)]
}
