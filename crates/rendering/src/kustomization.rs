//! What a kustomization says that it is put together of.
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

pub use netloom_objects::joined;
use netloom_objects::{Object, parse_source, read_source};

/// Where other kustomizations are named.
const FOLDERS: [&str; 3] = ["resources", "bases", "components"];
const FILES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
/// A kustomization that is put together of more folders than this is not looked through.
const MOST: usize = 10_000;

/// One folder's.
#[derive(Debug)]
pub struct Kustomization {
    pub folder: PathBuf,
    pub file: PathBuf,
    object: Arc<Object>,
}

impl Kustomization {
    fn of(folder: &Path) -> Option<Self> {
        let file = FILES.into_iter().map(|name| folder.join(name)).find(|file| file.is_file())?;
        let object = parse_source(&read_source(&file).ok()?).objects.into_iter().next()?;
        Some(Self { folder: folder.to_owned(), file, object })
    }

    /// What it names in the lists of resources, bases and components, each with the line.
    pub fn entries(&self) -> impl Iterator<Item = (&str, u32)> {
        FOLDERS.into_iter().flat_map(move |list| {
            (0..self.object.count(list)).filter_map(move |nth| {
                let path = format!("{list}[{nth}]");
                Some((self.object.text(&path)?, self.object.locate(&path).line))
            })
        })
    }

    /// The files of its patches, each with the kind and name of the object that it is for, where those are given.
    pub fn patches(&self) -> Vec<(String, Option<(String, String)>)> {
        let text = |path: String| self.object.text(&path).map(str::to_owned);
        let merged = (0..self.object.count("patchesStrategicMerge"))
            .filter_map(|nth| Some((text(format!("patchesStrategicMerge[{nth}]"))?, None)));
        let targeted = (0..self.object.count("patches")).filter_map(|nth| {
            let field = |field: &str| text(format!("patches[{nth}].{field}"));
            Some((field("path")?, field("target.kind").zip(field("target.name"))))
        });
        merged.chain(targeted).collect()
    }

    /// The charts that it has helm render: each with its name, its repository, and the folder that it would be in.
    pub fn charts(&self) -> impl Iterator<Item = (String, Option<String>, PathBuf)> {
        let home = self.object.text("helmGlobals.chartHome").unwrap_or("charts");
        (0..self.object.count("helmCharts")).filter_map(move |nth| {
            let text = |field: &str| self.object.text(&format!("helmCharts[{nth}].{field}"));
            let name = text("name")?;
            let here =
                [Some(name.to_owned()), text("version").map(|version| format!("{name}-{version}/{name}"))];
            let here = here.into_iter().flatten().map(|inner| self.folder.join(home).join(inner));
            let folder = here.clone().find(|folder| folder.is_dir());
            let folder = folder.or_else(|| here.clone().next())?;
            Some((name.to_owned(), text("repo").map(str::to_owned), folder))
        })
    }
}

/// A kustomization, those that go into it, and those that go into these.
pub fn closure(folder: &Path) -> Vec<Kustomization> {
    let mut all = Vec::new();
    let mut seen = BTreeSet::new();
    let mut next = vec![folder.to_owned()];
    while let Some(folder) = next.pop() {
        let real = fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone());
        if all.len() >= MOST || !seen.insert(real) {
            continue;
        }
        let Some(kustomization) = Kustomization::of(&folder) else { continue };
        let named = kustomization.entries().map(|(entry, _)| joined(&folder, entry));
        next.extend(named.filter(|path| path.is_dir()));
        all.push(kustomization);
    }
    all
}
