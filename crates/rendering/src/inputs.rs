//! What goes into a rendering, as one hash: the recipe, the program, and every file that it may read.
use std::{
    collections::BTreeSet,
    fs,
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use netloom_objects::Packaging;
use sha2::{Digest as _, Sha256};

use crate::{
    Recipe, helm,
    kustomization::{closure, joined},
    kustomize,
    missing::dependencies,
    path::way,
};

/// The form of what is kept, and what this program makes of the same output.
const FORM: &str = concat!("netloom ", env!("CARGO_PKG_VERSION"), " form 2");
/// Folders with more files, or more in them, are not gone through each time.
const MOST_FILES: usize = 50_000;
const MOST_BYTES: u64 = 1 << 30;
/// Neighbours of neighbours of a chart.
const DEEPEST: usize = 8;

/// The name of what comes of a recipe; nothing where that cannot be known from its inputs.
pub fn key(recipe: &Recipe) -> Option<String> {
    let mut sum =
        Sum { sha: Sha256::new(), from: recipe.folder.clone(), files: 0, bytes: 0, seen: BTreeSet::new() };
    sum.text(FORM);
    let (programs, name) = match recipe.kind {
        Packaging::Kustomization => (["kustomize", "kubectl"].as_slice(), kustomize::NAME),
        Packaging::Chart => (["helm"].as_slice(), helm::NAME),
    };
    sum.text(name);
    sum.text(&programs.iter().find_map(|name| program(name))?);
    for part in helm::settings(recipe) {
        sum.text(&part);
    }
    let mut folders = vec![recipe.folder.clone()];
    match recipe.kind {
        Packaging::Kustomization => {
            // Charts of a kustomization are rendered by helm.
            sum.text(&program("helm").unwrap_or_default());
            for part in closure(&recipe.folder) {
                let named = part.entries().map(|(entry, _)| joined(&part.folder, entry));
                folders.extend(named.filter(|path| path.is_dir()));
                folders.push(part.folder);
            }
        }
        Packaging::Chart => neighbours(&recipe.folder, 0, &mut folders),
    }
    folders.sort();
    folders.dedup();
    for folder in folders {
        sum.folder(&folder).ok()?;
    }
    for file in &recipe.values {
        sum.file(file).ok()?;
    }
    Some(format!("{:x}", sum.sha.finalize()))
}

/// A program and its version, as far as a file shows it.
fn program(name: &str) -> Option<String> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())?;
    let metadata = fs::metadata(&found).ok()?;
    Some(format!("{} {} {}.{}", found.display(), metadata.len(), metadata.mtime(), metadata.mtime_nsec()))
}

fn neighbours(chart: &Path, depth: usize, folders: &mut Vec<PathBuf>) {
    for folder in
        dependencies(chart).iter().filter_map(|one| one.neighbour(chart)).filter(|path| path.is_dir())
    {
        if depth < DEEPEST {
            neighbours(&folder, depth + 1, folders);
        }
        folders.push(folder);
    }
}

struct Sum {
    sha: Sha256,
    /// Paths are seen from here: the same files elsewhere are the same.
    from: PathBuf,
    files: usize,
    bytes: u64,
    seen: BTreeSet<PathBuf>,
}

impl Sum {
    /// Texts one after the other are told apart by their lengths.
    fn text(&mut self, text: &str) {
        self.sha.update(text.len().to_le_bytes());
        self.sha.update(text);
    }

    fn folder(&mut self, folder: &Path) -> io::Result<()> {
        if !self.seen.insert(fs::canonicalize(folder)?) {
            return Ok(());
        }
        let mut entries: Vec<PathBuf> =
            fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
        entries.sort();
        for entry in entries {
            if entry.file_name().is_some_and(|name| name == ".git") {
                continue;
            }
            match fs::metadata(&entry) {
                Ok(metadata) if metadata.is_dir() => self.folder(&entry)?,
                Ok(metadata) if metadata.is_file() => self.file(&entry)?,
                // A link to nothing, a socket: nobody can read it.
                _ => {}
            }
        }
        Ok(())
    }

    fn file(&mut self, file: &Path) -> io::Result<()> {
        self.files += 1;
        let metadata = fs::metadata(file)?;
        self.bytes = self.bytes.saturating_add(metadata.len());
        if self.files > MOST_FILES || self.bytes > MOST_BYTES {
            return Err(io::Error::other("too much to go through"));
        }
        let seen = way(&joined(&self.from, ""), &joined(Path::new(""), file));
        self.text(&seen.to_string_lossy());
        let mut content = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
        fs::File::open(file)?.take(MOST_BYTES).read_to_end(&mut content)?;
        self.sha.update(content.len().to_le_bytes());
        self.sha.update(&content);
        Ok(())
    }
}
