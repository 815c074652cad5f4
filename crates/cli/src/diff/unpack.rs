//! Unpacks a revision: the files that may be read of it.
use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    io::{self, BufReader, Read as _, Write as _},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{PermissionsExt as _, symlink},
    },
    path::{Component, Path, PathBuf},
    process::Stdio,
    thread,
};

use netloom_objects::is_manifest;

use super::git::{ask, git, no_git};
use crate::load::Stop;

/// One entry of a tree.
struct Entry {
    mode: Vec<u8>,
    id: String,
    path: PathBuf,
}

/// Unpacks the manifests at the paths to a folder. Where links are among them, or packages that are to be rendered,
/// everything is: they may use whatever there is.
pub fn unpack(id: &str, paths: &[PathBuf], packages: bool, folder: &Path) -> Result<(), Stop> {
    let listed = ask(&["ls-tree", "-r", "-z", "--full-tree", id])?;
    let entries: Vec<Entry> = listed.split(|byte| *byte == 0).filter_map(entry).collect();
    let is_below = |entry: &&Entry| paths.iter().any(|path| entry.path.starts_with(path));
    let uses_others =
        |entry: &Entry| entry.mode == LINK || (packages && entry.path.file_name().is_some_and(makes_package));
    let all = entries.iter().filter(is_below).any(uses_others);
    let is_read = |entry: &&Entry| is_manifest(&entry.path) || paths.contains(&entry.path);
    let wanted = entries.iter().filter(|entry| all || (is_below(entry) && is_read(entry)));
    // A folder of which nothing is read is there all the same.
    let is_folder = |path: &&PathBuf| entries.iter().any(|e| e.path.starts_with(path) && e.path != **path);
    paths.iter().filter(is_folder).try_for_each(|path| fs::create_dir_all(folder.join(path)))?;
    let (links, files): (Vec<&Entry>, Vec<&Entry>) = wanted.partition(|entry| entry.mode == LINK);
    blobs(&files, |entry, bytes| {
        let path = folder.join(&entry.path);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(&path, bytes)?;
        match &*entry.mode {
            b"100755" => fs::set_permissions(path, fs::Permissions::from_mode(0o700)),
            _ => Ok(()),
        }
    })?;
    // Links come last, so that no file is written through one.
    blobs(&links, |entry, target| {
        let path = folder.join(&entry.path);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        symlink(OsStr::from_bytes(target), path)
    })?;
    let root = fs::canonicalize(folder)?;
    for entry in links {
        let path = folder.join(&entry.path);
        // One that leads nowhere is read by nobody.
        if fs::canonicalize(&path).is_ok_and(|real| !real.starts_with(&root)) {
            fs::remove_file(path)?;
            if is_below(&entry) {
                let link = entry.path.display();
                anstream::eprintln!(
                    "\x1b[1;33mnote:\x1b[0m {link}: this link leads out of the repository; left out"
                );
            }
        }
    }
    Ok(())
}

fn makes_package(name: &OsStr) -> bool {
    ["kustomization.yaml", "kustomization.yml", "Kustomization", "Chart.yaml"]
        .iter()
        .any(|known| name == *known)
}

const LINK: &[u8] = b"120000";

/// `MODE blob ID<tab>PATH`. What is no file and no link is left out, and so is a path that leads elsewhere.
fn entry(line: &[u8]) -> Option<Entry> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let mut head = line[..tab].split(|byte| *byte == b' ');
    let (mode, kind, id) = (head.next()?, head.next()?, head.next()?);
    let path = PathBuf::from(OsStr::from_bytes(&line[tab + 1..]));
    let is_plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    (kind == b"blob" && is_plain).then(|| Entry {
        mode: mode.to_vec(),
        id: String::from_utf8_lossy(id).into_owned(),
        path,
    })
}

/// Reads what entries hold, each once.
fn blobs(entries: &[&Entry], mut each: impl FnMut(&Entry, &[u8]) -> io::Result<()>) -> Result<(), Stop> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut of_id: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    entries.iter().for_each(|entry| of_id.entry(&entry.id).or_default().push(entry));
    let mut child =
        git(&["cat-file", "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(no_git)?;
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(Stop::Because("git cannot be talked to".to_owned()));
    };
    let asked: String = of_id.keys().map(|id| format!("{id}\n")).collect();
    let read = thread::scope(|threads| {
        // Asked from a thread of its own: git answers before it has heard everything.
        threads.spawn(move || stdin.write_all(asked.as_bytes()));
        let mut out = BufReader::new(stdout);
        for (id, entries) in &of_id {
            let bytes = blob(&mut out).map_err(|error| {
                let path = entries.first().map(|entry| entry.path.display().to_string()).unwrap_or_default();
                Stop::Because(format!("{path}: git cannot read it ({id}): {error}"))
            })?;
            for entry in entries {
                each(entry, &bytes).map_err(|e| {
                    Stop::Because(format!("{} cannot be unpacked: {e}", entry.path.display()))
                })?;
            }
        }
        Ok(())
    });
    drop(child.kill());
    drop(child.wait());
    read
}

/// `ID blob SIZE<newline>BYTES<newline>`.
fn blob(out: &mut impl io::BufRead) -> io::Result<Vec<u8>> {
    let mut head = String::new();
    out.read_line(&mut head)?;
    let size = head.trim_end().rsplit(' ').next().and_then(|size| size.parse::<usize>().ok());
    let Some(size) = size else { return Err(io::Error::other(head.trim_end().to_owned())) };
    let mut bytes = Vec::new();
    out.take(size as u64).read_to_end(&mut bytes)?;
    let mut newline = [0];
    out.read_exact(&mut newline)?;
    match bytes.len() == size {
        true => Ok(bytes),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
