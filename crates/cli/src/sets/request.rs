//! What a command says about its manifests.
use std::{
    fs,
    path::{Path, PathBuf},
};

use netloom_audit::{Version, config::Config};
use netloom_sets::{Configured, Given};

use crate::{
    args::{Packages, Reading},
    check::{configuration, normal},
    load::Stop,
};

/// What is read, and how.
#[derive(Clone, Debug)]
pub struct Request {
    pub paths: Vec<PathBuf>,
    pub packages: Packages,
    /// Where objects go that name no namespace.
    pub namespace: Option<String>,
    /// The sets of netloom.toml.
    pub configured: Vec<Configured>,
    /// What charts are rendered for.
    pub kube: Version,
    /// Manifests that an editor has, and that are on no disk yet.
    pub unsaved: Vec<PathBuf>,
}

impl Request {
    /// What a command other than `check` says.
    pub fn of(paths: &[PathBuf], reading: &Reading, namespace: Option<&str>) -> Result<Self, Stop> {
        let (config, folder) = configuration(paths, &reading.configuration)?;
        Ok(Self {
            paths: paths.to_vec(),
            packages: reading.packages.clone(),
            namespace: namespace.map(str::to_owned),
            configured: configured(&config, &folder),
            kube: config.kube_version.unwrap_or(Version::KUBERNETES),
            unsaved: Vec::new(),
        })
    }

    /// The same for other paths.
    pub fn at(&self, paths: &[PathBuf]) -> Self {
        Self { paths: paths.to_vec(), ..self.clone() }
    }

    /// What is given to every set that says nothing else.
    pub fn given(&self) -> Given {
        Given {
            values: self.packages.values.clone(),
            set_values: self.packages.set_value.clone(),
            namespace: self.namespace.clone(),
            ..Given::default()
        }
    }

    /// The configured sets that are there, at or below the paths.
    pub fn configured_here(&self) -> Vec<Configured> {
        let real = |path: &Path| fs::canonicalize(path).ok();
        let named: Vec<PathBuf> = self.paths.iter().filter_map(|path| real(path)).collect();
        let is_here =
            |path: &PathBuf| real(path).is_some_and(|real| named.iter().any(|n| real.starts_with(n)));
        self.configured
            .iter()
            .filter(|set| set.paths.iter().all(is_here))
            .map(|set| self.seen_here(set))
            .collect()
    }

    /// A configured set with its paths as they are named from the command's paths.
    fn seen_here(&self, set: &Configured) -> Configured {
        let seen = |path: &PathBuf| {
            let whole = normal(path);
            let below = self.paths.iter().find_map(|named| {
                let below = whole.strip_prefix(normal(named)).ok()?;
                Some(if below.as_os_str().is_empty() { named.clone() } else { named.join(below) })
            });
            below.unwrap_or_else(|| path.clone())
        };
        Configured { paths: set.paths.iter().map(seen).collect(), ..set.clone() }
    }
}

/// The sets of a configuration, their paths seen from the current folder: in another revision they are the same.
pub fn configured(config: &Config, folder: &Path) -> Vec<Configured> {
    let current = std::env::current_dir().unwrap_or_default();
    let here = |path: &PathBuf| {
        let whole = normal(&folder.join(path));
        match whole.strip_prefix(&current) {
            Ok(inner) if inner.as_os_str().is_empty() => PathBuf::from("."),
            Ok(inner) => inner.to_owned(),
            Err(_) => upwards(&whole, &current),
        }
    };
    let sets = config.sets.iter().map(|set| Configured {
        name: set.name.clone(),
        paths: set.paths.iter().map(here).collect(),
        given: Given {
            values: set.values.iter().map(here).collect(),
            set_values: set.set_values.clone(),
            release: set.release.clone(),
            namespace: set.namespace.clone(),
            kube_version: set.kube_version.map(|version| version.to_string()),
            ..Given::default()
        },
    });
    sets.collect()
}

/// A path that does not stand below a folder, seen from there.
fn upwards(path: &Path, folder: &Path) -> PathBuf {
    let shared = path.components().zip(folder.components()).take_while(|(a, b)| a == b).count();
    let steps = folder.components().count() - shared;
    (0..steps).map(|_| PathBuf::from("..")).chain([path.components().skip(shared).collect()]).collect()
}
