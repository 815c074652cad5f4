//! Manifests from kustomizations and Helm charts.
//!
//! kustomize and helm do the work. They run without the network, without the user's plugins and settings, for a bounded
//! time and with bounded output; what they make of the same inputs is kept. Each line of it knows where it comes from.
#![forbid(unsafe_code)]

mod apis;
mod cache;
mod documents;
mod environment;
mod generated;
mod helm;
mod inputs;
mod kustomization;
mod kustomize;
mod missing;
mod origin;
mod path;
mod program;
mod stage;
mod template;
mod trace;

pub use apis::defined as apis_of_definition;
pub use cache::Cache;

use std::{path::PathBuf, time::Duration};

use netloom_objects::{Packaging, Source};

/// How manifests are made of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// What the folder is.
    pub kind: Packaging,
    /// The folder, as it is named or found.
    pub folder: PathBuf,
    /// Values files of a chart, in the order in which they are given.
    pub values: Vec<PathBuf>,
    /// More values of a chart, as YAML; they go over the files.
    pub inline_values: Option<String>,
    /// Values of a chart in the form `key=value`; they go over all others.
    pub set_values: Vec<String>,
    /// The release of a chart; the chart's name where there is none.
    pub release: Option<String>,
    /// The namespace of a chart's release.
    pub namespace: Option<String>,
    /// The release of Kubernetes that a chart is rendered for, such as `(1, 36)`.
    pub kube_version: (u16, u16),
    /// What the cluster serves beside Kubernetes' own APIs: `group/version` and `group/version/Kind`.
    pub api_versions: Vec<String>,
    /// Whether remote bases and the dependencies of a chart may be fetched.
    pub remote: bool,
}

impl Recipe {
    /// The plainest way to make manifests of a folder.
    #[must_use]
    pub const fn new(kind: Packaging, folder: PathBuf) -> Self {
        Self {
            kind,
            folder,
            values: Vec::new(),
            inline_values: None,
            set_values: Vec::new(),
            release: None,
            namespace: None,
            kube_version: (1, 36),
            api_versions: Vec::new(),
            remote: false,
        }
    }
}

/// What bounds a rendering.
#[derive(Clone, Debug)]
pub struct Settings {
    /// After this a program is ended.
    pub deadline: Duration,
    /// A program that prints more bytes than this is ended.
    pub most_output: u64,
    /// Where manifests are kept that were made before; none for always making them anew.
    pub cache: Option<Cache>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(60), most_output: 256 << 20, cache: None }
    }
}

/// What came of a recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rendering {
    /// The manifests.
    Made {
        /// What was made, by the templates that it comes from.
        sources: Vec<Source>,
        /// What somebody should know of it, a sentence each.
        notes: Vec<String>,
    },
    /// The program is not installed.
    NoProgram,
    /// What is needed is not in the folder, and was not fetched; the first line is a sentence, the others say what to do.
    Missing(String),
    /// What the program said; the first line is a sentence.
    Failed(String),
}

/// Has manifests made. `progress` is told what takes long.
#[must_use]
pub fn render(recipe: &Recipe, settings: &Settings, progress: &dyn Fn(String)) -> Rendering {
    // What is fetched may be something else the next time.
    let cache = settings.cache.as_ref().filter(|_| !recipe.remote);
    let kept = cache.and_then(|cache| Some((cache, inputs::key(recipe)?)));
    if let Some((cache, key)) = &kept
        && let Some((sources, notes)) = cache.get(key, &recipe.folder)
    {
        return Rendering::Made { sources, notes };
    }
    let made = match recipe.kind {
        Packaging::Kustomization => kustomize::build(recipe, settings, progress),
        Packaging::Chart => helm::template(recipe, settings, progress),
    };
    if let (Some((cache, key)), Ok(made)) = (&kept, &made)
        && cache::may_be_kept(recipe, made)
        // An edit while it was made would be kept under the name of what was there before.
        && inputs::key(recipe).as_ref() == Some(key)
    {
        cache.put(key, &recipe.folder, made);
    }
    match made {
        Ok((sources, notes)) => Rendering::Made { sources, notes },
        Err(Refused::NoProgram) => Rendering::NoProgram,
        Err(Refused::Missing(what)) => Rendering::Missing(what),
        Err(Refused::Failed(reason)) => Rendering::Failed(reason),
    }
}

/// Why there are no manifests.
#[derive(Debug)]
enum Refused {
    NoProgram,
    Missing(String),
    Failed(String),
}

type Made = (Vec<Source>, Vec<String>);
