//! The files below what is watched, as they are now.
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::links::folders_to;

/// What tells that a file is another one, or was written.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    real: PathBuf,
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    /// Changes with every write, also where the time of modification is put back.
    changed: (i64, i64),
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let real = fs::canonicalize(path).ok()?;
        let metadata = fs::metadata(&real).ok()?;
        metadata.is_file().then(|| Self {
            real,
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Look {
    files: BTreeMap<PathBuf, Stamp>,
    /// Every folder in which a change can be one of the files.
    pub folders: BTreeSet<PathBuf>,
    /// Files that somebody is writing.
    unfinished: BTreeSet<PathBuf>,
}

impl Look {
    /// Whether a path is a file that was seen there, and not a link.
    pub fn is_plain(&self, path: &Path) -> bool {
        self.files.contains_key(path) && path.symlink_metadata().is_ok_and(|it| it.is_file())
    }

    pub fn begin(&mut self, path: &Path) {
        self.unfinished.insert(path.to_owned());
    }

    pub fn finish(&mut self, path: &Path) {
        self.unfinished.remove(path);
    }

    pub fn finish_all(&mut self) {
        self.unfinished.clear();
    }

    /// Looks at one file again; says whether it is another one now.
    pub fn renew(&mut self, path: &Path) -> bool {
        let now = Stamp::of(path);
        let before = match &now {
            Some(stamp) => self.files.insert(path.to_owned(), stamp.clone()),
            None => self.files.remove(path),
        };
        before != now
    }

    /// Takes over files that are being written as they were before.
    pub fn keep_unfinished(&mut self, before: &Self) {
        for path in &before.unfinished {
            match before.files.get(path) {
                Some(stamp) if self.files.contains_key(path) => {
                    self.files.insert(path.clone(), stamp.clone());
                }
                _ => {
                    self.files.remove(path);
                }
            }
        }
        self.unfinished.clone_from(&before.unfinished);
    }

    /// The files that are not as they were, by all their names.
    pub fn differences(&self, before: &Self) -> BTreeSet<PathBuf> {
        let mut changed = BTreeSet::new();
        let names: BTreeSet<&PathBuf> = self.files.keys().chain(before.files.keys()).collect();
        for name in names {
            let (old, new) = (before.files.get(name), self.files.get(name));
            if old != new {
                changed.insert(name.clone());
                changed.extend([old, new].into_iter().flatten().map(|stamp| stamp.real.clone()));
            }
        }
        changed
    }
}

/// The device and inode of a folder.
pub(super) fn identity(folder: &Path) -> Option<(u64, u64)> {
    let metadata = fs::metadata(folder).ok()?;
    metadata.is_dir().then(|| (metadata.dev(), metadata.ino()))
}

/// Looks at everything below the roots.
pub(super) fn look(roots: &[PathBuf]) -> Look {
    let mut look = Look::default();
    let mut walked = BTreeSet::new();
    for root in roots {
        look.folders.extend(folders_to(root));
        match fs::metadata(root) {
            Ok(metadata) if metadata.is_dir() => walk(root, &mut walked, &mut look),
            Ok(_) => look.take(root),
            Err(_) => {}
        }
    }
    look
}

impl Look {
    fn take(&mut self, path: &Path) {
        if let Some(stamp) = Stamp::of(path) {
            self.files.insert(path.to_owned(), stamp);
        }
    }
}

/// Every file counts that is not hidden: a kustomization or a chart is made of files of any name.
fn walk(root: &Path, walked: &mut BTreeSet<(u64, u64)>, look: &mut Look) {
    // Folders by hand, not by recursion: they may be nested as deep as somebody likes.
    let mut next = vec![root.to_owned()];
    while let Some(folder) = next.pop() {
        let Some(id) = identity(&folder) else { continue };
        // A link that leads back ends here.
        if !walked.insert(id) {
            continue;
        }
        look.folders.insert(folder.clone());
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_symlink()) {
                look.folders.extend(folders_to(&path));
            }
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() => next.push(path),
                Ok(metadata) if metadata.is_file() => look.take(&path),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_is_hidden_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in
            ["a.yaml", "b.txt", ".hidden.yaml", "app/kustomization.yaml", "app/patch.txt", "sub/c.json"]
        {
            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            fs::write(at(name), "").unwrap();
        }
        symlink("..", at("sub/back")).unwrap();
        let seen = look(&[folder.path().to_owned()]);
        let names: Vec<_> = seen
            .files
            .keys()
            .map(|path| path.strip_prefix(folder.path()).unwrap().to_str().unwrap())
            .collect();
        assert_eq!(names, ["a.yaml", "app/kustomization.yaml", "app/patch.txt", "b.txt", "sub/c.json"]);
    }

    #[test]
    fn every_kind_of_edit_is_a_difference() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let roots = [folder.path().to_owned()];
        let steps: [(&str, &dyn Fn()); 6] = [
            ("written", &|| fs::write(at("a.yaml"), "one").unwrap()),
            ("written again", &|| fs::write(at("a.yaml"), "two").unwrap()),
            ("replaced by an older file", &|| {
                fs::write(at("new"), "two").unwrap();
                let old = fs::metadata(at("a.yaml")).unwrap().modified().unwrap();
                fs::File::options().write(true).open(at("new")).unwrap().set_modified(old).unwrap();
                fs::rename(at("new"), at("a.yaml")).unwrap();
            }),
            ("linked", &|| {
                fs::rename(at("a.yaml"), at("target")).unwrap();
                symlink("target", at("a.yaml")).unwrap();
            }),
            ("behind the link", &|| fs::write(at("target"), "three").unwrap()),
            ("removed", &|| fs::remove_file(at("a.yaml")).unwrap()),
        ];
        let mut before = look(&roots);
        for (step, edit) in steps {
            edit();
            let now = look(&roots);
            assert!(now.differences(&before).contains(&at("a.yaml")), "{step}");
            assert!(look(&roots).differences(&now).is_empty(), "{step}");
            before = now;
        }
    }

    #[test]
    fn what_is_being_written_is_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let (file, new) = (folder.path().join("a.yaml"), folder.path().join("b.yaml"));
        fs::write(&file, "one").unwrap();
        let roots = [folder.path().to_owned()];
        let mut before = look(&roots);
        for path in [&file, &new] {
            before.begin(path);
            fs::write(path, "half").unwrap();
        }
        let mut now = look(&roots);
        now.keep_unfinished(&before);
        assert!(now.differences(&before).is_empty());
        for path in [&file, &new] {
            now.finish(path);
            assert!(now.renew(path));
        }
    }
}
