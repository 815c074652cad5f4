//! What a program is asked to make manifests of, and with what.
use std::{collections::BTreeMap, path::PathBuf};

use netloom_objects::Packaging;

/// A kustomization or a chart, with what is given to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Build {
    /// Whether it is a chart; else it is a kustomization.
    pub chart: bool,
    /// Its folder.
    pub folder: PathBuf,
    /// What is given to it.
    pub given: Given,
}

/// What is given from outside to manifests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Given {
    /// Values files of a chart, the later ones over the earlier ones.
    pub values: Vec<PathBuf>,
    /// Values over those of the files, as YAML.
    pub inline_values: Option<String>,
    /// `name=value` over all other values.
    pub set_values: Vec<String>,
    /// The name of the release.
    pub release: Option<String>,
    /// The namespace of a release, and of objects that name none.
    pub namespace: Option<String>,
    /// Whether objects that name another namespace are put there too.
    pub over_namespaces: bool,
    /// The release of Kubernetes, `1.33`.
    pub kube_version: Option<String>,
    /// What stands for `${NAME}` in the manifests; `None` where nothing is replaced.
    pub substitutions: Option<BTreeMap<String, String>>,
}

impl Build {
    /// A folder that a program reads.
    #[must_use]
    pub fn new(packaging: Packaging, folder: PathBuf, given: Given) -> Self {
        Self { chart: packaging == Packaging::Chart, folder, given }
    }

    /// The program that reads it.
    #[must_use]
    pub const fn packaging(&self) -> Packaging {
        if self.chart { Packaging::Chart } else { Packaging::Kustomization }
    }
}

impl Given {
    /// This over `base`: what is not said here is as it is there.
    #[must_use]
    pub fn over(mut self, base: &Self) -> Self {
        self.values.splice(0..0, base.values.iter().cloned());
        self.set_values.splice(0..0, base.set_values.iter().cloned());
        self.inline_values = self.inline_values.or_else(|| base.inline_values.clone());
        self.release = self.release.or_else(|| base.release.clone());
        if self.namespace.is_none() {
            self.namespace.clone_from(&base.namespace);
            self.over_namespaces = base.over_namespaces;
        }
        self.kube_version = self.kube_version.or_else(|| base.kube_version.clone());
        self.substitutions = self.substitutions.or_else(|| base.substitutions.clone());
        self
    }
}
