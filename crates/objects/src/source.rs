//! Reading manifests: files, folders, standard input.
use std::{
    collections::{BTreeSet, HashSet},
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

/// The largest source that is read: what is made of a text takes some 25 times as much memory.
const LARGEST: u64 = 128 << 20;

/// One file's name, as the user named it, and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file; `<stdin>` for standard input.
    pub name: FileName,
    /// What is in it.
    pub text: Arc<str>,
}

/// What stands for a text where a file has none, with the reason behind it: no YAML and no JSON begins with it.
const NO_TEXT: &str = "\0no text: ";

impl Source {
    /// A source from a name and a text.
    #[must_use]
    pub fn new(name: &str, text: &str) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// A source from a name and the bytes of a file: UTF-8, or UTF-16 behind its byte order mark. What is neither has no
    /// text, and reading it gives one finding.
    fn decode(name: &str, bytes: Vec<u8>) -> Self {
        match text_of(bytes) {
            Ok(text) => Self::new(name, &text),
            Err(fault) => Self::new(name, &[NO_TEXT, &fault].concat()),
        }
    }

    /// Why there is no text, where the file has none.
    pub(crate) fn fault(&self) -> Option<&str> {
        self.text.strip_prefix(NO_TEXT)
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
/// When a path does not exist, cannot be read, or is a folder without manifests.
pub fn read_sources(paths: &[PathBuf]) -> Result<Vec<Source>, ReadError> {
    list_files(paths)?.files.iter().map(|path| read_source(path)).collect()
}

#[derive(Default)]
struct Walk {
    list: FileList,
    /// What was listed already, by its real path: links and repeated arguments add nothing.
    seen: BTreeSet<PathBuf>,
    /// The folders of the list.
    folders: HashSet<PathBuf>,
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
        self.folder(path, None)?;
        // A folder whose files were all listed before is not empty.
        if self.list.files.len() == before && self.seen.len() <= known + 1 && !has_manifest(path) {
            return Err(ReadError::EmptyFolder { path: path.to_owned() });
        }
        Ok(())
    }

    /// `real` is its path without links, where that is known.
    fn folder(&mut self, path: &Path, real: Option<PathBuf>) -> Result<(), ReadError> {
        let real = match real {
            Some(real) => real,
            None => fs::canonicalize(path).map_err(|cause| unreadable(path, cause))?,
        };
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
            names.push((entry.file_name(), entry.file_type().ok()));
        }
        names.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, kind) in names {
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let entry = path.join(&name);
            if kind.is_some_and(|kind| kind.is_dir()) {
                self.folder(&entry, Some(real.join(&name)))?;
                continue;
            }
            if kind.is_some_and(|kind| kind.is_file()) {
                if is_manifest(&entry) {
                    self.file(&entry, real.join(&name));
                }
                continue;
            }
            match fs::metadata(&entry) {
                Ok(metadata) if metadata.is_dir() => self.folder(&entry, None)?,
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
        if self.folders.insert(path.to_owned()) {
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
/// When it cannot be read or is too large.
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
    Ok(Source::decode(&name, bytes))
}

/// The text of a file, or why it is none.
fn text_of(bytes: Vec<u8>) -> Result<String, String> {
    let unit: fn([u8; 2]) -> u16 = match bytes.as_slice() {
        [0xFF, 0xFE, ..] => u16::from_le_bytes,
        [0xFE, 0xFF, ..] => u16::from_be_bytes,
        _ => {
            return String::from_utf8(bytes).map_err(|error| {
                let at = error.utf8_error().valid_up_to();
                format!("this is neither UTF-8 nor UTF-16 text: byte {at} is the first that is not")
            });
        }
    };
    let pairs = bytes[2..].chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return Err("this text begins as UTF-16, and ends in the middle of a character".to_owned());
    }
    char::decode_utf16(pairs.map(|pair| unit([pair[0], pair[1]]))).collect::<Result<String, _>>().map_err(
        |error| {
            format!(
                "this text begins as UTF-16, and has half of a character: {:#06x}",
                error.unpaired_surrogate()
            )
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_by_its_byte_order_mark() {
        let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            ['\u{feff}']
                .into_iter()
                .chain(text.chars())
                .collect::<String>()
                .encode_utf16()
                .flat_map(bytes)
                .collect()
        };
        let text = "a: é𝄞\n";
        assert_eq!(text_of(text.into()), Ok(text.to_owned()));
        assert_eq!(text_of(utf16(text, u16::to_le_bytes)), Ok(text.to_owned()));
        assert_eq!(text_of(utf16(text, u16::to_be_bytes)), Ok(text.to_owned()));
        for (bytes, fault) in
            [(&b"a: \xE9\n"[..], "byte 3"), (b"\xFF\xFEa\0b", "middle"), (b"\xFF\xFE\x34\xD8", "half")]
        {
            assert!(text_of(bytes.to_vec()).unwrap_err().contains(fault), "{bytes:?}");
        }
    }
}
