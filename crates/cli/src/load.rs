//! From a set to a World, with everything that is wrong on the way shown once.
use std::{
    collections::{BTreeSet, HashSet},
    io::IsTerminal as _,
    path::PathBuf,
    sync::Arc,
    time::Instant,
};

use netloom_cluster::{Builder, Built, Options};
use netloom_explain::{World, Worlds};
use netloom_objects::{
    Diagnostic, Location, ObjectSet, ParsedSource, ReadError, Severity, Source, render, visible,
};

use crate::{
    args::Reading,
    progress::Progress,
    sets::{Cache, LoadedSet, Request, Sets, load},
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

/// Finds and reads the sets of a command, and says what is deployed and was not read.
pub fn sets(request: &Request, progress: &Progress) -> Result<Sets, Stop> {
    let sets = load(request, &|_| false, &mut Cache::default(), progress)?;
    say(&sets.notes);
    Ok(sets)
}

/// Notes on standard error.
pub fn say(notes: &[String]) {
    for note in notes {
        anstream::eprintln!("\x1b[1;33mnote:\x1b[0m {}", visible(note));
    }
}

/// The sets; of folders that have no manifests any more there is nothing.
fn load_or_nothing(request: &Request, cache: &mut Cache) -> Result<Sets, ReadError> {
    let mut request = request.clone();
    loop {
        match load(&request, &|_| false, cache, &Progress::none()) {
            Err(ReadError::EmptyFolder { path }) if request.paths.contains(&path) => {
                request.paths.retain(|other| *other != path);
                if request.paths.is_empty() {
                    return Ok(Sets::default());
                }
            }
            loaded => return loaded,
        }
    }
}

/// The manifests of one set, and what was built of them.
pub struct Loaded {
    request: Request,
    /// The set.
    chosen: String,
    keep_going: bool,
    cache: Cache,
    folders: Vec<PathBuf>,
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

/// What was added or chosen, and what of the DNS servers' Corefiles is not done.
fn notes(built: Vec<String>, world: &World) -> Vec<String> {
    let servers = world.dns.node_local.iter().map(|server| &server.dns).chain([&world.dns.cluster]);
    let told = servers.flat_map(|dns| dns.notes()).map(|note| format!("{}: {}", note.at.at, note.text));
    built.into_iter().chain(told).collect()
}

impl Loaded {
    /// Reads and builds the one set that the paths have, or that is chosen; prints findings. Errors stop, unless
    /// `--keep-going`. `does` is the command.
    pub fn one(
        paths: &[PathBuf],
        reading: &Reading,
        namespace: Option<&str>,
        does: &str,
    ) -> Result<Self, Stop> {
        let options = reading.cluster.options().map_err(Stop::Because)?;
        let progress = Progress::start();
        let request = Request::of(paths, reading, namespace)?;
        let mut cache = Cache::default();
        let sets = load(&request, &|_| false, &mut cache, &progress)?;
        progress.finish();
        say(&sets.notes);
        let folders = sets.folders.clone();
        let one = sets.one(&request.packages.set, does)?;
        let chosen = one.set.name.clone();
        let mut builder = Builder::new(options.clone());
        let mut worlds = Worlds::default();
        let built = build_set(&mut builder, &one, reading.keep_going, &mut Shown::default())?;
        let sources = one.sources;
        let world = worlds.compile(built.snapshot);
        let notes = notes(built.notes, &world);
        let running = sources.clone();
        Ok(Self {
            request,
            chosen,
            keep_going: reading.keep_going,
            cache,
            folders,
            sources,
            running,
            options,
            builder,
            worlds,
            notes,
            world,
        })
    }

    /// The objects as they were read.
    pub fn objects(&self) -> ObjectSet {
        ObjectSet::assemble(self.sources.clone())
    }

    /// The manifests that are others than those which run.
    pub fn edited(&self) -> Vec<PathBuf> {
        let only = |one: &[Arc<ParsedSource>], other: &[Arc<ParsedSource>]| -> Vec<PathBuf> {
            let there: HashSet<*const ParsedSource> = other.iter().map(Arc::as_ptr).collect();
            let gone = one.iter().filter(|source| !there.contains(&Arc::as_ptr(source)));
            gone.map(|source| PathBuf::from(&*source.source.name)).collect()
        };
        [only(&self.running, &self.sources), only(&self.sources, &self.running)].concat()
    }

    /// The files and folders that edits are watched in.
    pub fn watched(&self) -> Vec<PathBuf> {
        let named = self.request.paths.iter().filter(|p| p.is_file());
        self.folders.iter().chain(named).cloned().collect()
    }

    /// Reads edited files (by their names and their real paths) again and builds the next World; none where no edit was of
    /// anything that is read. The old one stays if the input is broken now.
    pub fn reload(&mut self, changed: &BTreeSet<PathBuf>) -> Result<Option<&World>, Stop> {
        let begun = Instant::now();
        self.cache.forget(changed);
        let sets = load_or_nothing(&self.request, &mut self.cache)?;
        let set = if sets.all.is_empty() { None } else { Some(sets.again(&self.chosen)?) };
        let sources = set.as_ref().map(|set| set.sources.clone()).unwrap_or_default();
        tracing::debug!("read after {:?}", begun.elapsed());
        let same = |(new, old): (&Arc<ParsedSource>, &Arc<ParsedSource>)| Arc::ptr_eq(new, old);
        if sources.len() == self.sources.len() && sources.iter().zip(&self.sources).all(same) {
            return Ok(None);
        }
        let built = build(&mut self.builder, &sources, self.keep_going, &mut Shown::default())?;
        set.map_or(Ok(()), |set| set.refuse_gaps(self.keep_going))?;
        tracing::debug!("built after {:?}", begun.elapsed());
        self.sources = sources;
        self.world = self.worlds.compile(built.snapshot);
        self.notes = notes(built.notes, &self.world);
        tracing::debug!("compiled after {:?}", begun.elapsed());
        Ok(Some(&self.world))
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
        let sets = load(&self.request.at(paths), &|_| false, &mut Cache::default(), &Progress::none())?;
        let more = sets.all.into_iter().flat_map(|set| set.sources);
        let sources: Vec<Arc<ParsedSource>> = self.sources.iter().cloned().chain(more).collect();
        let built = build(&mut self.builder, &sources, self.keep_going, &mut Shown::default())?;
        self.world = self.worlds.compile(built.snapshot);
        Ok(&self.world)
    }
}

/// A set's objects, and the World that is built of them.
pub struct BuiltSet {
    pub objects: ObjectSet,
    pub world: World,
}

impl BuiltSet {
    pub fn of(set: &LoadedSet, options: &Options, keep_going: bool, shown: &mut Shown) -> Result<Self, Stop> {
        let built = build_set(&mut Builder::new(options.clone()), set, keep_going, shown)?;
        let objects = ObjectSet::assemble(set.sources.clone());
        Ok(Self { objects, world: Worlds::default().compile(built.snapshot) })
    }
}

/// Builds a set, and prints what is wrong with it. What could not be made of it stops, unless `--keep-going`: nothing would
/// be known of what is not there.
pub fn build_set(
    builder: &mut Builder,
    set: &LoadedSet,
    keep_going: bool,
    shown: &mut Shown,
) -> Result<Built, Stop> {
    let built = build(builder, &set.sources, keep_going, shown)?;
    set.refuse_gaps(keep_going)?;
    Ok(built)
}

/// What was shown already: a finding that two sets share is said once.
#[derive(Debug, Default)]
pub struct Shown(BTreeSet<(Location, String)>);

impl Shown {
    /// Those that were not shown, which are shown now.
    pub fn fresh(&mut self, found: Vec<Diagnostic>) -> Vec<Diagnostic> {
        found.into_iter().filter(|d| self.0.insert((d.at.written(), d.message.clone()))).collect()
    }
}

pub fn build(
    builder: &mut Builder,
    sources: &[Arc<ParsedSource>],
    keep_going: bool,
    shown: &mut Shown,
) -> Result<Built, Stop> {
    let set = ObjectSet::assemble(sources.to_vec());
    let built = builder.build(&set);
    let found: Vec<Diagnostic> = set.diagnostics().chain(&built.diagnostics).cloned().collect();
    show(&found, sources, shown);
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

fn show(found: &[Diagnostic], sources: &[Arc<ParsedSource>], shown: &mut Shown) {
    // What is only good to know would bury the rest.
    let worth = found.iter().filter(|d| d.severity != Severity::Info).cloned().collect();
    let worth = shown.fresh(worth);
    if worth.is_empty() {
        return;
    }
    let sources: Vec<Source> = sources.iter().map(|s| s.source.clone()).collect();
    eprint!("{}", render(&worth, &sources, std::io::stderr().is_terminal()));
}
