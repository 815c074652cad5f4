//! `netloom sets`: what is deployed together, and how it is built.
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::{Path, PathBuf},
};

use clap::Args;
use netloom_objects::visible;
use netloom_sets::{Build, How, Package, Part};
use serde::Serialize;

use super::{Cache, LoadedSet, Request, Sets, load, make::real};
use crate::{
    args::{Output, Reading},
    load::Stop,
    out,
    progress::Progress,
};

/// What stands below the help.
pub const AFTER: &str = "\
What is deployed together is a set: each kustomization that no other one uses, each chart, what each Application,
ApplicationSet, Kustomization or HelmRelease of Argo CD and Flux deploys from this repository, and plain folders, apart
where they claim the same objects (dev/ and prod/). `[[set]]` in netloom.toml says it where that is not so, and gives
values, a release, a namespace.

Every command answers for each set; --set NAME chooses one.

Examples:
  netloom sets .
  netloom reach . --set overlays/prod
  netloom check charts/web --values values-prod.yaml -n shop";

#[derive(Debug, Args)]
pub struct List {
    /// Manifests: files, folders (walked; kustomizations and Helm charts are rendered), or - for standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Namespace of charts' releases, and of objects that name none
    #[arg(short, long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// Format of the list
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    #[command(flatten)]
    pub reading: Reading,
}

#[derive(Serialize)]
struct Entry {
    name: String,
    root: String,
    how: String,
    /// The object that deploys it, with its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    built: Vec<BuiltBy>,
    files: usize,
    objects: usize,
    /// Whether a part of it could not be built.
    failed: bool,
    /// What other sets are made of too.
    shares: Vec<Shared>,
}

#[derive(Serialize)]
struct BuiltBy {
    by: &'static str,
    folder: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    values: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
}

#[derive(Clone, Serialize, PartialEq, Eq)]
struct Shared {
    path: String,
    with: Vec<String>,
}

pub fn main(args: &List) -> Result<u8, Stop> {
    let progress = Progress::start();
    let request = Request::of(&args.paths, &args.reading, args.namespace.as_deref())?;
    let sets = load(&request, &|_| false, &mut Cache::default(), &progress)?;
    progress.finish();
    let Sets { notes, .. } = &sets;
    let notes = notes.clone();
    let chosen = if request.packages.set.is_empty() { sets.all } else { sets.chosen(&request.packages.set)? };
    let entries = entries(&chosen);
    match args.output {
        Output::Text => {
            out::write(&text(&entries))?;
            for note in notes {
                anstream::eprintln!("\x1b[1;33mnote:\x1b[0m {}", visible(&note));
            }
        }
        Output::Json => {
            let all = serde_json::json!({"sets": entries, "notes": notes});
            out::write(&format!("{}\n", serde_json::to_string_pretty(&all)?))?;
        }
    }
    Ok(0)
}

fn entries(sets: &[LoadedSet]) -> Vec<Entry> {
    let parts: Vec<BTreeMap<PathBuf, String>> = sets.iter().map(parts).collect();
    let entry = |(nth, set): (usize, &LoadedSet)| Entry {
        name: set.set.name.clone(),
        root: shown(&set.set.root),
        how: set.set.how.to_string(),
        by: match &set.set.how {
            How::GitOps(by) => Some(by.at.to_string()),
            _ => None,
        },
        built: set.set.builds().map(built_by).collect(),
        files: set.set.files().count(),
        objects: set.objects().count(),
        failed: set.failed,
        shares: shares(nth, &parts, sets),
    };
    sets.iter().enumerate().map(entry).collect()
}

/// What a set is made of beside its own root, by the real path.
fn parts(set: &LoadedSet) -> BTreeMap<PathBuf, String> {
    let mut all = BTreeMap::new();
    let mut add = |path: &Path| {
        all.insert(real(path), shown(path));
    };
    for part in &set.set.parts {
        match part {
            Part::File(path) => add(path),
            Part::Built(build) => {
                let package = Package::of(&build.folder, false);
                package.iter().flat_map(Package::all_folders).for_each(|folder| add(&folder));
                build.given.values.iter().for_each(|file| add(file));
            }
        }
    }
    all
}

fn shares(nth: usize, parts: &[BTreeMap<PathBuf, String>], sets: &[LoadedSet]) -> Vec<Shared> {
    let mut shared: Vec<Shared> = Vec::new();
    for (path, shown) in &parts[nth] {
        let others = parts.iter().enumerate().filter(|(other, all)| *other != nth && all.contains_key(path));
        let with: Vec<String> = others.map(|(other, _)| sets[other].set.name.clone()).collect();
        if !with.is_empty() {
            shared.push(Shared { path: shown.clone(), with });
        }
    }
    shared
}

fn built_by(build: &Build) -> BuiltBy {
    BuiltBy {
        by: if build.chart { "helm" } else { "kustomize" },
        folder: shown(&build.folder),
        values: build.given.values.iter().map(|file| shown(file)).collect(),
        release: build.given.release.clone(),
        namespace: build.given.namespace.clone(),
    }
}

fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}

fn text(entries: &[Entry]) -> String {
    let head = ["SET", "ROOT", "MADE OF", "OBJECTS", "SHARES"].map(str::to_owned);
    let rows = entries.iter().map(|entry| {
        let objects = match entry.failed {
            true => format!("{} (cannot be built)", entry.objects),
            false => entry.objects.to_string(),
        };
        [entry.name.clone(), entry.root.clone(), made_of(entry), objects, shared(entry)]
            .map(|cell| visible(&cell).into_owned())
    });
    let rows: Vec<[String; 5]> = [head].into_iter().chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..5).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells: String = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}  ")).collect();
        _ = writeln!(text, "{}", cells.trim_end());
    }
    text
}

fn made_of(entry: &Entry) -> String {
    let mut words = entry.how.clone();
    for built in &entry.built {
        let own = built.folder == entry.root && matches!(&*entry.how, "kustomization" | "chart");
        if !own {
            let what = if built.by == "helm" { "chart" } else { "kustomization" };
            words.push_str(&format!(", {what} {}", built.folder));
        }
        if !built.values.is_empty() {
            words.push_str(&format!(" with {}", built.values.join(", ")));
        }
    }
    if !entry.built.is_empty() && entry.files > 0 {
        words.push_str(&format!(", {} files", entry.files));
    }
    words
}

/// What is shared, with a folder in the place of many files, and with whom.
fn shared(entry: &Entry) -> String {
    const NAMED: usize = 3;
    let mut by: BTreeMap<&Vec<String>, BTreeSet<&str>> = BTreeMap::new();
    entry.shares.iter().for_each(|shared| {
        by.entry(&shared.with).or_default().insert(&shared.path);
    });
    let folded = |all: Vec<&str>| match all.len().checked_sub(NAMED) {
        None | Some(0 | 1) => all.join(", "),
        Some(more) => format!("{} and {more} more", all[..NAMED].join(", ")),
    };
    let words = by.into_iter().map(|(with, paths)| {
        let with = folded(with.iter().map(String::as_str).collect());
        format!("{} with {with}", folded(paths.into_iter().collect()))
    });
    words.collect::<Vec<_>>().join("; ")
}
