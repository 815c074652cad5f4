//! Has kustomizations built and charts rendered, and parses what came of it.
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use netloom_objects::{
    Cause, Diagnostic, FileName, Location, Packaging, ParsedSource, ReadError, Severity, Source,
    parse_source, parse_sources, read_source,
};
use netloom_rendering::{Cache, Recipe, Rendering, Settings, render};
use netloom_sets::{Build, Package, substitute};

use super::Request;
use crate::progress::Progress;

/// What came of a build.
#[derive(Clone, Debug)]
pub struct Made {
    pub sources: Vec<Arc<ParsedSource>>,
    /// What somebody should know of it.
    pub notes: Vec<String>,
    /// Whether there are no manifests of it, because the program refused.
    pub failed: bool,
    /// The folders and files that it was made of, with all links followed.
    pub inputs: Vec<PathBuf>,
}

/// Has everything built, as many at once as there are processors. `served` is what definitions add to the cluster's APIs.
pub fn make(
    builds: &[Build],
    served: &[String],
    request: &Request,
    progress: &Progress,
) -> Result<Vec<Made>, ReadError> {
    let rendered = render_all(builds, served, request, progress);
    let mut all: Vec<Made> = Vec::with_capacity(builds.len());
    let mut texts: Vec<Source> = Vec::new();
    let mut counts = Vec::with_capacity(builds.len());
    for (nth, (build, rendering)) in builds.iter().zip(rendered).enumerate() {
        let package = Package::of(&build.folder, request.paths.contains(&build.folder));
        let mut made = Made {
            sources: Vec::new(),
            notes: Vec::new(),
            failed: false,
            inputs: inputs(build, package.as_ref()),
        };
        let mut own = Vec::new();
        match (rendering, package) {
            (Rendering::Made { sources, notes }, _) => {
                made.notes = notes;
                // Rendered with other values the same template would have the same name.
                let before = builds[..nth].iter().filter(|other| other.folder == build.folder).count();
                own = sources.into_iter().map(|source| told_apart(source, build, before)).collect();
            }
            (Rendering::Failed(reason), Some(package)) => {
                made.failed = true;
                made.sources.push(Arc::new(failed(&package, Severity::Error, &reason)?));
            }
            (Rendering::Missing(reason), Some(package)) => {
                made.failed = true;
                made.sources.push(Arc::new(failed(&package, Severity::Warning, &reason)?));
            }
            (Rendering::NoProgram, Some(package)) => own = as_they_are(&package)?,
            (_, None) => {}
        }
        if let Some(values) = &build.given.substitutions {
            for source in &mut own {
                source.text = substitute(&source.text, values).into();
            }
        }
        counts.push(own.len());
        texts.extend(own);
        all.push(made);
    }
    let mut parsed = parse_sources(&texts).into_iter();
    for ((made, build), count) in all.iter_mut().zip(builds).zip(counts) {
        made.sources.extend(parsed.by_ref().take(count).map(|source| placed(source, &build.given)));
    }
    Ok(all)
}

/// A source with its objects in the namespace that is given to them.
pub fn placed(source: Arc<ParsedSource>, given: &netloom_sets::Given) -> Arc<ParsedSource> {
    match &given.namespace {
        Some(namespace) => Arc::new(source.in_namespace(namespace, given.over_namespaces)),
        None => source,
    }
}

fn inputs(build: &Build, package: Option<&Package>) -> Vec<PathBuf> {
    let folders = package.map(Package::all_folders).unwrap_or_else(|| vec![build.folder.clone()]);
    let files = package.into_iter().flat_map(|package| &package.files).chain(&build.given.values).cloned();
    folders.into_iter().chain(files).filter_map(|path| fs::canonicalize(path).ok()).collect()
}

/// The source under a name of its own, where the same folder is built in other ways too.
fn told_apart(source: Source, build: &Build, before: usize) -> Source {
    if before == 0 {
        return source;
    }
    let how = build.given.release.clone().unwrap_or_default();
    let number = before + 1;
    let name = source.name.replacen('>', &format!(" {how}#{number}>"), 1);
    let origins = source.name.origins().cloned().unwrap_or_default();
    Source { name: FileName::rendered(&name, origins), text: source.text }
}

