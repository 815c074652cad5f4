//! From paths to sets, each with its sources.
use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
};

use netloom_objects::{Object, ParsedSource, ReadError, Source, parse_source};
use netloom_sets::{
    Arrangement, Build, Claims, Given, How, Member, Part, Plain, Repository, Set, Survey, is_wiring,
    substitute, variants,
};

use super::{
    Cache, Request,
    make::{make, placed, real},
};
use crate::progress::Progress;

/// A set, read.
#[derive(Clone, Debug)]
pub struct LoadedSet {
    pub set: Set,
    pub sources: Vec<Arc<ParsedSource>>,
    /// Whether a part of it could not be built.
    pub failed: bool,
}

/// Everything that is deployed from some paths.
#[derive(Clone, Debug, Default)]
pub struct Sets {
    /// By their roots.
    pub all: Vec<LoadedSet>,
    /// The folders whose change can add to it.
    pub folders: Vec<PathBuf>,
    /// What is deployed and was not read.
    pub notes: Vec<String>,
}

/// What is found of what GitOps objects deploy leads on to other GitOps objects, so many times at most.
const ROUNDS: usize = 16;

/// Reads and builds everything. What `excludes` names is left out; what is known already comes from the cache.
pub fn load(
    request: &Request,
    excludes: &dyn Fn(&Path) -> bool,
    cache: &mut Cache,
    progress: &Progress,
) -> Result<Sets, ReadError> {
    let mut survey = match Survey::of(&request.paths) {
        Err(ReadError::EmptyFolder { .. } | ReadError::Missing { .. } | ReadError::Nothing)
            if !request.unsaved.is_empty() =>
        {
            Survey { paths: request.paths.clone(), ..Survey::default() }
        }
        survey => survey?,
    };
    survey.plain.extend(request.unsaved.iter().map(|path| Plain {
        path: path.clone(),
        real: path.clone(),
        nth: 0,
        named: false,
    }));
    let mut folders = survey.folders.clone();
    let wanted: Vec<Plain> = survey.plain.iter().filter(|plain| !excludes(&plain.path)).cloned().collect();
    progress.says(format!("reading {} files", wanted.len()));
    let mut arrangement = Arrangement::new(survey, &request.configured_here(), request.given())?;
    let repository = Repository::around(&request.paths);
    cache.read(wanted.iter().map(|plain| (&*plain.path, plain.real.clone())))?;
    let mut fresh: Vec<Arc<Object>> =
        wanted.iter().filter_map(|plain| cache.file(&plain.path)).flat_map(|s| &s.objects).cloned().collect();
    let (mut known, mut notes) = (fresh.clone(), Vec::new());
    let mut looked_at: BTreeSet<Build> = BTreeSet::new();
    let mut files: BTreeSet<PathBuf> = wanted.iter().map(|plain| plain.path.clone()).collect();
    for _ in 0..ROUNDS {
        let claims = Claims::of(&fresh, &known, &repository);
        notes.extend(claims.notes);
        for claim in claims.claims {
            arrangement.claim(claim)?;
        }
        let sets = arrangement.built();
        fresh = read_parts(&sets, request, excludes, cache, progress, (&mut looked_at, &mut files))?;
        if fresh.is_empty() {
            break;
        }
        known.extend(fresh.iter().cloned());
    }
    let rest: Vec<&Plain> = arrangement.rest().filter(|plain| !excludes(&plain.path)).collect();
    let sets = arrangement.finish(&rest, &split(&arrangement, &rest, cache));
    let mut all: Vec<LoadedSet> = Vec::new();
    for set in sets {
        notes.extend(set.builds().filter_map(|build| cache.made(build)).flat_map(|made| made.notes.clone()));
        let used = set.builds().filter_map(|build| cache.made(build)).flat_map(|made| made.inputs.clone());
        folders.extend(used);
        all.extend(loaded(set, excludes, cache));
    }
    let mut said = BTreeSet::new();
    notes.retain(|note| said.insert(note.clone()));
    let mut sets = Sets { all, folders, notes };
    sets.join_what_is_named(&request.paths);
    sets.join_what_is_empty();
    Ok(sets)
}

/// Reads and builds what sets are made of and was not looked at. Returns the objects of it.
fn read_parts(
    sets: &[Set],
    request: &Request,
    excludes: &dyn Fn(&Path) -> bool,
    cache: &mut Cache,
    progress: &Progress,
    (looked_at, files): (&mut BTreeSet<Build>, &mut BTreeSet<PathBuf>),
) -> Result<Vec<Arc<Object>>, ReadError> {
    let new: Vec<PathBuf> = sets
        .iter()
        .flat_map(Set::files)
        .filter(|file| !excludes(file) && files.insert((*file).clone()))
        .cloned()
        .collect();
    cache.read(new.iter().map(|path| (&**path, real(path))))?;
    let builds: Vec<Build> = sets
        .iter()
        .flat_map(Set::builds)
        .filter(|build| !excludes(&build.folder) && looked_at.insert((*build).clone()))
        .cloned()
        .collect();
    let unknown: Vec<Build> = builds.iter().filter(|build| cache.made(build).is_none()).cloned().collect();
    // What definitions among the files add to the APIs of the cluster, charts may ask for.
    let definitions = new.iter().filter_map(|path| cache.file(path)).flat_map(|file| &file.objects);
    let mut served: Vec<String> =
        definitions.flat_map(|object| netloom_rendering::apis_of_definition(object)).collect();
    served.sort_unstable();
    served.dedup();
    for (build, made) in unknown.iter().zip(make(&unknown, &served, request, progress)?) {
        cache.keep(build.clone(), made);
    }
    let from_files = new.iter().filter_map(|path| cache.file(path));
    let from_builds = builds.iter().filter_map(|build| cache.made(build)).flat_map(|made| &made.sources);
    Ok(from_files.chain(from_builds).flat_map(|source| &source.objects).cloned().collect())
}

