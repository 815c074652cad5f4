//! What was made before, kept in files under the hash of what went into it.
//!
//! Manifests may hold Secrets. Only the user may read what is kept, and nothing is kept that is not in the user's own files
//! already: keys that a chart makes up are replaced, and Secrets of values that were given by `--set` are not kept.
use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use netloom_objects::{FileName, Origin, Origins, Source};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{Made, Recipe, kustomization::joined, path::way};

/// What all that is kept may come to.
const MOST: u64 = 256 << 20;

/// A folder for what was made before. It never fails: where nothing can be read or written, nothing is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    folder: PathBuf,
    most: u64,
}

/// One rendering. Paths are seen from the folder that it was made of.
#[derive(Serialize, Deserialize)]
struct Kept {
    sources: Vec<KeptSource>,
    notes: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct KeptSource {
    name: String,
    text: String,
    files: Vec<String>,
    lines: Vec<(u32, u32, i32)>,
    /// Names and texts.
    commented: Vec<(String, String)>,
}

/// Whether a rendering may be kept: not where a Secret may hold what was given on the command line.
pub fn may_be_kept(recipe: &Recipe, (sources, _): &Made) -> bool {
    recipe.set_values.is_empty()
        || !sources.iter().any(|source| source.text.lines().any(|line| line.trim_end() == "kind: Secret"))
}

impl Cache {
    /// The user's: `netloom` in `XDG_CACHE_HOME`, or in `~/.cache`.
    #[must_use]
    pub fn of_user() -> Option<Self> {
        let absolute =
            |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
        Some(Self::at(home.join("netloom/rendered"), MOST))
    }

    /// One in a folder, which may hold so many bytes.
    #[must_use]
    pub const fn at(folder: PathBuf, most: u64) -> Self {
        Self { folder, most }
    }

    pub(crate) fn get(&self, key: &str, folder: &Path) -> Option<Made> {
        let path = self.folder.join(key);
        if !is_own(&self.folder) {
            return None;
        }
        let text = fs::read_to_string(&path).ok()?;
        let Some(kept) = verified(&text) else {
            tracing::info!("{} is damaged, and made anew", path.display());
            // It is written again, or stays as useless as it is.
            let _useless = fs::remove_file(&path);
            return None;
        };
        // What is used stays the longest.
        let used = fs::File::options()
            .append(true)
            .open(&path)
            .and_then(|file| file.set_modified(SystemTime::now()));
        if let Err(error) = used {
            tracing::debug!("{}: {error}", path.display());
        }
        Some((kept.sources.into_iter().map(|source| source.restored(folder)).collect(), kept.notes))
    }

    pub(crate) fn put(&self, key: &str, folder: &Path, made: &Made) {
        if let Err(error) = self.write(key, folder, made).and_then(|()| self.bound()) {
            tracing::info!("{}: what was rendered is not kept: {error}", self.folder.display());
        }
    }

    fn write(&self, key: &str, folder: &Path, (sources, notes): &Made) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        if !is_own(&self.folder) {
            return Err(io::Error::other("others may use this folder"));
        }
        let sources = sources.iter().map(|source| KeptSource::of(source, folder)).collect();
        let content = serde_json::to_string(&Kept { sources, notes: notes.clone() })?;
        if content.len() as u64 > self.most / 4 {
            return Ok(());
        }
        // Readers see all of it or nothing.
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        writeln!(file, "{}", sum(&content))?;
        file.write_all(content.as_bytes())?;
        file.persist(self.folder.join(key))?;
        Ok(())
    }

    /// Takes away what was not used for the longest time, until a quarter is free.
    fn bound(&self) -> io::Result<()> {
        let mut all: Vec<(SystemTime, u64, PathBuf)> = fs::read_dir(&self.folder)?
            .flatten()
            .filter_map(|entry| {
                // What another process takes away meanwhile is no more.
                let metadata = entry.metadata().ok()?;
                Some((metadata.modified().ok()?, metadata.len(), entry.path()))
            })
            .collect();
        let mut size: u64 = all.iter().map(|(_, size, _)| size).sum();
        if size <= self.most {
            return Ok(());
        }
        all.sort();
        for (_, len, path) in all {
            if size <= self.most / 4 * 3 {
                break;
            }
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => size -= len,
            }
        }
        Ok(())
    }
}

/// Whether a folder is the user's, and nobody else may read or write in it.
fn is_own(folder: &Path) -> bool {
    let Ok(metadata) = fs::symlink_metadata(folder) else { return false };
    let own = metadata.is_dir() && metadata.uid() == nix::unistd::geteuid().as_raw();
    own && metadata.permissions().mode() & 0o077 == 0
}

fn sum(content: &str) -> String {
    format!("{:x}", Sha256::digest(content))
}

fn verified(text: &str) -> Option<Kept> {
    let (expected, content) = text.split_once('\n')?;
    (sum(content) == expected).then(|| serde_json::from_str(content).ok()).flatten()
}

