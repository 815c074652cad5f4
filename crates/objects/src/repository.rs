//! Paths as services know them that have the repository and not the working folder.
use std::path::{Component, Path, PathBuf};

use crate::visible;

/// The repository that the command runs in, if it runs in one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repository {
    /// The root, and the folder that paths are seen from.
    folders: Option<(PathBuf, PathBuf)>,
}

impl Repository {
    /// One with its root, and a folder (in it or not) that relative paths are seen from. Both are absolute.
    #[must_use]
    pub const fn new(root: PathBuf, current: PathBuf) -> Self {
        Self { folders: Some((root, current)) }
    }

    /// The repository of the working folder: the nearest folder upwards that has a `.git`.
    #[must_use]
    pub fn of_current() -> Self {
        let Ok(current) = std::env::current_dir() else { return Self::default() };
        let root = current.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_path_buf);
        Self { folders: root.map(|root| (root, current)) }
    }

    /// A file's path from the root of the repository; as it is named where it is in none, without `./`.
    #[must_use]
    pub fn path(&self, file: &str) -> String {
        let named = || file.trim_start_matches("./").to_owned();
        // `<stdin>`, and what netloom added itself.
        if file.starts_with('<') {
            return named();
        }
        let Some((root, current)) = &self.folders else { return named() };
        match normal(&current.join(file)).strip_prefix(root) {
            Ok(path) if !path.as_os_str().is_empty() => path.to_string_lossy().into_owned(),
            _ => named(),
        }
    }

    /// The same, to be shown in a line.
    #[must_use]
    pub fn shown(&self, file: &str) -> String {
        visible(&self.path(file)).into_owned()
    }
}

/// A path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_root() {
        let inside = Repository::new("/r".into(), "/r/deploy".into());
        for (file, expected) in [
            ("a.yaml", "deploy/a.yaml"),
            ("./a.yaml", "deploy/a.yaml"),
            ("../b/./c.yaml", "b/c.yaml"),
            ("/r/x.yaml", "x.yaml"),
            ("/elsewhere/x.yaml", "/elsewhere/x.yaml"),
            ("../../x.yaml", "../../x.yaml"),
            ("<stdin>", "<stdin>"),
        ] {
            assert_eq!(inside.path(file), expected, "{file}");
        }
        assert_eq!(Repository::default().path("./a/b.yaml"), "a/b.yaml");
        assert_eq!(Repository::default().shown("a\u{1b}\n"), r"a\u{1b}\n");
    }
}
