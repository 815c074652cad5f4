//! Reading manifests: files, folders, standard input.
use std::{
    collections::BTreeSet,
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{FileName, Origins, package::Packaging, visible};

/// What to do about a Helm chart.
pub(crate) const HELM: &str =
    "install helm, which netloom then runs, or render it first: `helm template CHART | netloom … -`";
/// What to do about a kustomization.
pub(crate) const KUSTOMIZE: &str = "install kustomize or kubectl, which netloom then runs, or build it first: `kustomize build FOLDER | netloom … -`";

/// What stands for a value that was made up while manifests were rendered: a key or a password that is another one each
/// time, and in nobody's files. It may be a name, and is base64 too.
pub const GENERATED: &str = "generatedkey";

/// The largest source that is read. Positions are kept in 32 bits.
const LARGEST: u64 = 1 << 30;

/// One file's name, as the user named it, and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file; `<stdin>` for standard input.
    pub name: FileName,
    /// What is in it.
    pub text: Arc<str>,
}

impl Source {
    /// A source from a name and a text.
    #[must_use]
    pub fn new(name: &str, text: &str) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// What a program made, with where its lines come from.
    #[must_use]
    pub fn rendered(name: &str, text: &str, origins: Origins) -> Self {
        Self { name: FileName::rendered(name, origins), text: text.into() }
    }
}

/// Why the input could not be read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each variant says what it is")]
pub enum ReadError {
    #[error("nothing to read: name a file, a folder, or `-` for standard input")]
    Nothing,
    #[error("{}: no such file or folder; is it the right path, seen from {}?", shown(path), shown(current))]
    Missing { path: PathBuf, current: PathBuf },
    #[error("{}: cannot be read: {cause}{}", shown(path), permission_hint(cause))]
    Io { path: PathBuf, cause: io::Error },
    #[error(
        "{}: this is not UTF-8 text (byte {at} is the first that is not); save it as UTF-8, or leave it out",
        shown(path)
    )]
    NotText { path: PathBuf, at: usize },
    #[error("{}: larger than {} MiB; split it into several files", shown(path), LARGEST >> 20)]
    TooLarge { path: PathBuf },
    #[error(
        "{}: no manifests in this folder; files that end in .yaml, .yml or .json are read, hidden ones are not",
        shown(path)
    )]
    EmptyFolder { path: PathBuf },
    #[error("{}: this is a Helm chart, whose templates are not manifests yet; {HELM}", shown(path))]
    HelmChart { path: PathBuf },
}

fn shown(path: &Path) -> String {
    visible(&path.to_string_lossy()).into_owned()
}

fn permission_hint(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::PermissionDenied => "; may this user read it?",
        _ => "",
    }
}

/// The files that [`read_sources`] reads, and the folders whose change can add to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileList {
    /// Manifests in the order in which they are read; `-` stands for standard input.
    pub files: Vec<PathBuf>,
    /// The same files, with all links on the way followed.
    pub real: Vec<PathBuf>,
    /// Every folder walked, and the folder of every file named.
    pub folders: Vec<PathBuf>,
}

/// Lists the files that [`read_sources`] would read: files as named, folders walked in the order of their names.
/// Of a Helm chart inside of a folder only Chart.yaml is listed.
///
/// # Errors
/// When a path does not exist or cannot be listed, is a folder without manifests, or is a Helm chart.
pub fn list_files(paths: &[PathBuf]) -> Result<FileList, ReadError> {
    Walk::default().list(paths)
}

/// Reads files, folders (walked) and `-`, standard input.
///
/// # Errors
/// When a path does not exist, cannot be read, is not UTF-8 text, or is a folder without manifests.
pub fn read_sources(paths: &[PathBuf]) -> Result<Vec<Source>, ReadError> {
    list_files(paths)?.files.iter().map(|path| read_source(path)).collect()
}

#[derive(Default)]
struct Walk {
    list: FileList,
    /// What was listed already, by its real path: links and repeated arguments add nothing.
    seen: BTreeSet<PathBuf>,
}

