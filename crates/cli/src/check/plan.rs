//! What a check comes to: the command line over `netloom.toml` over the defaults.
use std::{
    fs,
    path::{Path, PathBuf},
};

use netloom_audit::{Closed, Rule, Selection, Settings, config::Config};
use netloom_objects::{Severity, list_files};

use super::{
    args::{Check, FailOn, Format},
    names::{below, normal},
};
use crate::load::Stop;

/// The file that is looked for.
const FILE: &str = "netloom.toml";

/// What a check comes to.
#[derive(Debug)]
pub struct Plan {
    pub output: Format,
    pub checklist: bool,
    pub fail_on: FailOn,
    pub settings: Settings,
    pub config: Config,
    /// The folder that the patterns of the configuration are seen from.
    pub folder: PathBuf,
    paths: Vec<PathBuf>,
    asked: Selection,
}

impl Plan {
    pub fn of(check: &Check) -> Result<Self, Stop> {
        if check.checklist && !matches!(check.output, Format::Text | Format::Json) {
            return Err(Stop::Because("--checklist is written as text, or with -o json".to_owned()));
        }
        let (config, folder) = configuration(check)?;
        let base = config.settings();
        let closed = match check.closed {
            true => Closed { everything: true, ..Closed::default() },
            false => base.closed,
        };
        let settings = Settings {
            kube_version: check.kube_version.unwrap_or(base.kube_version),
            istio_version: check.istio_version.unwrap_or(base.istio_version),
            gateway_api_version: check.gateway_api_version.unwrap_or(base.gateway_api_version),
            closed,
            cluster: check.cluster.over(&base.cluster).map_err(Stop::Because)?,
        };
        let configured = config.fail_on.map(|least| match least {
            Some(Severity::Error) => FailOn::Error,
            Some(Severity::Warning) => FailOn::Warning,
            Some(Severity::Info) => FailOn::Info,
            None => FailOn::Never,
        });
        Ok(Self {
            output: check.output,
            checklist: check.checklist,
            fail_on: check.fail_on.or(configured).unwrap_or_default(),
            settings,
            config,
            folder,
            paths: check.paths.clone(),
            asked: Selection { select: check.select.clone(), ignore: check.ignore.clone() },
        })
    }

    /// Whether a rule is wanted. `--select` goes over everything that the configuration says about rules.
    pub fn wants(&self, rule: &Rule) -> bool {
        self.asked.wants(rule) && (self.asked.asks_for(rule) || self.config.wants(rule))
    }

    /// The files: those named, and of folders those that are not excluded.
    pub fn files(&self) -> Result<Vec<PathBuf>, Stop> {
        let files = list_files(&self.paths)?.files;
        let excluded = |file: &Path| {
            !self.paths.iter().any(|named| named == file)
                && below(file, &self.folder).is_some_and(|path| self.config.exclude.matches(&path))
        };
        let kept: Vec<PathBuf> = files.into_iter().filter(|file| !excluded(file)).collect();
        if kept.is_empty() {
            return Err(Stop::Because(format!(
                "nothing to check: `exclude` in {} leaves out every file",
                self.folder.join(FILE).display()
            )));
        }
        Ok(kept)
    }
}

/// The configuration, and the folder that it is for.
fn configuration(check: &Check) -> Result<(Config, PathBuf), Stop> {
    let current = std::env::current_dir()?;
    if check.no_config {
        return Ok((Config::default(), current));
    }
    let path = match &check.config {
        Some(path) => path.clone(),
        None => {
            let first = check.paths.first().filter(|path| path.as_os_str() != "-");
            let start = normal(first.map_or(&current, |path| path));
            match start.ancestors().map(|folder| folder.join(FILE)).find(|path| path.is_file()) {
                Some(path) => path,
                None => return Ok((Config::default(), current)),
            }
        }
    };
    let text = fs::read_to_string(&path)
        .map_err(|error| Stop::Because(format!("{} cannot be read: {error}", path.display())))?;
    let config =
        Config::parse(&text).map_err(|error| Stop::Because(format!("{}:{error}", path.display())))?;
    let folder = normal(&path).parent().map_or(current, Path::to_path_buf);
    Ok((config, folder))
}
