//! Walks a tree once: the folders that programs make manifests of, and the plain manifests beside them.
use std::{
    collections::{BTreeSet, HashMap},
    fs, io,
    path::{Path, PathBuf},
};

use netloom_objects::{ReadError, is_manifest};

use crate::{
    links::Links,
    package::{Package, Role},
};

/// A manifest that is read as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plain {
    /// The file, as it is named or found; `-` for standard input.
    pub path: PathBuf,
    /// The same with all links on the way followed.
    pub real: PathBuf,
    /// Which of the paths led to it.
    pub nth: usize,
    /// Whether the file was named itself.
    pub named: bool,
}

/// A package in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packaged {
    /// The package.
    pub package: Package,
    /// Its folder with all links on the way followed.
    pub real: PathBuf,
    /// The folders that it uses, likewise.
    uses: Vec<PathBuf>,
}

/// What there is at some paths.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// The paths.
    pub paths: Vec<PathBuf>,
    /// Every folder that a program makes manifests of, parts too.
    pub packages: Vec<Packaged>,
    /// Manifests that no package holds or names.
    pub plain: Vec<Plain>,
    /// Every folder walked, and the folder of every file named.
    pub folders: Vec<PathBuf>,
}

impl Survey {
    /// Walks paths: files as they are named, folders in the order of their names. Hidden files are left out, and files
    /// that do not end as manifests do.
    ///
    /// # Errors
    /// When a path does not exist or cannot be listed, or is a folder without manifests.
    pub fn of(paths: &[PathBuf]) -> Result<Self, ReadError> {
        Self::with(paths, Links::default())
    }

    fn with(paths: &[PathBuf], links: Links) -> Result<Self, ReadError> {
        let survey = Self { paths: paths.to_vec(), ..Self::default() };
        let mut walk = Walk { survey, links, seen: BTreeSet::new(), listed: BTreeSet::new(), nth: 0 };
        for (nth, path) in paths.iter().enumerate() {
            walk.nth = nth;
            walk.named(path)?;
        }
        if walk.survey.plain.is_empty() && walk.survey.packages.is_empty() {
            return Err(ReadError::Nothing);
        }
        walk.leave_parts();
        Ok(walk.survey)
    }

    /// The packages that are deployed by themselves: named, or used by no other one.
    #[must_use]
    pub fn tops(&self) -> Vec<&Packaged> {
        let all = &self.packages;
        let used: BTreeSet<&PathBuf> = all.iter().flat_map(|packaged| &packaged.uses).collect();
        let is_top = |packaged: &Packaged| {
            packaged.package.named || (packaged.package.role.is_whole() && !used.contains(&packaged.real))
        };
        let mut tops: Vec<usize> = (0..all.len()).filter(|nth| is_top(&all[*nth])).collect();
        // Of kustomizations that use one another in a circle one is taken, so that the program can say so.
        let mut at: HashMap<&PathBuf, Vec<usize>> = HashMap::new();
        for (nth, packaged) in all.iter().enumerate() {
            at.entry(&packaged.real).or_default().push(nth);
        }
        let mut reached: BTreeSet<usize> = BTreeSet::new();
        let mut next = tops.clone();
        for nth in 0..=all.len() {
            while let Some(nth) = next.pop() {
                if reached.insert(nth) {
                    next.extend(all[nth].uses.iter().filter_map(|folder| at.get(folder)).flatten());
                }
            }
            if nth < all.len() && !reached.contains(&nth) && all[nth].package.role.is_whole() {
                tops.push(nth);
                next.push(nth);
            }
        }
        tops.sort_unstable();
        tops.into_iter().map(|nth| &all[nth]).collect()
    }
}

struct Walk {
    survey: Survey,
    links: Links,
    /// What was listed already, by its real path: links and repeated arguments add nothing.
    seen: BTreeSet<PathBuf>,
    /// The folders that are listed already.
    listed: BTreeSet<PathBuf>,
    nth: usize,
}

impl Walk {
    fn named(&mut self, path: &Path) -> Result<(), ReadError> {
        if path == Path::new("-") {
            self.file(path, path.to_owned(), true);
            return Ok(());
        }
        let metadata = fs::metadata(path).map_err(|cause| unreadable(path, cause))?;
        if !metadata.is_dir() {
            let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            self.folder_once(folder);
            self.linked(path, true);
            return Ok(());
        }
        let before = self.survey.plain.len() + self.survey.packages.len();
        let known = self.seen.len();
        self.folder(path, None, true, true)?;
        // A folder whose files were all listed before is not empty.
        let found = self.survey.plain.len() + self.survey.packages.len();
        if found == before && self.seen.len() <= known + 1 && !has_manifest(path) {
            return Err(ReadError::EmptyFolder { path: path.to_owned() });
        }
        Ok(())
    }

