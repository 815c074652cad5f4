//! `netloom lsp`: what `netloom check` finds, in an editor.
use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use lsp_server::Connection;
use netloom_audit::Report;
use netloom_lsp::{Checked, Ended, Engine, Open, Trouble, serve};
use netloom_objects::{ObjectSet, Packaging, ReadError, Source, parse_sources, read_source};

use crate::{
    args::Packages,
    check::{NoPlan, Plan, Subjects, Wanted, hide, normal},
    load::Stop,
    progress::Progress,
    sets::{Cache, Sets, load},
};

/// What stands below the help.
pub const AFTER: &str = "\
An editor starts it and speaks the language server protocol over standard input and output. Each
workspace folder is checked as `netloom check FOLDER` does it, with what is being edited in the
place of what is on disk; a file outside of all folders is checked alone. Kustomizations and charts
are built as they are saved. The README has the configuration for several editors.

Examples:
  netloom lsp
  netloom lsp --closed            the manifests of a folder are all manifests of the cluster";

#[derive(Debug, Args)]
pub struct Lsp {
    #[command(flatten)]
    pub packages: Packages,
    #[command(flatten)]
    pub wanted: Wanted,
    /// What some editors say of every server
    #[arg(long, hide = true)]
    pub stdio: bool,
}

pub fn main(args: Lsp) -> Result<u8, Stop> {
    let (connection, threads) = Connection::stdio();
    let checks = Checks { wanted: args.wanted, packages: args.packages, roots: HashMap::new() };
    let ended = serve(&connection, Box::new(checks));
    drop(connection);
    match ended {
        Ended::InOrder => {
            threads.join()?;
            Ok(0)
        }
        Ended::OutOfOrder => Err(Stop::Because("the editor went away without ending the session".to_owned())),
    }
}

/// `netloom check` over folders, with what is unchanged kept from one check to the next.
struct Checks {
    wanted: Wanted,
    packages: Packages,
    roots: HashMap<PathBuf, Root>,
}

/// What is known of a root since it was checked last.
#[derive(Default)]
struct Root {
    cache: Cache,
    subjects: Subjects,
}

impl Engine for Checks {
    fn check(&mut self, root: &Path, open: &Open) -> Result<Checked, Trouble> {
        let plan = self.plan(root)?;
        let mut known = self.roots.remove(root).unwrap_or_default();
        known.cache = std::mem::take(&mut known.cache).for_editor(open);
        let read = self.read(root, &plan, open, &mut known.cache);
        let mut sets = match read {
            Ok(sets) => sets,
            Err(error) => {
                self.roots.insert(root.to_owned(), known);
                return Err(trouble(error));
            }
        };
        // An editor shows this server all the YAML there is.
        for set in &mut sets.all {
            set.sources.retain(|source| !source.is_foreign());
        }
        known.subjects = Subjects::of(sets, &self.packages.set).map_err(stopped)?;
        let (mut set, mut report) = known.subjects.look(&plan, &Progress::none());
        self.roots.insert(root.to_owned(), known);
        self.hide_known(&mut report)?;
        add_written(&mut set, open);
        Ok(Checked { set, report })
    }

    fn repair(&mut self, root: &Path, set: ObjectSet, file: &str) -> Result<Arc<str>, Trouble> {
        let plan = self.plan(root)?;
        let gone = || Trouble { message: format!("{file} is no manifest of {}", root.display()), at: None };
        let text =
            set.sources.iter().find(|source| &*source.source.name == file).map(|s| s.source.text.clone());
        let known = self.roots.get(root).ok_or_else(gone)?;
        let mut refused = None;
        let repaired = known.subjects.mended_file(&plan, file, &mut |report| {
            if let Err(trouble) = self.hide_known(report) {
                refused = Some(trouble);
                report.findings.clear();
            }
        });
        refused.map_or_else(|| repaired.or(text).ok_or_else(gone), Err)
    }
}

impl Checks {
    fn plan(&self, root: &Path) -> Result<Plan, Trouble> {
        Plan::of(&[root.to_owned()], &self.wanted).map_err(trouble)
    }

    fn hide_known(&self, report: &mut Report) -> Result<(), Trouble> {
        match &self.wanted.baseline {
            Some(baseline) => hide(baseline, report).map(drop).map_err(stopped),
            None => Ok(()),
        }
    }

    /// The sets of a root, with what is open and not on disk yet.
    fn read(&self, root: &Path, plan: &Plan, open: &Open, cache: &mut Cache) -> Result<Sets, NoPlan> {
        let mut request = plan.request(&self.packages, None);
        request.paths = vec![normal(root)];
        let is_part = |path: &Path| {
            let folders = path.ancestors().skip(1).take_while(|folder| folder.starts_with(root));
            folders.into_iter().any(|folder| Packaging::of(folder).is_some())
        };
        let unsaved = open.keys().filter(|path| !path.exists() && plan.takes(path) && !is_part(path));
        request.unsaved = unsaved.cloned().collect();
        match load(&request, &|file| plan.excludes(file), cache, &Progress::none()) {
            Ok(sets) => Ok(sets),
            // An editor is where the first manifest of a folder is written.
            Err(ReadError::EmptyFolder { .. } | ReadError::Missing { .. } | ReadError::Nothing) => {
                Ok(Sets::default())
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Adds the texts of the files that rendered lines come from: findings are shown there.
fn add_written(set: &mut ObjectSet, open: &Open) {
    let there: BTreeSet<String> = set.sources.iter().map(|source| source.source.name.to_string()).collect();
    let origins = set.sources.iter().filter_map(|source| source.source.name.origins());
    let names: BTreeSet<String> = origins
        .flat_map(|origins| &origins.files)
        .map(ToString::to_string)
        .filter(|file| !there.contains(file))
        .collect();
    let texts: Vec<Source> = names
        .iter()
        .filter_map(|name| match open.get(Path::new(name)) {
            Some(text) => Some(Source { name: (&**name).into(), text: text.clone() }),
            None => read_source(Path::new(name)).ok(),
        })
        .collect();
    set.sources.extend(parse_sources(&texts));
}

fn stopped(stop: Stop) -> Trouble {
    let message = match stop {
        Stop::Because(reason) => reason,
        Stop::Said => String::new(),
    };
    Trouble { message, at: None }
}

fn trouble(error: NoPlan) -> Trouble {
    let at = match &error {
        NoPlan::Config { path, error } => Some((normal(path), error.line, error.column)),
        _ => None,
    };
    let message = match error {
        NoPlan::Config { error, .. } => error.message,
        error => error.to_string(),
    };
    Trouble { message, at }
}
