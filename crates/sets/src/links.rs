//! Where paths lead with all links followed, each folder looked at once.
//!
//! Following the links of a whole path looks at every folder above it, so that a deep tree would be looked at again for
//! each of its levels.
use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

/// Paths without links, as far as they are known.
#[derive(Debug)]
pub struct Links {
    known: HashMap<PathBuf, PathBuf>,
    /// Follows all links of a path.
    follow: fn(&Path) -> io::Result<PathBuf>,
}

impl Default for Links {
    fn default() -> Self {
        Self::new(|path| fs::canonicalize(path))
    }
}

impl Links {
    pub fn new(follow: fn(&Path) -> io::Result<PathBuf>) -> Self {
        Self { known: HashMap::new(), follow }
    }

    /// Takes it as known where a path leads.
    pub fn know(&mut self, path: &Path, real: &Path) {
        self.known.insert(path.to_owned(), real.to_owned());
    }

    /// Where a path leads.
    ///
    /// # Errors
    /// When it leads nowhere.
    pub fn real(&mut self, path: &Path) -> io::Result<PathBuf> {
        // Upwards to a folder that is known, and down again.
        let mut below = Vec::new();
        let mut at = path;
        let mut real = loop {
            if let Some(known) = self.known.get(at) {
                break known.clone();
            }
            match (at.parent().filter(|parent| !parent.as_os_str().is_empty()), at.file_name()) {
                (Some(parent), Some(name)) => {
                    below.push((at, name));
                    at = parent;
                }
                _ => break self.follow(at)?,
            }
        };
        for (path, name) in below.into_iter().rev() {
            real = match fs::symlink_metadata(path)?.is_symlink() {
                true => self.follow(path)?,
                false => real.join(name),
            };
            self.know(path, &real);
        }
        Ok(real)
    }

    fn follow(&mut self, path: &Path) -> io::Result<PathBuf> {
        let real = (self.follow)(path)?;
        self.know(path, &real);
        Ok(real)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn paths_lead_where_the_system_says() {
        let tree = tempfile::tempdir().unwrap();
        let root = tree.path();
        fs::create_dir_all(root.join("a/b/c")).unwrap();
        fs::write(root.join("a/b/x.yaml"), "").unwrap();
        symlink("b", root.join("a/to-b")).unwrap();
        symlink(root.join("a"), root.join("to-a")).unwrap();
        symlink("gone", root.join("to-nothing")).unwrap();
        let mut links = Links::default();
        let paths = "|.|a|a/b/c|a/b/x.yaml|a/to-b|a/to-b/c|to-a/to-b/x.yaml|a/b/../to-b/c|to-a/..|to-a/../to-a/b|\
                     to-nothing|to-nothing/x|a/gone|a/b/x.yaml/y";
        for path in paths.split('|') {
            let path = root.join(path);
            assert_eq!(links.real(&path).ok(), fs::canonicalize(&path).ok(), "{}", path.display());
        }
    }
}
