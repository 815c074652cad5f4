//! From paths to a World, with everything that is wrong on the way shown once.
use std::{
    collections::BTreeSet,
    io::IsTerminal as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use netloom_audit::Version;
use netloom_cluster::{Builder, Built, Options, Pending};
use netloom_explain::{World, Worlds};
use netloom_objects::{Diagnostic, FileList, ObjectSet, ParsedSource, Severity, Source, render};

use crate::{
    args::{Packages, Reading},
    inputs::{self, Input},
    progress::Progress,
};

/// Why a command cannot go on: said already, or to be said.
#[derive(Debug)]
pub enum Stop {
    /// To be printed.
    Because(String),
    /// Everything was printed.
    Said,
}

impl<E: std::error::Error> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Because(error.to_string())
    }
}

/// The manifests of a command, and what was built of them.
pub struct Loaded {
    paths: Vec<PathBuf>,
    packages: Packages,
    keep_going: bool,
    inputs: Vec<Input>,
    sources: Vec<Arc<ParsedSource>>,
    /// Those that the running network was made of.
    running: Vec<Arc<ParsedSource>>,
    options: Options,
    builder: Builder,
    worlds: Worlds,
    /// What netloom added or chose by itself.
    pub notes: Vec<String>,
    /// The World as it is.
    pub world: World,
}

impl Loaded {
    /// Reads and builds; prints findings. Errors stop, unless `--keep-going`.
    pub fn new(paths: &[PathBuf], reading: &Reading) -> Result<Self, Stop> {
        Self::with_options(paths, reading, reading.cluster.options().map_err(Stop::Because)?)
    }

    /// The same to ask about, and not to run: pods that no node takes are there too.
    pub fn to_analyse(paths: &[PathBuf], reading: &Reading) -> Result<Self, Stop> {
        let options = reading.cluster.options().map_err(Stop::Because)?;
        Self::with_options(paths, reading, Options { pending: Pending::Analysed, ..options })
    }

    fn with_options(paths: &[PathBuf], reading: &Reading, options: Options) -> Result<Self, Stop> {
        let progress = Progress::start();
        let inputs =
            inputs::read_new(&reading.packages.list(paths)?, |_, _| None, Version::KUBERNETES, &progress)?;
        progress.finish();
        let sources = sources_of(&inputs);
        let mut builder = Builder::new(options.clone());
        let mut worlds = Worlds::default();
        let built = build(&mut builder, &sources, reading.keep_going)?;
        let world = worlds.compile(built.snapshot);
        let (paths, packages, keep_going) = (paths.to_vec(), reading.packages.clone(), reading.keep_going);
        let running = sources.clone();
        Ok(Self {
            paths,
            packages,
            keep_going,
            inputs,
            sources,
            running,
            options,
            builder,
            worlds,
            notes: built.notes,
            world,
        })
    }

    /// The objects as they were read.
    pub fn objects(&self) -> ObjectSet {
        ObjectSet::assemble(self.sources.clone())
    }

    /// The files and folders that edits are watched in.
    pub fn watched(&self) -> Result<Vec<PathBuf>, Stop> {
        let list = self.packages.list(&self.paths)?;
        let named = self.paths.iter().filter(|p| p.is_file()).cloned();
        let used = list.packages.iter().flat_map(netloom_objects::Package::all_folders);
        Ok(list.folders.into_iter().chain(named).chain(used).collect())
    }

    /// Reads edited files (by their real paths) again and builds the next World. The old one stays if the input is
    /// broken now.
    pub fn reload(&mut self, changed: &BTreeSet<PathBuf>) -> Result<&World, Stop> {
        let begun = Instant::now();
        let list = self.packages.list(&self.paths)?;
        let known = |nth: usize, path: &Path| {
            let is_same = |input: &&Input| input.path == path;
            // An input mostly stands where it stood.
            let there = self.inputs.get(nth).filter(is_same);
            let known = there.or_else(|| self.inputs.iter().find(is_same))?;
            (!is_changed(&list, nth, changed)).then(|| known.clone())
        };
        let inputs = inputs::read_new(&list, known, Version::KUBERNETES, &Progress::none())?;
        let sources = sources_of(&inputs);
        tracing::debug!("read after {:?}", begun.elapsed());
        let built = build(&mut self.builder, &sources, self.keep_going)?;
        tracing::debug!("built after {:?}", begun.elapsed());
        self.inputs = inputs;
        self.sources = sources;
        self.notes = built.notes;
        self.world = self.worlds.compile(built.snapshot);
        tracing::debug!("compiled after {:?}", begun.elapsed());
        Ok(&self.world)
    }

    /// The network runs what was built last.
    pub fn applied(&mut self) {
        self.running.clone_from(&self.sources);
    }

    /// The network refused what was built last: the builder forgets it, with the addresses and places that it gave.
    pub fn refused(&mut self) {
        self.builder = Builder::new(self.options.clone());
        self.builder.build(&ObjectSet::assemble(self.running.clone()));
    }

    /// The World of these manifests with more of them on top.
    pub fn with(&mut self, paths: &[PathBuf]) -> Result<&World, Stop> {
        let more = inputs::read(&self.packages.list(paths)?, Version::KUBERNETES, &Progress::none())?;
        let sources: Vec<Arc<ParsedSource>> = self.sources.iter().cloned().chain(more).collect();
        let built = build(&mut self.builder, &sources, self.keep_going)?;
        self.world = self.worlds.compile(built.snapshot);
        Ok(&self.world)
    }
}

fn sources_of(inputs: &[Input]) -> Vec<Arc<ParsedSource>> {
    inputs.iter().flat_map(|input| input.sources.iter().cloned()).collect()
}

/// Whether an entry of a list has to be read again. Standard input never has.
fn is_changed(list: &FileList, nth: usize, changed: &BTreeSet<PathBuf>) -> bool {
    let (path, real) = (&list.files[nth], &list.real[nth]);
    match list.package(path) {
        Some(package) => package
            .all_folders()
            .iter()
            .filter_map(|folder| folder.canonicalize().ok())
            .any(|folder| changed.iter().any(|changed| changed.starts_with(&folder))),
        None => path.as_os_str() != "-" && changed.contains(real),
    }
}

pub fn build(builder: &mut Builder, sources: &[Arc<ParsedSource>], keep_going: bool) -> Result<Built, Stop> {
    let set = ObjectSet::assemble(sources.to_vec());
    let built = builder.build(&set);
    let found: Vec<Diagnostic> = set.diagnostics().chain(&built.diagnostics).cloned().collect();
    show(&found, sources);
    let errors = found.iter().filter(|d| d.severity == Severity::Error).count();
    if errors > 0 && !keep_going {
        let what = if errors == 1 {
            "an error; repair it".to_owned()
        } else {
            format!("{errors} errors; repair them")
        };
        return Err(Stop::Because(format!(
            "the input has {what}, or go on without the broken parts by --keep-going"
        )));
    }
    if set.objects().next().is_none() {
        anstream::eprintln!("\x1b[1;33mnote:\x1b[0m there are no Kubernetes objects in this input");
    }
    Ok(built)
}

fn show(found: &[Diagnostic], sources: &[Arc<ParsedSource>]) {
    // What is only good to know would bury the rest.
    let worth: Vec<Diagnostic> = found.iter().filter(|d| d.severity != Severity::Info).cloned().collect();
    if worth.is_empty() {
        return;
    }
    let sources: Vec<Source> = sources.iter().map(|s| s.source.clone()).collect();
    eprint!("{}", render(&worth, &sources, std::io::stderr().is_terminal()));
}
