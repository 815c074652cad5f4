//! What was read before, for the next reading of the same paths.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use netloom_objects::{ParsedSource, ReadError, Source, parse_sources, read_source};
use netloom_sets::Build;

use super::make::{Made, real};

/// Parsed files and built packages.
#[derive(Debug, Default)]
pub struct Cache {
    files: HashMap<PathBuf, File>,
    builds: HashMap<Build, (Made, Vec<Stamp>)>,
    trust: Trust,
    /// Texts that stand over those on disk, by the real path, with the names that they go by.
    open: BTreeMap<PathBuf, (PathBuf, Arc<str>)>,
}

#[derive(Debug)]
struct File {
    real: PathBuf,
    parsed: Arc<ParsedSource>,
    /// Whether it was read for what is being loaded now.
    fresh: bool,
    /// Whether it was edited since, or touched at least.
    touched: bool,
    stamp: Option<Stamp>,
}

/// When what is known of a file still holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Trust {
    /// Until it is forgotten.
    #[default]
    Known,
    /// Where the text is the same.
    Compared,
    /// Where the file is the same, as far as the file system says.
    Stamped,
}

/// Device, number, length, and when it was changed: while that is the same, so is the text.
type Stamp = ([u64; 3], [i64; 4]);

impl Cache {
    /// For another revision of the same paths: a file is taken from here where its text is the same.
    pub fn for_comparison(mut self) -> Self {
        self.builds.clear();
        self.files.remove(Path::new("-"));
        self.files.values_mut().for_each(|file| file.fresh = false);
        self.trust = Trust::Compared;
        self
    }

    /// For the next look at the same paths, with what an editor has open over what is on disk.
    pub fn for_editor(mut self, open: &BTreeMap<PathBuf, Arc<str>>) -> Self {
        self.trust = Trust::Stamped;
        self.open = open.iter().map(|(path, text)| (real(path), (path.clone(), text.clone()))).collect();
        self.files.values_mut().for_each(|file| file.fresh = false);
        self.builds.retain(|_, (made, stamps)| *stamps == stamps_of(&made.inputs));
        self
    }

    /// Forgets what edited files went into, by their real paths. A file whose text turns out to be the same is the one
    /// that it was.
    pub fn forget(&mut self, changed: &BTreeSet<PathBuf>) {
        self.files.retain(|path, file| {
            let hit = changed.contains(&file.real) || changed.contains(path);
            file.touched |= hit;
            path.as_os_str() == "-" || !hit || path.exists()
        });
        let is_hit = |input: &PathBuf| changed.iter().any(|changed| changed.starts_with(input));
        self.builds.retain(|_, (made, _)| !made.inputs.iter().any(is_hit));
    }

    /// Reads files that are not known. Returns those that were read now.
    pub fn read<'p>(
        &mut self,
        wanted: impl Iterator<Item = (&'p Path, PathBuf)>,
    ) -> Result<Vec<Arc<ParsedSource>>, ReadError> {
        let mut unread: Vec<(PathBuf, PathBuf, Option<Stamp>)> = Vec::new();
        let mut texts = Vec::new();
        let mut seen = BTreeSet::new();
        for (path, real) in wanted {
            if !seen.insert(path.to_owned()) {
                continue;
            }
            let stamp = (self.trust == Trust::Stamped).then(|| stamp(path)).flatten();
            let open = self.open.get(&real);
            let known = self.files.get_mut(path);
            if let Some(file) = &known
                && !file.touched
                && (file.fresh
                    || self.trust == Trust::Known
                    || (open.is_none() && stamp.is_some() && file.stamp == stamp))
            {
                continue;
            }
            let source = match open {
                Some((name, text)) => Source { name: (&*name.to_string_lossy()).into(), text: text.clone() },
                None => match read_source(path) {
                    // It went away since it was listed.
                    Err(ReadError::Missing { .. }) if self.trust == Trust::Stamped => continue,
                    read => read?,
                },
            };
            match known {
                Some(file)
                    if file.parsed.source.text == source.text && file.parsed.source.name == source.name =>
                {
                    (file.fresh, file.touched) = (true, false);
                    file.stamp = stamp.filter(|_| open.is_none());
                }
                _ => {
                    unread.push((path.to_owned(), real, stamp.filter(|_| open.is_none())));
                    texts.push(source);
                }
            }
        }
        let parsed = parse_sources(&texts);
        for ((path, real, stamp), parsed) in unread.into_iter().zip(&parsed) {
            let parsed = parsed.clone();
            self.files.insert(path, File { real, parsed, fresh: true, touched: false, stamp });
        }
        Ok(parsed)
    }

    pub fn file(&self, path: &Path) -> Option<&Arc<ParsedSource>> {
        self.files.get(path).map(|file| &file.parsed)
    }

    pub fn made(&self, build: &Build) -> Option<&Made> {
        self.builds.get(build).map(|(made, _)| made)
    }

    pub fn keep(&mut self, build: Build, made: Made) {
        let stamps = if self.trust == Trust::Stamped { stamps_of(&made.inputs) } else { Vec::new() };
        self.builds.insert(build, (made, stamps));
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    fs::metadata(path).ok().as_ref().map(stamp_of)
}

fn stamp_of(m: &fs::Metadata) -> Stamp {
    ([m.dev(), m.ino(), m.len()], [m.mtime(), m.mtime_nsec(), m.ctime(), m.ctime_nsec()])
}

/// The stamps of everything at and below some paths. Another file comes with another stamp of its folder.
fn stamps_of(inputs: &[PathBuf]) -> Vec<Stamp> {
    let mut stamps = Vec::new();
    let mut next: Vec<PathBuf> = inputs.to_vec();
    while let Some(path) = next.pop() {
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        stamps.push(stamp_of(&metadata));
        if metadata.is_dir() {
            let entries = fs::read_dir(&path).into_iter().flatten().flatten();
            let hidden = |entry: &fs::DirEntry| entry.file_name().as_encoded_bytes().starts_with(b".");
            next.extend(entries.filter(|entry| !hidden(entry)).map(|entry| entry.path()));
        }
    }
    stamps.sort_unstable();
    stamps
}
