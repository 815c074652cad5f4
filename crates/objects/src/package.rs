//! Folders that a program makes manifests of: kustomizations and Helm charts.
use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

use crate::{Object, parse_source, source::read_source};

/// What a folder is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Packaging {
    /// `kustomize build` makes manifests of it.
    Kustomization,
    /// `helm template` makes manifests of it.
    Chart,
}

/// A folder that a program makes manifests of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The folder, as it is named or found.
    pub folder: PathBuf,
    /// What it is for.
    pub kind: Packaging,
    /// The file that says so.
    pub file: PathBuf,
    /// Whether the folder was named, and not found in one.
    pub named: bool,
    /// The other folders that go into it, seen from where this one is.
    pub uses: Vec<PathBuf>,
}

impl Package {
    /// What a folder says that it is. None for what is of use only within another one: a library chart, a component.
    pub(crate) fn of(folder: &Path, named: bool) -> Option<Self> {
        let (kind, file) = kind_of(folder)?;
        let object = read_source(&file).ok().map(|source| parse_source(&source).objects);
        let object = object.and_then(|objects| objects.into_iter().next());
        let says = |key: &str| object.as_deref().and_then(|object| object.text(key));
        if !named && (says("kind") == Some("Component") || says("type") == Some("library")) {
            return None;
        }
        let uses = object.as_deref().map(|object| folders_of(object, folder)).unwrap_or_default();
        Some(Self { folder: folder.to_owned(), kind, file, named, uses })
    }

    /// The folders that go into it, and into those, and so on; itself first.
    #[must_use]
    pub fn all_folders(&self) -> Vec<PathBuf> {
        let mut all = vec![self.folder.clone()];
        let mut next = self.uses.clone();
        while let Some(folder) = next.pop() {
            if !all.contains(&folder) {
                next.extend(Self::of(&folder, true).map(|part| part.uses).unwrap_or_default());
                all.push(folder);
            }
        }
        all
    }
}

/// The packages that are not a part of another one, and so are made for their own sake.
pub(crate) fn tops(packages: &[Package]) -> Vec<bool> {
    let real = |folder: &PathBuf| fs::canonicalize(folder).ok();
    let used: BTreeSet<PathBuf> =
        packages.iter().flat_map(|package| &package.uses).filter_map(real).collect();
    let is_part = |package: &Package| real(&package.folder).is_some_and(|folder| used.contains(&folder));
    packages.iter().map(|package| package.named || !is_part(package)).collect()
}

/// What a folder is, and the file that says so.
pub(crate) fn kind_of(folder: &Path) -> Option<(Packaging, PathBuf)> {
    let files = [
        ("kustomization.yaml", Packaging::Kustomization),
        ("kustomization.yml", Packaging::Kustomization),
        ("Kustomization", Packaging::Kustomization),
        ("Chart.yaml", Packaging::Chart),
    ];
    let found = files.into_iter().map(|(name, kind)| (kind, folder.join(name)));
    found.into_iter().find(|(_, file)| file.is_file())
}

/// The folders that a kustomization is put together of.
fn folders_of(kustomization: &Object, folder: &Path) -> Vec<PathBuf> {
    let lists = ["resources", "bases", "components"];
    let entries = lists.into_iter().flat_map(|list| {
        (0..kustomization.count(list)).filter_map(move |i| kustomization.text(&format!("{list}[{i}]")))
    });
    entries.map(|entry| seen_from(folder, entry)).filter(|path| path.is_dir()).collect()
}

/// A path from a folder on, without the steps that lead back.
fn seen_from(folder: &Path, path: &str) -> PathBuf {
    let mut seen = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::ParentDir if matches!(seen.components().next_back(), Some(Component::Normal(_))) => {
                seen.pop();
            }
            Component::ParentDir if seen.has_root() => {}
            part => seen.push(part),
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_named_as_the_whole_is() {
        for (folder, path, expected) in [
            ("k/overlays/prod", "../../base", "k/base"),
            ("./overlays/prod", "../../base", "./base"),
            ("prod", "../../base", "../base"),
            (".", "../base", "./../base"),
            ("/a/b", "../../../c", "/c"),
            ("a", "/c", "/c"),
            ("a", "b/./c", "a/b/c"),
        ] {
            let seen = seen_from(Path::new(folder), path);
            assert_eq!(seen.to_string_lossy(), expected, "{folder} {path}");
        }
    }
}
