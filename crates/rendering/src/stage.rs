//! A copy of a chart in which its dependencies can be put, so that the user's folder stays as it is.
use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{
    Recipe, Refused, Settings,
    missing::{Dependency, dependencies, of_chart},
    program::{Failure, Run},
};

/// Neighbours have neighbours; a circle of them ends here.
const DEEPEST: usize = 8;

/// A chart that has all that it depends on.
pub struct Chart<'r> {
    /// Where the user has it.
    named: &'r Path,
    /// The copy that has what was missing; it goes when this is dropped.
    copy: Option<TempDir>,
    /// The neighbours that were put into it, by their names.
    neighbours: Vec<(String, PathBuf)>,
}

impl Chart<'_> {
    /// The folder that helm is given.
    pub fn folder(&self) -> PathBuf {
        self.copy.as_ref().map_or_else(|| self.named.to_owned(), |copy| copy.path().join(COPY))
    }

    /// Where the user has a file of the chart.
    pub fn file(&self, path: &str) -> PathBuf {
        let neighbour = self.neighbours.iter().find_map(|(name, folder)| {
            Some(folder.join(path.strip_prefix("charts/")?.strip_prefix(&**name)?.strip_prefix('/')?))
        });
        neighbour.unwrap_or_else(|| self.named.join(path))
    }
}

const COPY: &str = "chart";

/// Puts what a chart depends on into it: neighbours are copied, and others fetched where that is allowed.
pub fn complete<'r>(
    recipe: &'r Recipe,
    settings: &Settings,
    progress: &dyn Fn(String),
) -> Result<Chart<'r>, Refused> {
    let missing = dependencies(&recipe.folder);
    if missing.is_empty() {
        return Ok(Chart { named: &recipe.folder, copy: None, neighbours: Vec::new() });
    }
    let far: Vec<Dependency> = missing
        .iter()
        .filter(|one| one.neighbour(&recipe.folder).is_none_or(|path| !path.is_dir()))
        .cloned()
        .collect();
    if !far.is_empty() && !recipe.remote {
        return Err(Refused::Missing(of_chart(&recipe.folder, &far)));
    }
    let failed = |error: io::Error| {
        Refused::Failed(format!(
            "{}: the chart cannot be copied to add what it needs: {error}",
            recipe.folder.display()
        ))
    };
    let temporary = tempfile::tempdir().map_err(failed)?;
    let copy = temporary.path().join(COPY);
    copy_with_neighbours(&recipe.folder, &copy, 0).map_err(failed)?;
    if !far.is_empty() {
        fetch(&copy, recipe, settings, progress)?;
    }
    let neighbours =
        missing.iter().filter_map(|one| Some((one.name.clone(), one.neighbour(&recipe.folder)?)));
    Ok(Chart { named: &recipe.folder, copy: Some(temporary), neighbours: neighbours.collect() })
}

fn copy_with_neighbours(from: &Path, to: &Path, depth: usize) -> io::Result<()> {
    copy(from, to)?;
    if depth == DEEPEST {
        return Ok(());
    }
    for one in dependencies(from) {
        if let Some(neighbour) = one.neighbour(from).filter(|path| path.is_dir()) {
            copy_with_neighbours(&neighbour, &to.join("charts").join(file_name(&one.name)), depth + 1)?;
        }
    }
    Ok(())
}

/// A name that stays within a folder.
fn file_name(name: &str) -> String {
    name.replace(['/', '\\'], "_").trim_start_matches('.').to_owned()
}

/// Copies a folder. Links are followed to files, and not to folders.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            if entry.file_name() != ".git" {
                copy(&entry.path(), &target)?;
            }
        } else if fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_file()) {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// Has helm fetch what the copy lacks: as its lock file says, or else what its versions allow.
fn fetch(
    copy: &Path,
    recipe: &Recipe,
    settings: &Settings,
    progress: &dyn Fn(String),
) -> Result<(), Refused> {
    let run = |words: &[&str]| {
        Run { words, arguments: vec![copy.into()], remote: recipe.remote, settings, progress }.text()
    };
    progress(format!("fetching what the chart {} needs", recipe.folder.display()));
    match run(&["helm", "dependency", "build"]) {
        Err(Failure::Said(_)) => run(&["helm", "dependency", "update"])?,
        built => built?,
    };
    Ok(())
}
