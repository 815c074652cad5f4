//! Flux' Kustomization and HelmRelease.
use std::{collections::BTreeMap, path::Path, sync::Arc};

use netloom_objects::{Object, seen_from};
use serde_json::Value;

use super::{Claim, Claims, Found, Repository, list, scalar, text};
use crate::build::Given;

/// What is applied behind the build and changes more than images and labels.
const SHAPING: [&str; 4] = ["namePrefix", "nameSuffix", "patches", "components"];

pub(super) fn kustomization(
    object: &Object,
    all: &[Arc<Object>],
    repository: &Repository,
    claims: &mut Claims,
) {
    let Some(spec) = object.value("spec") else { return };
    let path = text(&spec, &["path"]).unwrap_or("./");
    let Some(folder) = repository.folder(path) else {
        let source = text(&spec, &["sourceRef", "name"]).unwrap_or("its source");
        return claims.note(object, &format!("its path {path} is not in this repository (but in {source}?)"));
    };
    let lacking: Vec<&str> = SHAPING.into_iter().filter(|key| spec.get(key).is_some()).collect();
    if !lacking.is_empty() {
        claims.note(object, &format!("its {} are not applied", lacking.join(", ")));
    }
    let namespace = text(&spec, &["targetNamespace"]).map(str::to_owned);
    let given = Given {
        over_namespaces: namespace.is_some(),
        namespace,
        substitutions: spec.get("postBuild").map(|post| substitutions(object, post, all, claims)),
        ..Given::default()
    };
    let found = Found { folder, recurse: true, include: None, exclude: None, given };
    let name = object.name.to_string();
    claims.claims.push(Claim { name, by: object.reference.clone(), sources: vec![found] });
}

/// `postBuild.substitute` over `substituteFrom`, whose ConfigMaps are looked for in the repository.
fn substitutions(
    object: &Object,
    post: &Value,
    all: &[Arc<Object>],
    claims: &mut Claims,
) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for from in list(post, &["substituteFrom"]) {
        let (kind, name) = (text(from, &["kind"]), text(from, &["name"]).unwrap_or_default());
        let is_it = |other: &&Arc<Object>| {
            Some(&*other.kind) == kind && &*other.name == name && other.namespace == object.namespace
        };
        match all.iter().find(is_it) {
            Some(source) if &*source.kind == "ConfigMap" => {
                let entries = source.value("data").and_then(|data| data.as_object().cloned());
                found.extend(entries.into_iter().flatten().filter_map(|(k, v)| Some((k, scalar(&v)?))));
            }
            _ if from.get("optional") == Some(&Value::Bool(true)) => {}
            _ => claims.note(
                object,
                &format!("what {} {name} substitutes is not known here", kind.unwrap_or("ConfigMap")),
            ),
        }
    }
    let own = post.get("substitute").and_then(Value::as_object).into_iter().flatten();
    found.extend(own.filter_map(|(k, v)| Some((k.clone(), scalar(v)?))));
    found
}

pub(super) fn helm_release(
    object: &Object,
    all: &[Arc<Object>],
    repository: &Repository,
    claims: &mut Claims,
) {
    let Some(spec) = object.value("spec") else { return };
    let chart = spec.get("chart").and_then(|chart| chart.get("spec")).unwrap_or(&Value::Null);
    let Some(path) = text(chart, &["chart"]) else {
        let reference = text(&spec, &["chartRef", "name"]).unwrap_or("its reference");
        return claims.note(object, &format!("its chart ({reference}) is not in this repository"));
    };
    let is_git = matches!(text(chart, &["sourceRef", "kind"]), Some("GitRepository" | "Bucket"));
    let folder = repository.folder(path).filter(|folder| is_git && folder.join("Chart.yaml").is_file());
    let Some(folder) = folder else {
        let from = text(chart, &["sourceRef", "name"]).unwrap_or("a registry");
        return claims.note(object, &format!("its chart {path} of {from} is not in this repository"));
    };
    let target = text(&spec, &["targetNamespace"]);
    let release = text(&spec, &["releaseName"]).map(str::to_owned);
    let default =
        || target.map_or_else(|| object.name.to_string(), |target| format!("{target}-{}", object.name));
    let files = list(chart, &["valuesFiles"]).iter().filter_map(Value::as_str);
    let given = Given {
        values: files.map(|file| seen_from(&root_of(&folder, path), file)).collect(),
        inline_values: merged_values(object, &spec, all, claims),
        release: Some(release.unwrap_or_else(default)),
        namespace: target.map(str::to_owned).or_else(|| object.namespace.as_deref().map(str::to_owned)),
        ..Given::default()
    };
    let found = Found { folder, recurse: false, include: None, exclude: None, given };
    let name = object.name.to_string();
    claims.claims.push(Claim { name, by: object.reference.clone(), sources: vec![found] });
}

/// The folder that `path` is seen from, where it leads to `folder`.
fn root_of(folder: &Path, path: &str) -> std::path::PathBuf {
    let steps = path.split('/').filter(|part| !matches!(*part, "" | ".")).count();
    (0..steps).fold(folder.to_owned(), |folder, _| seen_from(&folder, ".."))
}

/// `values`, over which ConfigMaps of `valuesFrom` cannot be merged: they are said.
fn merged_values(object: &Object, spec: &Value, all: &[Arc<Object>], claims: &mut Claims) -> Option<String> {
    for from in list(spec, &["valuesFrom"]) {
        let name = text(from, &["name"]).unwrap_or_default();
        let kind = text(from, &["kind"]).unwrap_or("ConfigMap");
        let known = all.iter().any(|other| &*other.kind == kind && &*other.name == name);
        let what = if known { "are not merged" } else { "are not known here" };
        claims.note(object, &format!("the values of {kind} {name} {what}"));
    }
    spec.get("values").filter(|values| !values.is_null()).map(ToString::to_string)
}
