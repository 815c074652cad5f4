//! `netloom lsp`: what `netloom check` finds, in an editor.
use std::{
    collections::HashMap,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use lsp_server::Connection;
use netloom_audit::{Report, repair};
use netloom_lsp::{Checked, Ended, Engine, Open, Trouble, serve};
use netloom_objects::{ObjectSet, ParsedSource, ReadError, Source, parse_sources, read_source};

use crate::{
    args::Packages,
    check::{NoPlan, Plan, Wanted, hide, normal},
    load::Stop,
};

/// What stands below the help.
pub const AFTER: &str = "\
An editor starts it and speaks the language server protocol over standard input and output. Each
workspace folder is checked as `netloom check FOLDER` does it, with what is being edited in the
place of what is on disk; a file outside of all folders is checked alone. The README has the
configuration for several editors.

Examples:
  netloom lsp
  netloom lsp --closed            the manifests of a folder are all manifests of the cluster";

#[derive(Debug, Args)]
pub struct Lsp {
    #[command(flatten)]
    pub wanted: Wanted,
    /// What some editors say of every server
    #[arg(long, hide = true)]
    pub stdio: bool,
}

pub fn main(args: Lsp) -> Result<u8, Stop> {
    let (connection, threads) = Connection::stdio();
    let ended = serve(&connection, Box::new(Checks { wanted: args.wanted, known: HashMap::new() }));
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
    /// The sources of each root as they were read last.
    known: HashMap<PathBuf, HashMap<PathBuf, Known>>,
}

/// A source as it was read.
struct Known {
    from: Origin,
    parsed: Arc<ParsedSource>,
}

/// Where a text comes from: while that is the same, so is the text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// An open document; its text is compared.
    Buffer,
    /// A file: device, number, length, and when it was changed.
    Disk([u64; 3], [i64; 4]),
}

impl Engine for Checks {
    fn check(&mut self, root: &Path, open: &Open) -> Result<Checked, Trouble> {
        let plan = self.plan(root)?;
        let mut sources = self.read(root, &plan, open)?;
        // An editor shows this server all the YAML there is.
        sources.retain(|source| !source.is_foreign());
        let set = ObjectSet::assemble(sources);
        let report = self.look(&plan, &set)?;
        Ok(Checked { set, report })
    }

    fn repair(&mut self, root: &Path, set: ObjectSet, file: &str) -> Result<Arc<str>, Trouble> {
        let plan = self.plan(root)?;
        let mut refused = None;
        let repaired = repair(set, |set| {
            let mut report = self.look(&plan, set).unwrap_or_else(|trouble| {
                refused = Some(trouble);
                Report::default()
            });
            // Only what stays inside of the file.
            for finding in &mut report.findings {
                finding.fix.take_if(|fix| fix.edits.iter().any(|edit| &*edit.file != file));
            }
            report
        });
        if let Some(trouble) = refused {
            return Err(trouble);
        }
        let source = repaired.set.sources.iter().find(|s| &*s.source.name == file);
        let gone = || Trouble { message: format!("{file} is no manifest of {}", root.display()), at: None };
        source.map(|s| s.source.text.clone()).ok_or_else(gone)
    }
}

impl Checks {
    fn plan(&self, root: &Path) -> Result<Plan, Trouble> {
        Plan::of(&[root.to_owned()], &self.wanted).map_err(trouble)
    }

    fn look(&self, plan: &Plan, set: &ObjectSet) -> Result<Report, Trouble> {
        let mut report = plan.look(set);
        if let Some(baseline) = &self.wanted.baseline {
            hide(baseline, &mut report).map_err(|stop| Trouble {
                message: match stop {
                    Stop::Because(reason) => reason,
                    Stop::Said => String::new(),
                },
                at: None,
            })?;
        }
        Ok(report)
    }

    /// The sources of a root: its files in their order, and behind them what is open and not on disk yet.
    fn read(&mut self, root: &Path, plan: &Plan, open: &Open) -> Result<Vec<Arc<ParsedSource>>, Trouble> {
        let listed = match plan.files(&Packages { no_render: true }) {
            Ok(files) => files,
            // An editor is where the first manifest of a folder is written.
            Err(
                NoPlan::Read(
                    ReadError::EmptyFolder { .. } | ReadError::Missing { .. } | ReadError::HelmChart { .. },
                )
                | NoPlan::AllExcluded { .. },
            ) => netloom_objects::FileList::default(),
            Err(error) => return Err(trouble(error)),
        };
        let real: HashMap<PathBuf, &PathBuf> =
            open.keys().filter_map(|path| Some((fs::canonicalize(path).ok()?, path))).collect();
        // An open document has the editor's name, also where a link leads to it.
        let mut files: Vec<PathBuf> = listed
            .files
            .into_iter()
            .zip(&listed.real)
            .map(|(file, there)| real.get(there).map_or_else(|| normal(&file), |path| (*path).clone()))
            .collect();
        let unsaved = |path: &&PathBuf| !path.exists() && plan.takes(path);
        files.extend(open.keys().filter(unsaved).cloned());
        let known = self.known.remove(root).unwrap_or_default();
        let mut kept: Vec<(Origin, Option<Arc<ParsedSource>>)> = Vec::with_capacity(files.len());
        let mut fresh: Vec<Source> = Vec::new();
        let mut there: Vec<&PathBuf> = Vec::with_capacity(files.len());
        for file in &files {
            let before = known.get(file);
            let (from, source) = match open.get(file) {
                Some(text) => {
                    let same = before.filter(|known| known.parsed.source.text == *text);
                    (
                        Origin::Buffer,
                        same.map_or_else(|| Err(named(file, text)), |known| Ok(known.parsed.clone())),
                    )
                }
                None => {
                    let Some(stamp) = stamp(file) else { continue };
                    match before.filter(|known| known.from == stamp) {
                        Some(known) => (stamp, Ok(known.parsed.clone())),
                        None => match read_source(file) {
                            Ok(source) => (stamp, Err(named(file, &source.text))),
                            // It went away since it was listed.
                            Err(ReadError::Missing { .. }) => continue,
                            Err(error) => return Err(trouble(error.into())),
                        },
                    }
                }
            };
            there.push(file);
            kept.push((from, source.map_err(|source| fresh.push(source)).ok()));
        }
        tracing::debug!("{}: {} files, {} to parse", root.display(), kept.len(), fresh.len());
        let mut parsed = parse_sources(&fresh).into_iter();
        let mut now = HashMap::with_capacity(kept.len());
        let mut sources = Vec::with_capacity(kept.len());
        for (file, (from, source)) in there.into_iter().zip(kept) {
            let Some(source) = source.or_else(|| parsed.next()) else { continue };
            now.insert(file.clone(), Known { from, parsed: source.clone() });
            sources.push(source);
        }
        self.known.insert(root.to_owned(), now);
        Ok(sources)
    }
}

fn named(file: &Path, text: &Arc<str>) -> Source {
    Source { name: file.to_string_lossy().into(), text: text.clone() }
}

fn stamp(file: &Path) -> Option<Origin> {
    let m = fs::metadata(file).ok()?;
    Some(Origin::Disk([m.dev(), m.ino(), m.len()], [m.mtime(), m.mtime_nsec(), m.ctime(), m.ctime_nsec()]))
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
