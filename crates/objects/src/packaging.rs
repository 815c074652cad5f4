//! Files that say how manifests are made, not what they are: kustomization.yaml and Chart.yaml.
use std::{path::Path, sync::Arc};

use crate::{
    Cause, Object, ObjectRef, Severity, Typed,
    findings::Findings,
    object::Place,
    tree::{NodeId, Tree, View},
};

/// Takes a document of such a file: it is kept as [`Typed::Other`], and what it would do is said.
pub(crate) fn take(
    tree: &Arc<Tree>,
    root: NodeId,
    findings: &mut Findings<'_>,
    objects: &mut Vec<Arc<Object>>,
) -> bool {
    let file = Path::new(&*tree.source().name).file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
    let api_version = tree.get_text(root, "apiVersion");
    let kustomize = matches!(&*file, "kustomization.yaml" | "kustomization.yml" | "Kustomization")
        || api_version.is_some_and(|v| v.starts_with("kustomize.config.k8s.io/"));
    let chart = matches!(&*file, "Chart.yaml" | "Chart.yml") && tree.get(root, "kind").is_none();
    let (api_version, kind) = match (kustomize, chart) {
        (true, _) => {
            kustomization(tree, root, findings);
            ("kustomize.config.k8s.io/v1beta1", "Kustomization")
        }
        (_, true) => {
            let message = "this is a Helm chart: its templates are not read".into();
            findings.add(
                (Severity::Warning, Cause::NotApplied),
                root,
                message,
                Some(crate::source::HELM.into()),
            );
            (api_version.unwrap_or("v2"), "HelmChart")
        }
        _ => return false,
    };
    let name: Arc<str> = tree.get_text(root, "name").unwrap_or(&tree.source().name).into();
    let kind: Arc<str> = kind.into();
    let at = tree.location(root);
    let reference = Arc::new(ObjectRef { kind: kind.clone(), namespace: None, name: name.clone(), at });
    objects.push(Arc::new(Object {
        api_version: api_version.into(),
        kind,
        namespace: None,
        name,
        typed: Typed::Other(Box::default()),
        reference,
        place: Place::new(tree.clone(), root, Vec::new(), Vec::new()),
    }));
    true
}

/// Only a kustomization that changes objects makes a difference to reading its files as they are.
fn kustomization(tree: &Tree, root: NodeId, findings: &mut Findings<'_>) {
    let View::Mapping(entries) = tree.view(root) else { return };
    let changes: Vec<&str> = entries
        .iter()
        .step_by(2)
        .filter_map(|key| tree.text(*key))
        .filter(|key| !matches!(*key, "apiVersion" | "kind" | "metadata" | "resources"))
        .collect();
    if changes.is_empty() {
        return;
    }
    let message =
        format!("this kustomization is not applied: its {} change nothing here", changes.join(", "));
    findings.add(
        (Severity::Warning, Cause::NotApplied),
        root,
        message,
        Some(crate::source::KUSTOMIZE.into()),
    );
}
