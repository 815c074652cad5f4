//! Where the paths of GitOps objects begin: at the root of the repository.
use std::{
    fs,
    path::{Path, PathBuf},
};

use globset::GlobBuilder;
use netloom_objects::seen_from;

/// Folders above a path that are looked at for the repository's root.
const UPWARDS: usize = 32;

/// The folders that paths may begin at, the likeliest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repository {
    roots: Vec<PathBuf>,
}

impl Repository {
    /// The repository that the paths of a command are in: the nearest folder upwards with a `.git`. Where there is none,
    /// the folders from the path up to the current one.
    #[must_use]
    pub fn around(paths: &[PathBuf]) -> Self {
        let Some(first) = paths.iter().find(|path| path.as_os_str() != "-") else { return Self::default() };
        let start = match first.is_dir() {
            true => first.clone(),
            false => first.parent().map_or_else(PathBuf::new, Path::to_path_buf),
        };
        let start = if start.as_os_str().is_empty() { PathBuf::from(".") } else { start };
        let mut upwards = vec![start.clone()];
        let mut real = fs::canonicalize(&start).unwrap_or_else(|_| start.clone());
        while !real.join(".git").exists() {
            let last = upwards.last().unwrap_or(&start);
            if upwards.len() > UPWARDS || !real.pop() {
                upwards = inside(&start);
                break;
            }
            upwards.push(seen_from(last, ".."));
        }
        upwards.reverse();
        Self { roots: upwards }
    }

    /// A folder of the repository.
    #[must_use]
    pub fn folder(&self, path: &str) -> Option<PathBuf> {
        self.find(path, |path| path.is_dir())
    }

    /// A file of the repository.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<PathBuf> {
        self.find(path, |path| path.is_file())
    }

    fn find(&self, path: &str, is: impl Fn(&Path) -> bool) -> Option<PathBuf> {
        let path = path.trim_start_matches('/');
        let path = if path.is_empty() { "." } else { path };
        self.roots.iter().map(|root| seen_from(root, path)).find(|found| is(found))
    }

    /// The folders that a pattern names (`apps/*`), or the files, seen from the root.
    #[must_use]
    pub fn matching(&self, pattern: &str, files: bool) -> Vec<String> {
        let pattern = pattern.trim_start_matches("./").trim_matches('/');
        let Ok(glob) = GlobBuilder::new(pattern).literal_separator(true).build() else { return Vec::new() };
        let glob = glob.compile_matcher();
        let wild = |part: &&str| part.contains(['*', '?', '[', '{']);
        let fixed: Vec<&str> = pattern.split('/').take_while(|part| !wild(part)).collect();
        let depth = if pattern.contains("**") { UPWARDS } else { pattern.split('/').count() };
        let begin =
            if fixed.len() == pattern.split('/').count() { &fixed[..fixed.len() - 1] } else { &fixed[..] };
        let prefix = begin.join("/");
        let Some(start) = self.folder(&prefix) else { return Vec::new() };
        let mut found = Vec::new();
        let mut next = vec![(start, prefix, begin.len())];
        while let Some((folder, path, level)) = next.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                if name.starts_with('.') {
                    continue;
                }
                let inner = if path.is_empty() { name } else { format!("{path}/{name}") };
                let is_folder = entry.path().is_dir();
                if is_folder != files && glob.is_match(&inner) {
                    found.push(inner.clone());
                }
                if is_folder && level + 1 < depth {
                    next.push((entry.path(), inner, level + 1));
                }
            }
        }
        found.sort();
        found
    }
}

/// A folder and those above it, as far as its name says.
fn inside(start: &Path) -> Vec<PathBuf> {
    let mut all = vec![start.to_owned()];
    if start.is_relative() && start != Path::new(".") {
        let above = start.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
        all.extend(above.map(Path::to_path_buf));
        all.push(PathBuf::from("."));
    } else if start.is_absolute() {
        all.extend(start.ancestors().skip(1).take(2).map(Path::to_path_buf));
    }
    all
}