/// The variants of plain manifests. What every folder may repeat makes none.
fn split(arrangement: &Arrangement, rest: &[&Plain], cache: &Cache) -> Vec<netloom_sets::Variant> {
    let repeated = |object: &Object| matches!(&*object.kind, "Namespace" | "CustomResourceDefinition");
    let folders: BTreeSet<Option<&Path>> = rest.iter().map(|plain| plain.path.parent()).collect();
    let identities: Vec<Vec<u64>> = rest
        .iter()
        .map(|plain| match cache.file(&plain.path) {
            Some(source) if folders.len() > 1 => {
                source.identities().filter(|(_, object)| !repeated(object)).map(|(id, _)| id).collect()
            }
            _ => Vec::new(),
        })
        .collect();
    let places: Vec<PathBuf> = rest.iter().map(|plain| arrangement.place(plain)).collect();
    let members: Vec<Member<'_>> = rest
        .iter()
        .zip(places.iter().zip(&identities))
        .map(|(plain, (path, identities))| Member { path, identities, named: plain.named })
        .collect();
    variants(&members)
}

/// A set with its sources; none where everything of it is excluded.
fn loaded(set: Set, excludes: &dyn Fn(&Path) -> bool, cache: &Cache) -> Option<LoadedSet> {
    let (mut sources, mut failed, mut parts) = (Vec::new(), false, 0);
    for part in &set.parts {
        match part {
            Part::File(path) => {
                let Some(source) = cache.file(path) else { continue };
                parts += 1;
                sources.push(given_to(source, &set.given));
            }
            Part::Built(build) => {
                let Some(made) = cache.made(build).filter(|_| !excludes(&build.folder)) else { continue };
                parts += 1;
                failed |= made.failed;
                sources.extend(made.sources.iter().cloned());
            }
        }
    }
    (parts > 0).then_some(LoadedSet { set, sources, failed })
}

/// A plain manifest with what is given to its set.
fn given_to(source: &Arc<ParsedSource>, given: &Given) -> Arc<ParsedSource> {
    let substituted = given.substitutions.as_ref().map(|values| substitute(&source.source.text, values));
    match substituted.filter(|text| **text != *source.source.text) {
        Some(text) => {
            let source = Source { name: source.source.name.clone(), text: text.into() };
            placed(Arc::new(parse_source(&source)), given)
        }
        None => placed(source.clone(), given),
    }
}

impl LoadedSet {
    /// Its objects, the earlier forms of those that are given twice too.
    pub fn objects(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.sources.iter().flat_map(|source| &source.objects)
    }

    /// Whether something of it runs or publishes something, or decides about it.
    pub fn is_judged(&self) -> bool {
        let wired = self.objects().any(|object| is_wiring(object));
        let idle = |object: &Object| {
            is_wiring(object)
                || matches!(&*object.kind, "Kustomization" | "HelmChart") && object.namespace.is_none()
                || wired && matches!(&*object.kind, "Namespace" | "ConfigMap" | "Secret")
        };
        self.failed || self.objects().any(|object| !idle(object))
    }
}

impl Sets {
    /// Paths that were named together are one set, as far as each is one and they do not claim the same objects.
    fn join_what_is_named(&mut self, paths: &[PathBuf]) {
        let is_own = |set: &LoadedSet| {
            matches!(set.set.how, How::Kustomization | How::Chart) && paths.contains(&set.set.root)
                || set.set.how == How::Plain
        };
        if paths.len() < 2 || self.all.len() < 2 || !self.all.iter().all(is_own) {
            return;
        }
        let mut claimed: HashMap<u64, usize> = HashMap::new();
        let mut shared: HashMap<(usize, usize), usize> = HashMap::new();
        let mut sizes = Vec::new();
        for (nth, set) in self.all.iter().enumerate() {
            let own: BTreeSet<u64> =
                set.sources.iter().flat_map(|s| s.identities()).map(|(id, _)| id).collect();
            sizes.push(own.len());
            for id in own {
                if let Some(other) = claimed.insert(id, nth) {
                    *shared.entry((other, nth)).or_default() += 1;
                }
            }
        }
        let rivals = |(pair, count): (&(usize, usize), &usize)| count * 2 >= sizes[pair.0].min(sizes[pair.1]);
        if shared.iter().any(rivals) {
            return;
        }
        let place = |set: &LoadedSet| paths.iter().position(|path| set.set.root.starts_with(path));
        self.all.sort_by_key(place);
        let mut all = std::mem::take(&mut self.all).into_iter();
        let Some(mut whole) = all.next() else { return };
        for more in all {
            whole.set.name = format!("{} {}", whole.set.name, more.set.name);
            whole.set.parts.extend(more.set.parts);
            whole.sources.extend(more.sources);
            whole.failed |= more.failed;
        }
        self.all = vec![whole];
    }

    /// Files without any object stand beside what is deployed, and are no set.
    fn join_what_is_empty(&mut self) {
        let is_empty = |set: &LoadedSet| set.set.how == How::Plain && set.objects().next().is_none();
        let (empty, mut full): (Vec<LoadedSet>, Vec<LoadedSet>) =
            std::mem::take(&mut self.all).into_iter().partition(is_empty);
        match full.first_mut() {
            Some(first) => first.sources.extend(empty.into_iter().flat_map(|set| set.sources)),
            None => full = empty,
        }
        self.all = full;
    }
}
