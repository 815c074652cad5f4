//! Watching manifests for edits, in whatever way files change: written in place, replaced, linked to something else,
//! copied with their folder, or behind links that are swapped as ConfigMap volumes and git-sync swap them.
//!
//! The kernel's events only wake: what changed is found by looking at the files again, so that an event that is lost or
//! strange changes nothing about what is found.
mod links;
mod look;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Instant,
};

use notify::{
    EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode, CreateKind, ModifyKind},
};
use tokio::sync::mpsc;

use crate::EmbeddedError;
use look::{Look, identity, look};

/// Files that were edited, made or removed together.
#[derive(Clone, Debug)]
pub struct Changed {
    /// Their paths, as they are found below what is watched, and the files that links lead to.
    pub paths: BTreeSet<PathBuf>,
    /// When the first of the events came.
    pub at: Instant,
}

/// Watches files and folders.
pub struct Watcher {
    roots: Vec<PathBuf>,
    kernel: RecommendedWatcher,
    /// The folders that the kernel watches, each by its device and inode.
    watched: BTreeMap<PathBuf, (u64, u64)>,
    events: mpsc::UnboundedReceiver<(Woken, Instant)>,
    seen: Look,
}

/// What the kernel said.
#[derive(Debug)]
enum Woken {
    /// A file is whole: closed after writing.
    Written(PathBuf),
    /// A file is being written, and will be closed.
    Begun(PathBuf),
    /// These names came, went or moved: whatever is there now is whole.
    Named(Vec<PathBuf>),
    /// Events were lost.
    Lost,
}

impl Watcher {
    /// Starts to watch these files and folders (with all that is in them). What is not there yet is waited for.
    ///
    /// # Errors
    /// When the system watches no more files, naming the folder whose edits would not be seen.
    pub fn new(paths: impl IntoIterator<Item = impl AsRef<Path>>) -> Result<Self, EmbeddedError> {
        let (tell, events) = mpsc::unbounded_channel();
        let kernel = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let at = Instant::now();
            // Nobody listens any more when the network ends.
            let mut say = |woken| drop(tell.send((woken, at)));
            match event {
                Ok(event) => classify(&event, &mut say),
                Err(_) => say(Woken::Lost),
            }
        })
        .map_err(|error| blind(Path::new("anything"), error))?;
        let roots = paths.into_iter().map(|path| path.as_ref().to_owned()).collect();
        let mut watcher = Self { roots, kernel, watched: BTreeMap::new(), events, seen: Look::default() };
        watcher.seen = watcher.look_and_watch()?;
        Ok(watcher)
    }

    /// Waits for the next edit, and takes with it those that came at the same moment. `None` when watching ended.
    ///
    /// # Errors
    /// When the system watches no more files, naming the folder whose edits are not seen from now on.
    pub async fn next(&mut self) -> Result<Option<Changed>, EmbeddedError> {
        loop {
            let Some((first, at)) = self.events.recv().await else { return Ok(None) };
            let mut woken = vec![first];
            // What is queued already belongs to the same save.
            while let Ok((more, _)) = self.events.try_recv() {
                woken.push(more);
            }
            let paths = self.what_changed(&woken)?;
            if !paths.is_empty() {
                return Ok(Some(Changed { paths, at }));
            }
        }
    }

    /// Holds the files against what they were.
    fn what_changed(&mut self, woken: &[Woken]) -> Result<BTreeSet<PathBuf>, EmbeddedError> {
        let known = |path: &Path| self.seen.is_plain(path);
        let only_writes = woken.iter().all(|woken| match woken {
            Woken::Written(path) => known(path),
            Woken::Begun(_) => true,
            Woken::Named(_) | Woken::Lost => false,
        });
        for event in woken {
            match event {
                Woken::Begun(path) => self.seen.begin(path),
                Woken::Written(path) => self.seen.finish(path),
                Woken::Named(paths) => paths.iter().for_each(|path| self.seen.finish(path)),
                // An event that was lost may have been the end of writing.
                Woken::Lost => self.seen.finish_all(),
            }
        }
        if only_writes {
            let mut changed = BTreeSet::new();
            for event in woken {
                if let Woken::Written(path) = event
                    && self.seen.renew(path)
                {
                    changed.insert(path.clone());
                }
            }
            return Ok(changed);
        }
        let mut now = self.look_and_watch()?;
        now.keep_unfinished(&self.seen);
        let changed = now.differences(&self.seen);
        self.seen = now;
        Ok(changed)
    }

    /// Looks at all files, and has the kernel watch every folder on the way there. A folder is watched before it is looked
    /// into, so that what comes later is told.
    fn look_and_watch(&mut self) -> Result<Look, EmbeddedError> {
        loop {
            let now = look(&self.roots);
            if !self.watch(&now.folders)? {
                return Ok(now);
            }
        }
    }

    /// Says whether there was anything new to watch.
    fn watch(&mut self, folders: &BTreeSet<PathBuf>) -> Result<bool, EmbeddedError> {
        let gone: Vec<PathBuf> = self
            .watched
            .iter()
            .filter(|(folder, id)| !folders.contains(*folder) || identity(folder) != Some(**id))
            .map(|(folder, _)| folder.clone())
            .collect();
        for folder in gone {
            self.watched.remove(&folder);
            // A folder that is gone is not watched any more by itself.
            let _ = self.kernel.unwatch(&folder);
        }
        let mut new = false;
        for folder in folders.iter().filter(|folder| !self.watched.contains_key(*folder)).collect::<Vec<_>>()
        {
            let Some(id) = identity(folder) else { continue };
            match self.kernel.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => {}
                // It went away meanwhile.
                Err(_) if identity(folder).is_none() => continue,
                Err(error) => return Err(blind(folder, error)),
            }
            self.watched.insert(folder.clone(), id);
            new = true;
        }
        Ok(new)
    }
}

fn blind(folder: &Path, error: notify::Error) -> EmbeddedError {
    let doing = format!(
        "watching {} for edits, which are not seen then (fs.inotify.max_user_watches may be too low)",
        folder.display()
    );
    EmbeddedError::io(doing)(std::io::Error::other(error))
}

/// What an event means. Reading a file means nothing.
fn classify(event: &notify::Event, say: &mut impl FnMut(Woken)) {
    let paths = || event.paths.iter().cloned();
    if event.need_rescan() {
        return say(Woken::Lost);
    }
    match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => paths().map(Woken::Written).for_each(say),
        EventKind::Access(_) => {}
        EventKind::Modify(ModifyKind::Data(_)) => paths().map(Woken::Begun).for_each(say),
        // Permissions and times, unless they make a file readable; links to a file count as such, too.
        EventKind::Modify(ModifyKind::Metadata(_)) => say(Woken::Named(Vec::new())),
        // A new file is closed later; a new link or folder never is.
        EventKind::Create(CreateKind::File) => {
            for path in paths() {
                let open = path.symlink_metadata().is_ok_and(|it| it.is_file() && is_only_name(&it));
                say(if open { Woken::Begun(path) } else { Woken::Named(vec![path]) });
            }
        }
        _ => say(Woken::Named(event.paths.clone())),
    }
}

fn is_only_name(metadata: &std::fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(metadata) == 1
}
