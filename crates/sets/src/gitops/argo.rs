//! Argo CD's Application.
use std::path::PathBuf;

use netloom_objects::{Object, seen_from};
use serde_json::Value;

use super::{Claim, Claims, Found, Repository, list, scalar, text};
use crate::build::Given;

/// What kustomize is told by an Application and changes more than images and labels.
const SHAPING: [&str; 5] = ["namePrefix", "nameSuffix", "patches", "components", "replicas"];

pub(super) fn application(object: &Object, repository: &Repository, claims: &mut Claims) {
    if let Some(spec) = object.value("spec") {
        claim(object, &object.name, &spec, repository, claims);
    }
}

/// What the `spec` of an Application of this name claims.
pub(super) fn claim(object: &Object, name: &str, spec: &Value, repository: &Repository, claims: &mut Claims) {
    let several = list(spec, &["sources"]);
    let single = spec.get("source").map(std::slice::from_ref).unwrap_or_default();
    let mut sources = Vec::new();
    for source in if several.is_empty() { single } else { several } {
        match (text(source, &["path"]), text(source, &["chart"])) {
            (None, None) if text(source, &["ref"]).is_some() => {}
            (None, Some(chart)) => {
                let from = text(source, &["repoURL"]).unwrap_or("a registry");
                claims.note(object, &format!("its chart {chart} of {from} is not in this repository"));
            }
            (path, _) => {
                let path = path.unwrap_or(".");
                match repository.folder(path) {
                    Some(folder) => {
                        sources.push(found(object, name, spec, source, folder, repository, claims))
                    }
                    None => claims.note(object, &format!("its path {path} is not in this repository")),
                }
            }
        }
    }
    if !sources.is_empty() {
        claims.claims.push(Claim { name: name.to_owned(), by: object.reference.clone(), sources });
    }
}

fn found(
    object: &Object,
    name: &str,
    spec: &Value,
    source: &Value,
    folder: PathBuf,
    repository: &Repository,
    claims: &mut Claims,
) -> Found {
    let empty = Value::Null;
    let helm = source.get("helm").unwrap_or(&empty);
    let kustomize = source.get("kustomize").unwrap_or(&empty);
    let lacking: Vec<&str> = SHAPING.into_iter().filter(|key| kustomize.get(key).is_some()).collect();
    if !lacking.is_empty() {
        claims.note(object, &format!("its kustomize.{} is not applied", lacking.join(", kustomize.")));
    }
    let mut values = Vec::new();
    for file in list(helm, &["valueFiles"]).iter().filter_map(Value::as_str) {
        match value_file(file, &folder, repository) {
            Some(path)
                if path.is_file() || helm.get("ignoreMissingValueFiles") != Some(&Value::Bool(true)) =>
            {
                values.push(path);
            }
            Some(_) => {}
            None => claims.note(object, &format!("its values file {file} is not in this repository")),
        }
    }
    let written = helm.get("valuesObject").filter(|values| !values.is_null()).map(ToString::to_string);
    let parameters = list(helm, &["parameters"]).iter();
    let set_values = parameters.filter_map(|parameter| {
        Some(format!("{}={}", text(parameter, &["name"])?, scalar(parameter.get("value")?)?))
    });
    let namespace = text(kustomize, &["namespace"]);
    let given = Given {
        values,
        inline_values: written.or_else(|| text(helm, &["values"]).map(str::to_owned)),
        set_values: set_values.collect(),
        release: Some(text(helm, &["releaseName"]).unwrap_or(name).to_owned()),
        over_namespaces: namespace.is_some(),
        namespace: namespace
            .or_else(|| text(helm, &["namespace"]))
            .or_else(|| text(spec, &["destination", "namespace"]))
            .map(str::to_owned),
        kube_version: text(helm, &["kubeVersion"]).map(str::to_owned),
        substitutions: None,
    };
    let directory = |key: &str| text(source, &["directory", key]).map(str::to_owned);
    let recurse = source.get("directory").and_then(|directory| directory.get("recurse"));
    Found {
        folder,
        recurse: recurse == Some(&Value::Bool(true)),
        include: directory("include"),
        exclude: directory("exclude"),
        given,
    }
}

/// `values.yaml` beside the chart, `/values.yaml` or `$ref/values.yaml` in the repository.
fn value_file(file: &str, folder: &std::path::Path, repository: &Repository) -> Option<PathBuf> {
    if file.contains("://") {
        return None;
    }
    match file.strip_prefix('$') {
        Some(referred) => repository.file(referred.split_once('/')?.1),
        None if file.starts_with('/') => repository.file(file),
        None => Some(seen_from(folder, file)),
    }
}
