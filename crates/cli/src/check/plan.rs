//! What a check comes to: the command line over `netloom.toml` over the defaults.
use std::path::{Path, PathBuf};

use netloom_audit::Version;
use netloom_audit::{
    Closed, Report, Rule, Selection, Settings, audit,
    config::{Config, ConfigError},
};
use netloom_objects::{ObjectSet, ReadError, Severity, is_manifest};

use super::{
    args::{Check, FailOn, Wanted},
    names::{below, normal},
};
use crate::{
    args::{Configuration, Packages},
    progress::Progress,
    sets::{Cache, Request, Sets, configured, load},
};

/// The file that is looked for.
const FILE: &str = "netloom.toml";

/// Why nothing can be checked.
#[derive(Debug, thiserror::Error)]
pub enum NoPlan {
    #[error("{}:{error}", path.display())]
    Config { path: PathBuf, error: ConfigError },
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable { path: PathBuf, error: std::io::Error },
    #[error("the current folder is not known: {0}")]
    Nowhere(std::io::Error),
    #[error("{0}")]
    Cluster(String),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("nothing to check: `exclude` in {} leaves out every file", config.display())]
    AllExcluded { config: PathBuf },
    #[error(
        "nothing to check: {} holds parts of others alone (library charts, components, values); name what uses them, \
         or the folder that holds both", paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" ")
    )]
    OnlyParts { paths: Vec<PathBuf> },
}

/// What a check comes to.
#[derive(Debug)]
pub struct Plan {
    settings: Settings,
    config: Config,
    /// The folder that the patterns of the configuration are seen from.
    folder: PathBuf,
    paths: Vec<PathBuf>,
    asked: Selection,
}

impl Plan {
    pub fn of(paths: &[PathBuf], wanted: &Wanted) -> Result<Self, NoPlan> {
        let (config, folder) = configuration(paths, &wanted.configuration)?;
        let base = config.settings();
        let closed = match wanted.closed {
            true => Closed { everything: true, ..Closed::default() },
            false => base.closed,
        };
        let settings = Settings {
            kube_version: wanted.kube_version.unwrap_or(base.kube_version),
            istio_version: wanted.istio_version.unwrap_or(base.istio_version),
            gateway_api_version: wanted.gateway_api_version.unwrap_or(base.gateway_api_version),
            closed,
            cluster: wanted.cluster.over(&base.cluster).map_err(NoPlan::Cluster)?,
        };
        let asked = Selection { select: wanted.select.clone(), ignore: wanted.ignore.clone() };
        Ok(Self { settings, config, folder, paths: paths.to_vec(), asked })
    }

    /// What makes the exit status 1, where the command line says nothing about it.
    pub fn fail_on(&self) -> FailOn {
        match self.config.fail_on {
            Some(Some(Severity::Error)) => FailOn::Error,
            Some(Some(Severity::Warning)) => FailOn::Warning,
            Some(Some(Severity::Info)) => FailOn::Info,
            Some(None) => FailOn::Never,
            None => FailOn::default(),
        }
    }

    /// Whether a rule is wanted. `--select` goes over everything that the configuration says about rules.
    fn wants(&self, rule: &Rule) -> bool {
        self.asked.wants(rule) && (self.asked.asks_for(rule) || self.config.wants(rule))
    }

    /// What is read, and how.
    pub fn request(&self, packages: &Packages, namespace: Option<&str>) -> Request {
        Request {
            paths: self.paths.clone(),
            packages: packages.clone(),
            namespace: namespace.map(str::to_owned),
            configured: configured(&self.config, &self.folder),
            kube: self.settings.kube_version,
            unsaved: Vec::new(),
        }
    }

    /// What is deployed together, without what is excluded.
    pub fn sets(&self, check: &Check, progress: &Progress) -> Result<Sets, NoPlan> {
        let request = self.request(&check.packages, check.namespace.as_deref());
        let sets = load(&request, &|file| self.excludes(file), &mut Cache::default(), progress)?;
        if sets.all.is_empty() && self.config.exclude.is_empty() {
            return Err(NoPlan::OnlyParts { paths: self.paths.clone() });
        }
        if sets.all.is_empty() {
            return Err(NoPlan::AllExcluded { config: self.folder.join(FILE) });
        }
        Ok(sets)
    }

    /// Whether a file that is not there yet would be among [`Self::sets`].
    pub fn takes(&self, file: &Path) -> bool {
        let hidden = |path: &Path| path.iter().any(|part| part.as_encoded_bytes().starts_with(b"."));
        let inside = |path: &PathBuf| below(file, path).is_some_and(|inner| !hidden(&inner));
        is_manifest(file) && self.paths.iter().any(inside) && !self.excludes(file)
    }

    pub fn excludes(&self, file: &Path) -> bool {
        !self.paths.iter().any(|named| named == file)
            && below(file, &self.folder).is_some_and(|path| self.config.exclude.matches(&path))
    }

    /// What the wanted rules find in a set, as severe as is configured; `kube` is another release of Kubernetes that the
    /// set is for.
    pub fn look_for(&self, set: &ObjectSet, kube: Option<Version>) -> Report {
        let own = kube.map(|kube_version| Settings { kube_version, ..self.settings.clone() });
        let settings = own.as_ref().unwrap_or(&self.settings);
        let mut report = audit(set, settings, &|rule| self.wants(rule));
        self.config.apply(&mut report, &|file| below(Path::new(file), &self.folder));
        // What a program printed is not there to be repaired.
        for fix in report.findings.iter_mut().filter_map(|finding| finding.fix.as_mut()) {
            fix.safe &= !fix.edits.iter().any(|edit| edit.file.is_rendered());
        }
        report
    }
}

/// The configuration, and the folder that it is for.
pub fn configuration(paths: &[PathBuf], wanted: &Configuration) -> Result<(Config, PathBuf), NoPlan> {
    let current = std::env::current_dir().map_err(NoPlan::Nowhere)?;
    if wanted.no_config {
        return Ok((Config::default(), current));
    }
    let path = match &wanted.config {
        Some(path) => path.clone(),
        None => {
            let first = paths.first().filter(|path| path.as_os_str() != "-");
            let start = normal(first.map_or(&current, |path| path));
            match start.ancestors().map(|folder| folder.join(FILE)).find(|path| path.is_file()) {
                Some(path) => path,
                None => return Ok((Config::default(), current)),
            }
        }
    };
    let text = crate::texts::read(&path).map_err(|error| NoPlan::Unreadable { path: path.clone(), error })?;
    let config = Config::parse(&text).map_err(|error| NoPlan::Config { path: path.clone(), error })?;
    let folder = normal(&path).parent().map_or(current, Path::to_path_buf);
    Ok((config, folder))
}