    /// Walks a folder. Below a kustomization no file is a manifest by itself, but other packages may stand there.
    /// `real` is its path without links, where that is known.
    fn folder(
        &mut self,
        path: &Path,
        real: Option<PathBuf>,
        named: bool,
        plain: bool,
    ) -> Result<(), ReadError> {
        let real = match real {
            Some(real) => real,
            None => self.links.real(path).map_err(|cause| unreadable(path, cause))?,
        };
        self.links.know(path, &real);
        if !self.seen.insert(real.clone()) {
            return Ok(());
        }
        self.folder_once(path);
        let mut plain = plain;
        if let Some(package) = Package::of(path, named) {
            let role = package.role;
            let uses = package.uses.iter().filter_map(|folder| self.links.real(folder).ok()).collect();
            self.survey.packages.push(Packaged { package, real: real.clone(), uses });
            if matches!(role, Role::Chart | Role::Library) {
                return Ok(());
            }
            plain = false;
        }
        let entries = fs::read_dir(path).map_err(|cause| unreadable(path, cause))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|cause| unreadable(path, cause))?;
            names.push((entry.file_name(), entry.file_type().ok()));
        }
        names.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, kind) in names {
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let entry = path.join(&name);
            if kind.is_some_and(|kind| kind.is_dir()) {
                self.folder(&entry, Some(real.join(&name)), false, plain)?;
                continue;
            }
            if kind.is_some_and(|kind| kind.is_file()) {
                if plain && is_manifest(&entry) {
                    self.file(&entry, real.join(&name), false);
                }
                continue;
            }
            match fs::metadata(&entry) {
                Ok(metadata) if metadata.is_dir() => self.folder(&entry, None, false, plain)?,
                Ok(metadata) if metadata.is_file() && plain && is_manifest(&entry) => {
                    self.linked(&entry, false)
                }
                Ok(_) => {}
                // A link to nothing, or a file that went away while the folder was read.
                Err(cause) if plain && is_manifest(&entry) && cause.kind() != io::ErrorKind::NotFound => {
                    return Err(unreadable(&entry, cause));
                }
                Err(_) => {}
            }
        }
        Ok(())
    }

    fn linked(&mut self, path: &Path, named: bool) {
        let real = self.links.real(path).unwrap_or_else(|_| path.to_owned());
        self.file(path, real, named);
    }

    /// Takes out the plain files that a package is made of.
    fn leave_parts(&mut self) {
        let files = self.survey.packages.iter().flat_map(|packaged| &packaged.package.files);
        let parts: BTreeSet<PathBuf> = files.filter_map(|file| self.links.real(file).ok()).collect();
        if !parts.is_empty() {
            self.survey.plain.retain(|plain| plain.named || !parts.contains(&plain.real));
        }
    }

    fn file(&mut self, path: &Path, real: PathBuf, named: bool) {
        if self.seen.insert(real.clone()) {
            self.survey.plain.push(Plain { path: path.to_owned(), real, nth: self.nth, named });
        }
    }

    fn folder_once(&mut self, path: &Path) {
        if self.listed.insert(path.to_owned()) {
            self.survey.folders.push(path.to_owned());
        }
    }
}

fn has_manifest(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|e| is_manifest(&e.path())))
}

fn unreadable(path: &Path, cause: io::Error) -> ReadError {
    match cause.kind() {
        io::ErrorKind::NotFound => {
            let current = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
            ReadError::Missing { path: path.to_owned(), current }
        }
        _ => ReadError::Io { path: path.to_owned(), cause },
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static FOLLOWED: Cell<usize> = const { Cell::new(0) };
    }

    /// What there is at a path, and how many whole paths were followed for it.
    fn counted(path: &Path) -> (Survey, usize) {
        FOLLOWED.set(0);
        let links = Links::new(|path| {
            FOLLOWED.set(FOLLOWED.get() + 1);
            fs::canonicalize(path)
        });
        (Survey::with(&[path.to_owned()], links).unwrap(), FOLLOWED.get())
    }

    #[test]
    fn whole_paths_are_followed_once_however_deep_a_tree_is() {
        const LEVELS: usize = 300;
        for (kustomized, plain, packages) in [(false, LEVELS, 0), (true, 0, LEVELS)] {
            let tree = tempfile::tempdir().unwrap();
            let mut folder = tree.path().to_owned();
            for level in 1..=LEVELS {
                folder.push("d");
                fs::create_dir(&folder).unwrap();
                fs::write(folder.join("a.yaml"), "x: 1\n").unwrap();
                let base = if level < LEVELS { ", d" } else { "" };
                if kustomized {
                    let text = format!("resources: [a.yaml{base}]\n");
                    fs::write(folder.join("kustomization.yaml"), text).unwrap();
                }
            }
            let (survey, followed) = counted(tree.path());
            assert_eq!((survey.plain.len(), survey.packages.len()), (plain, packages));
            assert_eq!(survey.tops().len(), packages.min(1));
            // The root; the number of its own folders is the machine's.
            let above = tree.path().components().count();
            assert!(followed <= above, "{followed} paths were followed");
        }
    }

    #[test]
    fn what_is_used_is_found_through_links_and_circles() {
        let tree = tempfile::tempdir().unwrap();
        for (folder, uses) in
            [("base", ""), ("prod", "../to-base"), ("a", "../b"), ("b", "../a"), ("unused", "")]
        {
            fs::create_dir(tree.path().join(folder)).unwrap();
            let text = format!("resources: [{uses}]\n");
            fs::write(tree.path().join(folder).join("kustomization.yaml"), text).unwrap();
        }
        std::os::unix::fs::symlink("base", tree.path().join("to-base")).unwrap();
        let survey = Survey::of(&[tree.path().to_owned()]).unwrap();
        let tops: Vec<&str> = survey.tops().iter().filter_map(|top| top.real.file_name()?.to_str()).collect();
        assert_eq!(tops, ["a", "prod", "unused"]);
    }
}
