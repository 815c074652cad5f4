//! What GitOps objects of the repository deploy: Argo CD's Applications and ApplicationSets, Flux' Kustomizations and
//! HelmReleases. Each whose path or chart is in the repository claims it, with what it gives to it.
mod application_set;
mod argo;
mod flux;
mod repository;
#[cfg(test)]
mod tests;

pub use repository::Repository;

use std::{path::PathBuf, sync::Arc};

use netloom_objects::{Object, ObjectRef};
use serde_json::Value;

use crate::build::Given;

/// What one GitOps object deploys from the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The name of the set: that of the Application, or of the object.
    pub name: String,
    /// The object.
    pub by: Arc<ObjectRef>,
    /// What it takes, in order.
    pub sources: Vec<Found>,
}

/// A folder that a GitOps object deploys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The folder.
    pub folder: PathBuf,
    /// Whether the folders below it are read too, where it holds plain manifests.
    pub recurse: bool,
    /// The files that are read, where it holds plain manifests; all where it is empty.
    pub include: Option<String>,
    /// The files that are not.
    pub exclude: Option<String>,
    /// What is given.
    pub given: Given,
}

/// What the GitOps objects among some objects claim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// In the order of the objects.
    pub claims: Vec<Claim>,
    /// What they deploy and is not judged, with the reason.
    pub notes: Vec<String>,
}

impl Claims {
    /// Looks through objects. `all` are those that may hold values for others.
    #[must_use]
    pub fn of(objects: &[Arc<Object>], all: &[Arc<Object>], repository: &Repository) -> Self {
        let mut claims = Self::default();
        for object in objects {
            match (object.group(), &*object.kind) {
                ("argoproj.io", "Application") => argo::application(object, repository, &mut claims),
                ("argoproj.io", "ApplicationSet") => application_set::expand(object, repository, &mut claims),
                ("kustomize.toolkit.fluxcd.io", "Kustomization") => {
                    flux::kustomization(object, all, repository, &mut claims);
                }
                ("helm.toolkit.fluxcd.io", "HelmRelease") => {
                    flux::helm_release(object, all, repository, &mut claims);
                }
                _ => {}
            }
        }
        claims
    }

    fn note(&mut self, object: &Object, what: &str) {
        self.notes.push(format!("{} {} ({}): {what}", object.kind, object.name, object.reference.at));
    }
}

/// Whether an object says what is deployed, and runs and publishes nothing itself.
#[must_use]
pub fn is_wiring(object: &Object) -> bool {
    let group = object.group();
    group.ends_with(".toolkit.fluxcd.io")
        || (group == "argoproj.io"
            && matches!(&*object.kind, "Application" | "ApplicationSet" | "AppProject"))
}

/// The text at a path of keys.
fn text<'v>(value: &'v Value, path: &[&str]) -> Option<&'v str> {
    let found = path.iter().try_fold(value, |value, key| value.get(key))?;
    found.as_str().filter(|text| !text.is_empty())
}

/// A scalar as it would be written.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(bool) => Some(bool.to_string()),
        _ => None,
    }
}

/// The items of the list at a path of keys.
fn list<'v>(value: &'v Value, path: &[&str]) -> &'v [Value] {
    let found = path.iter().try_fold(value, |value, key| value.get(key));
    found.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
