//! From listed files to parsed sources: reads files, and has kustomizations built and charts rendered by the programs
//! that are made for it.
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use netloom_audit::Version;
use netloom_objects::{
    Cause, Diagnostic, FileList, Location, Package, Packaging, ParsedSource, ReadError, Severity, Source,
    list_files, parse_source, parse_sources, read_source,
};

use netloom_rendering::{Cache, Recipe, Rendering, Settings, render};

use crate::progress::Progress;

/// What came of one entry of a list: a file, or a folder that a program makes manifests of.
#[derive(Clone, Debug)]
pub struct Input {
    /// As it is listed.
    pub path: PathBuf,
    pub sources: Vec<Arc<ParsedSource>>,
}

/// Reads everything in a list. Charts are rendered for a release of Kubernetes.
pub fn read(
    list: &FileList,
    kube: Version,
    progress: &Progress,
) -> Result<Vec<Arc<ParsedSource>>, ReadError> {
    let inputs = read_new(list, |_, _| None, kube, progress)?;
    Ok(inputs.into_iter().flat_map(|input| input.sources).collect())
}

/// Reads what is in a list and not known. `known` is asked with the place in the list and the path.
pub fn read_new(
    list: &FileList,
    mut known: impl FnMut(usize, &Path) -> Option<Input>,
    kube: Version,
    progress: &Progress,
) -> Result<Vec<Input>, ReadError> {
    let kept: Vec<Option<Input>> =
        list.files.iter().enumerate().map(|(nth, path)| known(nth, path)).collect();
    let wanted = || list.files.iter().zip(&kept).filter(|(_, kept)| kept.is_none()).map(|(path, _)| path);
    let packages: Vec<&Package> = wanted().filter_map(|path| list.package(path)).collect();
    let mut rendered = render_all(&packages, kube, progress).into_iter();
    let mut fresh = Vec::new();
    let mut texts = Vec::new();
    let mut seen = BTreeSet::new();
    for path in wanted() {
        let read = match list.package(path) {
            Some(package) => manifests(package, rendered.next(), &mut seen)?,
            None => Made { sources: vec![read_source(path)?], failure: None },
        };
        fresh.push((read.sources.len(), read.failure));
        texts.extend(read.sources);
    }
    if list.files.len() > 1 {
        progress.says(format!("parsing {} files", texts.len()));
    }
    let mut parsed = parse_sources(&texts).into_iter();
    let mut fresh = fresh.into_iter();
    let inputs = list.files.iter().zip(kept).map(|(path, kept)| {
        kept.unwrap_or_else(|| {
            let (count, failure) = fresh.next().unwrap_or_default();
            let mut sources: Vec<Arc<ParsedSource>> = parsed.by_ref().take(count).collect();
            sources.extend(failure.map(Arc::new));
            Input { path: path.clone(), sources }
        })
    });
    Ok(inputs.collect())
}

/// What is read for a package.
struct Made {
    sources: Vec<Source>,
    /// The file that makes it a package, with what went wrong.
    failure: Option<ParsedSource>,
}

/// `seen` holds the files that were read for other packages.
fn manifests(
    package: &Package,
    rendering: Option<Rendering>,
    seen: &mut BTreeSet<PathBuf>,
) -> Result<Made, ReadError> {
    match rendering {
        Some(Rendering::Made { sources, .. }) => Ok(Made { sources, failure: None }),
        Some(Rendering::Failed(reason)) => {
            Ok(Made { sources: Vec::new(), failure: Some(failed(package, Severity::Error, reason)?) })
        }
        Some(Rendering::Missing(reason)) => {
            Ok(Made { sources: Vec::new(), failure: Some(failed(package, Severity::Warning, reason)?) })
        }
        // There is no such program: the files are read as they are, with what that leaves out.
        Some(Rendering::NoProgram) | None => {
            let raw = match list_files(&package.all_folders()) {
                Ok(list) => list.files.into_iter().zip(list.real).collect(),
                Err(ReadError::HelmChart { .. }) if !package.named => {
                    vec![(package.file.clone(), package.file.clone())]
                }
                Err(error) => return Err(error),
            };
            let new = raw.into_iter().filter(|(_, real)| seen.insert(real.clone()));
            let sources = new.map(|(path, _)| read_source(&path)).collect::<Result<_, _>>()?;
            Ok(Made { sources, failure: None })
        }
    }
}

/// The failure as a finding at the file that makes the folder a package.
fn failed(package: &Package, severity: Severity, reason: String) -> Result<ParsedSource, ReadError> {
    let mut parsed = parse_source(&read_source(&package.file)?);
    let at = Location { file: parsed.source.name.clone(), line: 1, column: 1 };
    let (message, help) = match reason.split_once('\n') {
        Some((first, rest)) if !rest.trim().is_empty() => {
            (first.to_owned(), Some(rest.trim_end().to_owned()))
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

/// Renders packages, as many at once as there are processors.
fn render_all(packages: &[&Package], kube: Version, progress: &Progress) -> Vec<Rendering> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let nth = next.fetch_add(1, Ordering::Relaxed);
            let Some(package) = packages.get(nth) else { return done };
            let what = match package.kind {
                Packaging::Kustomization => "building the kustomization",
                Packaging::Chart => "rendering the chart",
            };
            progress.says(format!("{what} {}", package.folder.display()));
            let recipe = Recipe {
                kube_version: (kube.major, kube.minor),
                ..Recipe::new(package.kind, package.folder.clone())
            };
            let settings = Settings { cache: Cache::of_user(), ..Settings::default() };
            done.push((nth, render(&recipe, &settings, &|what| progress.says(what))));
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(packages.len());
    let mut done: Vec<(usize, Rendering)> = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
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