impl Walk {
    fn list(mut self, paths: &[PathBuf]) -> Result<FileList, ReadError> {
        for path in paths {
            self.named(path)?;
        }
        if self.list.files.is_empty() {
            return Err(ReadError::Nothing);
        }
        Ok(self.list)
    }

    fn named(&mut self, path: &Path) -> Result<(), ReadError> {
        if path == Path::new("-") {
            self.file(path, path.to_owned());
            return Ok(());
        }
        let metadata = fs::metadata(path).map_err(|cause| unreadable(path, cause))?;
        if !metadata.is_dir() {
            let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            self.folder_once(folder);
            self.linked(path);
            return Ok(());
        }
        if is_chart(path) {
            return Err(ReadError::HelmChart { path: path.to_owned() });
        }
        let before = self.list.files.len();
        let known = self.seen.len();
        self.folder(path)?;
        // A folder whose files were all listed before is not empty.
        if self.list.files.len() == before && self.seen.len() <= known + 1 && !has_manifest(path) {
            return Err(ReadError::EmptyFolder { path: path.to_owned() });
        }
        Ok(())
    }

    fn folder(&mut self, path: &Path) -> Result<(), ReadError> {
        let real = fs::canonicalize(path).map_err(|cause| unreadable(path, cause))?;
        if !self.seen.insert(real.clone()) {
            return Ok(());
        }
        self.folder_once(path);
        if is_chart(path) {
            self.linked(&path.join("Chart.yaml"));
            return Ok(());
        }
        let entries = fs::read_dir(path).map_err(|cause| unreadable(path, cause))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|cause| unreadable(path, cause))?;
            names.push((entry.file_name(), entry.file_type().is_ok_and(|kind| kind.is_file())));
        }
        names.sort();
        for (name, plain) in names {
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let entry = path.join(&name);
            if plain {
                if is_manifest(&entry) {
                    self.file(&entry, real.join(&name));
                }
                continue;
            }
            match fs::metadata(&entry) {
                Ok(metadata) if metadata.is_dir() => self.folder(&entry)?,
                Ok(metadata) if metadata.is_file() && is_manifest(&entry) => self.linked(&entry),
                Ok(_) => {}
                // A link to nothing, or a file that went away while the folder was read.
                Err(cause) if is_manifest(&entry) && cause.kind() != io::ErrorKind::NotFound => {
                    return Err(unreadable(&entry, cause));
                }
                Err(_) => {}
            }
        }
        Ok(())
    }

    fn linked(&mut self, path: &Path) {
        self.file(path, fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()));
    }

    fn file(&mut self, path: &Path, real: PathBuf) {
        if self.seen.insert(real.clone()) {
            self.list.files.push(path.to_owned());
            self.list.real.push(real);
        }
    }

    fn folder_once(&mut self, path: &Path) {
        if !self.list.folders.iter().any(|f| f == path) {
            self.list.folders.push(path.to_owned());
        }
    }
}

fn has_manifest(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|e| is_manifest(&e.path())))
}

/// Whether a walk takes a file by its name.
#[must_use]
pub fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    matches!(extension.as_deref(), Some("yaml" | "yml" | "json"))
}

fn is_chart(folder: &Path) -> bool {
    Packaging::of(folder).is_some_and(|(kind, _)| kind == Packaging::Chart)
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

/// Reads one file, or standard input for `-`.
///
/// # Errors
/// When it cannot be read, is too large, or is not UTF-8 text.
pub fn read_source(path: &Path) -> Result<Source, ReadError> {
    let mut bytes = Vec::new();
    let (name, read) = if path == Path::new("-") {
        ("<stdin>".into(), io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes))
    } else {
        let file = fs::File::open(path).map_err(|cause| unreadable(path, cause))?;
        (path.to_string_lossy(), file.take(LARGEST + 1).read_to_end(&mut bytes))
    };
    read.map_err(|cause| unreadable(path, cause))?;
    if bytes.len() as u64 > LARGEST {
        return Err(ReadError::TooLarge { path: path.to_owned() });
    }
    let text = String::from_utf8(bytes).map_err(|error| ReadError::NotText {
        path: path.to_owned(),
        at: error.utf8_error().valid_up_to(),
    })?;
    Ok(Source { name: FileName::from(&*name), text: text.into() })
}
