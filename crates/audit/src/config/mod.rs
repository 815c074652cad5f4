//! The configuration file `netloom.toml`.
mod file;
mod paths;

pub use paths::Patterns;

use std::path::PathBuf;

use netloom_cluster::Options;
use netloom_objects::Severity;

use crate::{Closed, Finding, Report, Rule, Selection, Selector, Settings, Version, most_specific};

/// The severity that a rule's findings get; `None` for off.
pub type Level = Option<Severity>;

/// What `netloom.toml` says.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Which rules are wanted.
    pub selection: Selection,
    /// The least severity that is a failure: an outer `None` where nothing is said, an inner one for `never`.
    pub fail_on: Option<Option<Severity>>,
    /// `kube-version`.
    pub kube_version: Option<Version>,
    /// `istio-version`.
    pub istio_version: Option<Version>,
    /// `gateway-api-version`.
    pub gateway_api_version: Option<Version>,
    /// What of the cluster the manifests are.
    pub closed: Closed,
    /// Files of walked folders that are left out.
    pub exclude: Patterns,
    /// Severities by rule.
    pub severity: Vec<(Selector, Level)>,
    /// What holds for some files only.
    pub paths: Vec<ForPaths>,
    /// How the cluster is laid out.
    pub cluster: Options,
    /// What is deployed together, where that is said.
    pub sets: Vec<SetOf>,
}

/// A `[[set]]`: what is deployed together, and what is given to it. Paths are seen from the folder of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetOf {
    /// Its name.
    pub name: Option<String>,
    /// Charts, kustomizations, folders or files.
    pub paths: Vec<PathBuf>,
    /// Values files of its charts, the later ones over the earlier ones.
    pub values: Vec<PathBuf>,
    /// `key=value` over the values of the files.
    pub set_values: Vec<String>,
    /// The name of the release.
    pub release: Option<String>,
    /// The namespace of the release, and of objects that name none.
    pub namespace: Option<String>,
    /// The release of Kubernetes that it is for.
    pub kube_version: Option<Version>,
}

/// What holds for some files only.
#[derive(Clone, Debug, Default)]
pub struct ForPaths {
    /// The files.
    pub paths: Patterns,
    /// Rules that are not wanted there.
    pub ignore: Vec<Selector>,
    /// Severities by rule.
    pub severity: Vec<(Selector, Level)>,
}

/// The file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct ConfigError {
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
    /// What is wrong, and what was probably meant.
    pub message: String,
}

impl Config {
    /// Reads the file.
    ///
    /// # Errors
    /// When it is no TOML, or has a key, a rule or a value that there is not.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        file::read(text)
    }

    /// What it says about the cluster.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let defaults = Settings::default();
        Settings {
            kube_version: self.kube_version.unwrap_or(defaults.kube_version),
            istio_version: self.istio_version.unwrap_or(defaults.istio_version),
            gateway_api_version: self.gateway_api_version.unwrap_or(defaults.gateway_api_version),
            closed: self.closed.clone(),
            cluster: self.cluster.clone(),
        }
    }

    /// Whether a rule is wanted anywhere.
    #[must_use]
    pub fn wants(&self, rule: &Rule) -> bool {
        self.selection.wants(rule) && most_specific(&self.severity, rule) != Some(&None)
    }

    /// Gives findings the severities that are configured, and takes out those that are off where they are. `path`
    /// gives the path of a file, seen from the folder of the configuration; none where it is not below it.
    pub fn apply(&self, report: &mut Report, path: &dyn Fn(&str) -> Option<PathBuf>) {
        if self.severity.is_empty() && self.paths.is_empty() {
            return;
        }
        let excused = &mut report.excused;
        report.findings.retain_mut(|finding| {
            let wanted = self.judge(finding, path);
            if !wanted {
                *excused.entry(finding.rule.code).or_default() += 1;
            }
            wanted
        });
    }

    /// Gives a finding its severity. Whether it is wanted where it is.
    fn judge(&self, finding: &mut Finding, path: &dyn Fn(&str) -> Option<PathBuf>) -> bool {
        if let Some(Some(severity)) = most_specific(&self.severity, finding.rule) {
            finding.severity = *severity;
        }
        // What was made of a folder is in the folder, and where it was written too.
        let origin = finding.at.origin().and_then(|origin| path(&origin.file));
        let places: Vec<PathBuf> = path(&finding.at.file).into_iter().chain(origin).collect();
        let is_in = |part: &&ForPaths| places.iter().any(|path| part.paths.matches(path));
        for part in self.paths.iter().filter(is_in) {
            if part.ignore.iter().any(|selector| selector.names(finding.rule)) {
                return false;
            }
            match most_specific(&part.severity, finding.rule) {
                Some(Some(severity)) => finding.severity = *severity,
                Some(None) => return false,
                None => {}
            }
        }
        true
    }
}
