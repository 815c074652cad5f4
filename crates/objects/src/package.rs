//! Folders that a program makes manifests of: kustomizations and Helm charts.
use std::path::{Component, Path, PathBuf};

/// What a folder is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Packaging {
    /// `kustomize build` makes manifests of it.
    Kustomization,
    /// `helm template` makes manifests of it.
    Chart,
}

impl Packaging {
    /// What a folder is, and the file that says so.
    #[must_use]
    pub fn of(folder: &Path) -> Option<(Self, PathBuf)> {
        let files = [
            ("kustomization.yaml", Self::Kustomization),
            ("kustomization.yml", Self::Kustomization),
            ("Kustomization", Self::Kustomization),
            ("Chart.yaml", Self::Chart),
        ];
        let found = files.into_iter().map(|(name, kind)| (kind, folder.join(name)));
        found.into_iter().find(|(_, file)| file.is_file())
    }
}

/// A path as seen from a folder, without the steps that lead back; `.` for the folder itself.
#[must_use]
pub fn seen_from(folder: &Path, path: &str) -> PathBuf {
    let seen = joined(folder, path);
    if seen.as_os_str().is_empty() { PathBuf::from(".") } else { seen }
}

/// A path as seen from a folder, without the steps that lead back; empty for the folder itself.
#[must_use]
pub fn joined(folder: &Path, path: impl AsRef<Path>) -> PathBuf {
    let mut seen = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::ParentDir if matches!(seen.components().next_back(), Some(Component::Normal(_))) => {
                seen.pop();
            }
            Component::ParentDir if seen.has_root() => {}
            Component::ParentDir if seen == Path::new(".") => seen = PathBuf::from(".."),
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
            (".", "../base", "../base"),
            ("/a/b", "../../../c", "/c"),
            (".", "../../base", "../../base"),
            ("./a", "../../base", "../base"),
            ("a", "/c", "/c"),
            ("a", "b/./c", "a/b/c"),
            ("a", "..", "."),
        ] {
            let seen = seen_from(Path::new(folder), path);
            assert_eq!(seen.to_string_lossy(), expected, "{folder} {path}");
        }
    }
}