/// The failure as a finding at the file that makes the folder a package.
fn failed(package: &Package, severity: Severity, reason: &str) -> Result<ParsedSource, ReadError> {
    let mut parsed = parse_source(&read_source(&package.file)?);
    let at = Location { file: parsed.source.name.clone(), line: 1, column: 1 };
    let (message, help) = match reason.split_once('\n') {
        Some((first, rest)) if !rest.trim().is_empty() => {
            // Whoever sees the first line alone sees the reason, too.
            let reason: String = rest.trim().lines().next().unwrap_or_default().chars().take(200).collect();
            let rest = rest.trim_end();
            (format!("{first} {reason}"), rest.trim_start().contains('\n').then(|| rest.to_owned()))
        }
        _ => (reason.trim_end().to_owned(), None),
    };
    parsed.diagnostics = vec![Diagnostic {
        severity,
        cause: Cause::NotApplied,
        message,
        at,
        end: (1, 1),
        help,
        related: vec![],
        repair: None,
    }];
    Ok(parsed)
}

/// There is no such program: the manifests that are named are read as they are, and what makes others of them is said
/// where it stands. Patches and values are no manifests.
fn as_they_are(package: &Package) -> Result<Vec<Source>, ReadError> {
    if package.role.packaging() == Packaging::Chart {
        return match package.named {
            true => Err(ReadError::HelmChart { path: package.folder.clone() }),
            false => Ok(vec![read_source(&package.file)?]),
        };
    }
    let mut seen = BTreeSet::new();
    let mut sources = Vec::new();
    let mut next = vec![package.clone()];
    while let Some(package) = next.pop() {
        let files = [&package.file].into_iter().chain(&package.resources);
        for file in files {
            if seen.insert(fs::canonicalize(file).unwrap_or_else(|_| file.clone())) {
                sources.push(read_source(file)?);
            }
        }
        let parts = package
            .uses
            .iter()
            .filter(|folder| seen.insert(fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf())));
        next.extend(
            parts
                .filter_map(|folder| Package::of(folder, false))
                .filter(|part| part.role.packaging() == Packaging::Kustomization),
        );
    }
    Ok(sources)
}

fn render_all(builds: &[Build], served: &[String], request: &Request, progress: &Progress) -> Vec<Rendering> {
    if request.packages.no_render {
        return builds.iter().map(|_| Rendering::NoProgram).collect();
    }
    let mut settings = Settings { cache: Cache::of_user(), ..Settings::default() };
    if request.packages.no_cache {
        settings.cache = None;
    }
    if let Some(seconds) = request.packages.render_timeout {
        settings.deadline = Duration::from_secs(seconds);
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let nth = next.fetch_add(1, Ordering::Relaxed);
            let Some(build) = builds.get(nth) else { return done };
            let what = match build.packaging() {
                Packaging::Kustomization => "building the kustomization",
                Packaging::Chart => "rendering the chart",
            };
            progress.says(format!("{what} {}", build.folder.display()));
            let recipe = Recipe { api_versions: served.to_vec(), ..recipe(build, request) };
            done.push((nth, render(&recipe, &settings, &|what| progress.says(what))));
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(builds.len());
    let mut done: Vec<(usize, Rendering)> = thread::scope(|scope| {
        // Where no thread can be had, the others do its share.
        let started = (1..threads).map(|_| thread::Builder::new().spawn_scoped(scope, work));
        let others: Vec<_> = started.filter_map(Result::ok).collect();
        let mut done = work();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(nth, _)| *nth);
    done.into_iter().map(|(_, rendering)| rendering).collect()
}

fn recipe(build: &Build, request: &Request) -> Recipe {
    let given = &build.given;
    let version =
        given.kube_version.as_deref().and_then(minor).unwrap_or((request.kube.major, request.kube.minor));
    Recipe {
        values: given.values.clone(),
        inline_values: given.inline_values.clone(),
        set_values: given.set_values.clone(),
        release: given.release.clone(),
        namespace: given.namespace.clone(),
        kube_version: version,
        remote: request.packages.remote,
        ..Recipe::new(build.packaging(), build.folder.clone())
    }
}

/// `1.33`, `v1.33.2`.
fn minor(version: &str) -> Option<(u16, u16)> {
    let mut numbers = version.trim_start_matches('v').split('.').map(str::parse::<u16>);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// Where a path leads with all links followed; itself where it leads nowhere.
pub fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}