impl KeptSource {
    fn of(source: &Source, folder: &Path) -> Self {
        let seen = |name: &str| way(folder, Path::new(name)).to_string_lossy().into_owned();
        let origins = source.name.origins().cloned().unwrap_or_default();
        Self {
            name: seen(&source.name),
            text: source.text.to_string(),
            files: origins.files.iter().map(|file| seen(file)).collect(),
            lines: origins.lines.iter().map(|line| (line.file, line.line, line.shift)).collect(),
            commented: origins
                .commented
                .iter()
                .map(|file| (seen(&file.name), file.text.to_string()))
                .collect(),
        }
    }

    fn restored(self, folder: &Path) -> Source {
        let named = |path: &str| joined(folder, path).to_string_lossy().into_owned();
        let lines = self.lines.into_iter().map(|(file, line, shift)| Origin { file, line, shift });
        let files = self.files.iter().map(|file| FileName::from(named(file))).collect();
        let commented = self.commented.iter().map(|(name, text)| Source::new(&named(name), text)).collect();
        let origins = Origins { files, lines: lines.collect(), commented };
        Source::rendered(&named(&self.name), &self.text, origins)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(text: &str) -> Made {
        let lines = vec![Origin { file: 1, line: 7, shift: -2 }];
        let files = vec!["k/prod/kustomization.yaml".into(), "k/base/a.yaml".into()];
        let commented = vec![Source::new("k/base/a.yaml", "# netloom: ignore[SV001] x\na: 1\n")];
        let source = Source::rendered("k/prod/<kustomize build>", text, Origins { files, lines, commented });
        (vec![source], vec!["a note".to_owned()])
    }

    #[test]
    fn what_is_kept_is_found_again_from_wherever_it_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().join("a/b"), 1 << 20);
        assert_eq!(cache.get("key", Path::new("k/prod")), None);
        cache.put("key", Path::new("k/prod"), &made("a: 1\n"));
        assert_eq!(cache.get("key", Path::new("k/prod")), Some(made("a: 1\n")));
        let (elsewhere, _) = cache.get("key", Path::new("/x/prod")).unwrap();
        assert_eq!(elsewhere[0].name, "/x/prod/<kustomize build>");
        let at = netloom_objects::Location { file: elsewhere[0].name.clone(), line: 1, column: 3 };
        assert_eq!(at.to_string(), "/x/base/a.yaml:7 → /x/prod/<kustomize build>:1");
        assert_eq!(cache.get("other", Path::new("k/prod")), None);
    }

    #[test]
    fn only_the_user_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().join("kept"), 1 << 20);
        cache.put("key", Path::new("k"), &made("a: 1\n"));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&cache.folder), mode(&cache.folder.join("key"))), (0o700, 0o600));
        // A folder that others may write in is not believed.
        fs::set_permissions(&cache.folder, fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(cache.get("key", Path::new("k")), None);
        cache.put("other", Path::new("k"), &made("a: 1\n"));
        assert!(!cache.folder.join("other").exists());
    }

    #[test]
    fn what_is_damaged_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().join("kept"), 1 << 20);
        let key = cache.folder.join("key");
        cache.put("key", Path::new("k"), &made("a: 1\n"));
        let whole = fs::read(&key).unwrap();
        for damage in
            [whole[..whole.len() - 1].to_vec(), Vec::new(), [&whole[..], b" "].concat(), vec![0xff; 100]]
        {
            fs::write(&key, damage).unwrap();
            assert_eq!(cache.get("key", Path::new("k")), None);
            cache.put("key", Path::new("k"), &made("a: 1\n"));
            assert!(cache.get("key", Path::new("k")).is_some());
        }
    }

    #[test]
    fn what_was_not_used_for_the_longest_time_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().join("kept"), 50_000);
        let text = "a".repeat(10_000);
        let age = |key: &str, seconds: u64| {
            let file = fs::File::options().append(true).open(cache.folder.join(key)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds)).unwrap();
        };
        for (nth, key) in ["1", "2", "3", "4"].into_iter().enumerate() {
            cache.put(key, Path::new("k"), &made(&text));
            age(key, nth as u64);
        }
        assert!(cache.get("1", Path::new("k")).is_some(), "and is used now");
        cache.put("5", Path::new("k"), &made(&text));
        let left = ["1", "2", "3", "4", "5"].map(|key| cache.folder.join(key).exists());
        assert_eq!(left, [true, false, false, true, true]);
    }

    #[test]
    fn secrets_of_given_values_are_not_kept() {
        let recipe = crate::Recipe::new(netloom_objects::Packaging::Chart, "x".into());
        let given = Recipe { set_values: vec!["password=x".to_owned()], ..recipe.clone() };
        let secret = made("apiVersion: v1\nkind: Secret\n");
        assert!(may_be_kept(&recipe, &secret));
        assert!(!may_be_kept(&given, &secret));
        assert!(may_be_kept(&given, &made("kind: Service\n")));
    }
}
