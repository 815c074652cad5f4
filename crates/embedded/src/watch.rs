//! Watching the folders of manifests for edits.
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Instant,
};

use notify::{
    EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode, ModifyKind},
};
use tokio::sync::mpsc;

use crate::EmbeddedError;

/// Files that were edited, made or removed together.
#[derive(Clone, Debug)]
pub struct Changed {
    /// Their paths.
    pub paths: BTreeSet<PathBuf>,
    /// When the first of the events came.
    pub at: Instant,
}

/// Watches files and folders.
pub struct Watcher {
    _watcher: RecommendedWatcher,
    events: mpsc::UnboundedReceiver<(PathBuf, Instant)>,
}

impl Watcher {
    /// Starts to watch these files and folders (with all that is in them).
    ///
    /// # Errors
    /// When the system watches no more files.
    pub fn new(paths: impl IntoIterator<Item = impl AsRef<Path>>) -> Result<Self, EmbeddedError> {
        let (tell, events) = mpsc::unbounded_channel();
        let failed = |error: notify::Error| {
            let hint = "watching for edits (fs.inotify.max_user_watches may be too low)";
            EmbeddedError::io(hint)(std::io::Error::other(error))
        };
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            if is_complete(&event.kind) {
                let at = Instant::now();
                for path in event.paths {
                    // Nobody listens any more when the network ends.
                    drop(tell.send((path, at)));
                }
            }
        })
        .map_err(failed)?;
        for path in paths {
            // Editors replace files: the folder is watched, not the file.
            let path = path.as_ref();
            let folder = if path.is_dir() {
                path
            } else {
                path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
            };
            let mode = if path.is_dir() { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
            watcher.watch(folder, mode).map_err(failed)?;
        }
        Ok(Self { _watcher: watcher, events })
    }

    /// Waits for the next edit, and takes with it those that came at the same moment. `None` when watching ended.
    pub async fn next(&mut self) -> Option<Changed> {
        let (path, at) = self.events.recv().await?;
        let mut paths = BTreeSet::from([path]);
        // What is queued already belongs to the same save.
        while let Ok((path, _)) = self.events.try_recv() {
            paths.insert(path);
        }
        Some(Changed { paths, at })
    }
}

/// Whether a file is whole after the event: closed after writing, moved into place, or gone.
fn is_complete(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Modify(ModifyKind::Name(_))
            | EventKind::Remove(_)
    )
}
