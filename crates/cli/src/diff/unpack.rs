//! Unpacks a revision: the files that may be read of it.
use std::{
    collections::{BTreeMap, BTreeSet},
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

use super::{
    git::{ask, git, no_git},
    needed::Tree,
};
use crate::load::Stop;

/// One entry of a tree.
pub struct Entry {
    pub mode: Vec<u8>,
    pub id: String,
    pub path: PathBuf,
}

/// Unpacks the manifests at the paths to a folder, with what goes into the packages there that are to be rendered.
/// Where links are among them, or what goes into a package is not clear, everything is: they may use whatever there is.
pub fn unpack(id: &str, paths: &[PathBuf], packages: bool, folder: &Path) -> Result<(), Stop> {
    let listed = ask(&["ls-tree", "-r", "-z", "--full-tree", id])?;
    let entries: Vec<Entry> = listed.split(|byte| *byte == 0).filter_map(entry).collect();
    let is_below = |entry: &&Entry| paths.iter().any(|path| entry.path.starts_with(path));
    let has_links = entries.iter().filter(is_below).any(|entry| entry.mode == LINK);
    let needed = match packages && !has_links {
        true => Tree::of(&entries).needed(paths, &mut read_some)?,
        false => Some(BTreeSet::new()).filter(|_| !has_links),
    };
    let is_needed = |entry: &Entry| needed.as_ref().is_none_or(|needed| needed.contains(&*entry.path));
    let is_read = |entry: &&Entry| is_manifest(&entry.path) || paths.contains(&entry.path);
    let wanted = entries.iter().filter(|entry| is_needed(entry) || (is_below(entry) && is_read(entry)));
    // Without a manifest the answer would be another one; a picture or the like is nobody's loss.
    let must_be = |entry: &Entry| {
        is_manifest(&entry.path) && (is_below(&entry) || (needed.is_some() && is_needed(entry)))
    };
    // A folder of which nothing is read is there all the same.
    let is_folder = |path: &&PathBuf| entries.iter().any(|e| e.path.starts_with(path) && e.path != **path);
    paths.iter().filter(is_folder).try_for_each(|path| fs::create_dir_all(folder.join(path)))?;
    let (links, files): (Vec<&Entry>, Vec<&Entry>) = wanted.partition(|entry| entry.mode == LINK);
    blobs(&files, &must_be, |entry, bytes| {
        let path = folder.join(&entry.path);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(&path, bytes)?;
        match &*entry.mode {
            b"100755" => fs::set_permissions(path, fs::Permissions::from_mode(0o700)),
            _ => Ok(()),
        }
    })?;
    // Links come last, so that no file is written through one.
    blobs(&links, &must_be, |entry, target| {
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

pub const LINK: &[u8] = b"120000";

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

/// Reads a few files to look at them; those that cannot be read are left out, and told of when they are unpacked.
fn read_some(entries: &[&Entry]) -> Result<Vec<(PathBuf, Vec<u8>)>, Stop> {
    let mut found = Vec::new();
    let unread = read(entries, &mut |entry, bytes| {
        found.push((entry.path.clone(), bytes.to_vec()));
        Ok(())
    })?;
    drop(unread);
    Ok(found)
}

/// Reads what entries hold, each once. What cannot be read stops it only if it must be there.
fn blobs(
    entries: &[&Entry],
    must_be: &dyn Fn(&Entry) -> bool,
    mut each: impl FnMut(&Entry, &[u8]) -> io::Result<()>,
) -> Result<(), Stop> {
    let unread = read(entries, &mut each)?;
    let Some((first, error)) = unread.first() else { return Ok(()) };
    if let Some((entry, error)) = unread.iter().find(|(entry, _)| must_be(entry)) {
        return Err(Stop::Because(format!(
            "{}: git cannot read it ({}): {error}; is the clone whole? git fsck tells, and git fetch --refetch mends it",
            entry.path.display(),
            entry.id
        )));
    }
    let more = match unread.len() {
        1 => String::new(),
        many => format!(", and {} more", many - 1),
    };
    let path = first.path.display();
    anstream::eprintln!("\x1b[1;33mnote:\x1b[0m {path}{more}: left out, as git cannot read it: {error}");
    Ok(())
}

/// What could not be read, and why.
type Unread<'e> = Vec<(&'e Entry, io::Error)>;

fn read<'e>(
    entries: &[&'e Entry],
    each: &mut dyn FnMut(&Entry, &[u8]) -> io::Result<()>,
) -> Result<Unread<'e>, Stop> {
    let mut of_id: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    entries.iter().for_each(|entry| of_id.entry(&entry.id).or_default().push(entry));
    let mut left: Vec<(&str, Vec<&Entry>)> = of_id.into_iter().collect();
    let mut unread = Vec::new();
    while !left.is_empty() {
        let done = batch(&left, each, &mut unread)?;
        // The one at which git gave up cannot be read; those behind it were not asked about.
        left.drain(..done);
    }
    Ok(unread)
}

/// Asks one git about entries until it gives up. How many were answered, that one with them.
fn batch<'e>(
    entries: &[(&str, Vec<&'e Entry>)],
    each: &mut dyn FnMut(&Entry, &[u8]) -> io::Result<()>,
    unread: &mut Unread<'e>,
) -> Result<usize, Stop> {
    let mut child = git(&["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(no_git)?;
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(Stop::Because("git cannot be talked to".to_owned()));
    };
    let asked: String = entries.iter().map(|(id, _)| format!("{id}\n")).collect();
    let read = thread::scope(|threads| {
        // Asked from a thread of its own: git answers before it has heard everything.
        let ask = move || stdin.write_all(asked.as_bytes());
        if let Err(error) = thread::Builder::new().spawn_scoped(threads, ask) {
            return Err(Stop::Because(format!("no thread can be started to ask git on: {error}")));
        }
        let mut out = BufReader::new(stdout);
        for (nth, (_, entries)) in entries.iter().enumerate() {
            let bytes = match blob(&mut out) {
                Ok(bytes) => bytes,
                Err(error) => {
                    let gave_up = error.kind() == io::ErrorKind::UnexpectedEof;
                    unread.extend(entries.iter().map(|entry| (*entry, io::Error::other(error.to_string()))));
                    if gave_up {
                        return Ok(nth + 1);
                    }
                    continue;
                }
            };
            for entry in entries {
                each(entry, &bytes).map_err(|e| {
                    Stop::Because(format!("{} cannot be unpacked: {e}", entry.path.display()))
                })?;
            }
        }
        Ok(entries.len())
    });
    drop(child.kill());
    drop(child.wait());
    read
}

/// `ID blob SIZE<newline>BYTES<newline>`.
fn blob(out: &mut impl io::BufRead) -> io::Result<Vec<u8>> {
    let mut head = String::new();
    if out.read_line(&mut head)? == 0 {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "git ended without an answer"));
    }
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
