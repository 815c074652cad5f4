//! Manifests of revisions, read from the repository by `git`. The work tree and the index are not touched: what a
//! revision holds is written to a folder of its own, read there as any folder is, and removed.
use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    io::{self, BufReader, Read as _, Write as _},
    os::unix::{ffi::OsStrExt as _, fs::symlink},
    path::{Component, Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
};

use netloom_objects::{ReadError, Source};

use super::read::Sources;
use crate::{args::Packages, inputs, load::Stop, progress::Progress};

/// What is compared.
enum Revision {
    Commit { name: String, id: String },
    WorkTree,
}

/// The manifests at these paths, before and after.
pub fn sources(
    revisions: &str,
    paths: &[PathBuf],
    packages: &Packages,
    progress: &Progress,
) -> Result<[Sources; 2], Stop> {
    if paths.iter().any(|path| path == Path::new("-")) {
        return Err(Stop::Because("standard input is in no revision; name files or folders".to_owned()));
    }
    let place = Place::find(packages, progress)?;
    let [before, after] = place.revisions(revisions)?;
    let read = [place.read(&before, paths)?, place.read(&after, paths)?];
    let nowhere: Vec<&PathBuf> = paths
        .iter()
        .enumerate()
        .filter(|(nth, _)| read.iter().all(|r| !r.found[*nth]))
        .map(|(_, p)| p)
        .collect();
    if let Some(path) = nowhere.first() {
        return Err(Stop::Because(format!(
            "{}: no manifests there, in {} as little as in {}; is it the right path, seen from here?",
            path.display(),
            before.name(),
            after.name()
        )));
    }
    for (revision, read) in [&before, &after].into_iter().zip(&read) {
        for path in paths.iter().zip(&read.found).filter(|(_, found)| !**found).map(|(path, _)| path) {
            let (path, name) = (path.display(), revision.name());
            anstream::eprintln!(
                "\x1b[1;33mnote:\x1b[0m {path}: no manifests there in {name}; it counts as empty"
            );
        }
    }
    let [old, new] = read.map(|read| read.sources);
    Ok([
        Sources { name: before.name().to_owned(), sources: old },
        Sources { name: after.name().to_owned(), sources: new },
    ])
}

impl Revision {
    fn name(&self) -> &str {
        match self {
            Self::Commit { name, .. } => name,
            Self::WorkTree => "the work tree",
        }
    }
}

/// The manifests of one revision, and which of the paths have some.
struct Found {
    sources: Vec<Source>,
    found: Vec<bool>,
}

/// Where in a repository we are.
struct Place<'a> {
    packages: &'a Packages,
    progress: &'a Progress,
    /// The current folder, seen from the root of the repository.
    prefix: PathBuf,
}

impl<'a> Place<'a> {
    fn find(packages: &'a Packages, progress: &'a Progress) -> Result<Self, Stop> {
        let prefix = ask(&["rev-parse", "--show-prefix"])?;
        Ok(Self { packages, progress, prefix: PathBuf::from(OsStr::from_bytes(prefix.trim_ascii_end())) })
    }

    fn revisions(&self, text: &str) -> Result<[Revision; 2], Stop> {
        let or_head = |name: &str| if name.is_empty() { "HEAD".to_owned() } else { name.to_owned() };
        if let Some((base, head)) = text.split_once("...") {
            let (base, head) = (or_head(base), or_head(head));
            let (old, new) = (commit(&base)?, commit(&head)?);
            let id = ask(&["merge-base", &old, &new]).map_err(|_| {
                Stop::Because(format!(
                    "{base} and {head} have no commit in common here; in a shallow clone fetch the whole history \
                     (actions/checkout: fetch-depth: 0), or compare {base}..{head}"
                ))
            })?;
            let id = String::from_utf8_lossy(id.trim_ascii_end()).into_owned();
            let name = format!("the base of {base} and {head}");
            return Ok([Revision::Commit { name, id }, Revision::Commit { name: head, id: new }]);
        }
        if let Some((base, head)) = text.split_once("..") {
            let (base, head) = (or_head(base), or_head(head));
            let (old, new) = (commit(&base)?, commit(&head)?);
            return Ok([Revision::Commit { name: base, id: old }, Revision::Commit { name: head, id: new }]);
        }
        let id = commit(text)?;
        Ok([Revision::Commit { name: text.to_owned(), id }, Revision::WorkTree])
    }

    fn read(&self, revision: &Revision, paths: &[PathBuf]) -> Result<Found, Stop> {
        match revision {
            Revision::WorkTree => self.found(Path::new(""), paths, paths),
            Revision::Commit { id, .. } => {
                let folder = tempfile::Builder::new().prefix("netloom-diff-").tempdir()?;
                let inner: Vec<PathBuf> =
                    paths.iter().map(|path| self.inner(path)).collect::<Result<_, _>>()?;
                write_out(id, &inner, folder.path(), !self.packages.no_render)?;
                self.found(folder.path(), &inner, paths)
            }
        }
    }

    /// A path as it is seen from the root of the repository.
    fn inner(&self, path: &Path) -> Result<PathBuf, Stop> {
        let outside = || {
            Stop::Because(format!(
                "{}: not inside of the repository; with --git paths are seen from the folder here",
                path.display()
            ))
        };
        if path.is_absolute() {
            return Err(outside());
        }
        let mut inner = PathBuf::new();
        for part in self.prefix.components().chain(path.components()) {
            match part {
                Component::Normal(name) => inner.push(name),
                Component::ParentDir if inner.pop() => {}
                Component::CurDir => {}
                _ => return Err(outside()),
            }
        }
        Ok(inner)
    }

    /// Reads each path below a folder, and calls the files as they are called from here.
    fn found(&self, root: &Path, inner: &[PathBuf], paths: &[PathBuf]) -> Result<Found, Stop> {
        let mut found = Found { sources: Vec::new(), found: Vec::new() };
        let join =
            |path: &PathBuf| if path.as_os_str().is_empty() { root.to_owned() } else { root.join(path) };
        let below: Vec<PathBuf> = inner.iter().map(join).collect();
        let mut there = Vec::new();
        for (nth, path) in below.iter().enumerate() {
            match self.packages.list(std::slice::from_ref(path)) {
                Ok(_) => there.push(nth),
                Err(ReadError::Missing { .. } | ReadError::EmptyFolder { .. }) => {}
                Err(error) => return Err(Stop::Because(named(&error.to_string(), path, &paths[nth]))),
            }
            found.found.push(there.last() == Some(&nth));
        }
        if there.is_empty() {
            return Ok(found);
        }
        let wanted: Vec<PathBuf> = there.iter().map(|nth| below[*nth].clone()).collect();
        let name = |text: &str| {
            // The longest path that leads there is the one by which the file was found.
            let fits = there.iter().filter(|nth| Path::new(text).starts_with(&below[**nth]));
            let nth = fits.max_by_key(|nth| below[**nth].as_os_str().len());
            nth.map_or_else(|| text.to_owned(), |nth| named(text, &below[*nth], &paths[*nth]))
        };
        let list = self.packages.list(&wanted).map_err(|error| Stop::Because(name(&error.to_string())))?;
        let read = inputs::texts(&list, self.progress).map_err(|stop| match stop {
            Stop::Because(reason) => Stop::Because(name(&reason)),
            said => said,
        })?;
        found.sources =
            read.into_iter().map(|s| Source { name: name(&s.name).into(), text: s.text }).collect();
        Ok(found)
    }
}

/// A text that begins with a path, with another path instead.
fn named(text: &str, path: &Path, instead: &Path) -> String {
    let shown = path.to_string_lossy();
    let Some(rest) = text.strip_prefix(&*shown) else { return text.to_owned() };
    let instead = instead.to_string_lossy();
    match (rest.strip_prefix('/'), &*instead) {
        // A file in the folder here is called by its name alone.
        (Some(rest), "." | "./") => rest.to_owned(),
        _ => format!("{}{rest}", instead.trim_end_matches('/')),
    }
}

/// One entry of a tree.
struct Entry {
    mode: Vec<u8>,
    id: String,
    path: PathBuf,
}

/// Writes the manifests of a revision to a folder: those at the paths, all of them where links may lead elsewhere, and
/// everything where a program is to make manifests of it.
fn write_out(id: &str, paths: &[PathBuf], folder: &Path, rendered: bool) -> Result<(), Stop> {
    let listed = ask(&["ls-tree", "-r", "-z", "--full-tree", id])?;
    let entries: Vec<Entry> = listed.split(|byte| *byte == 0).filter_map(entry).collect();
    let is_wanted = |entry: &&Entry| paths.iter().any(|path| entry.path.starts_with(path));
    let links = entries.iter().filter(is_wanted).any(|entry| entry.mode == LINK);
    // What a kustomization or a chart is made of has any name, and may stand anywhere.
    let packaged = rendered && entries.iter().filter(is_wanted).any(|entry| is_package(&entry.path));
    let wanted = entries.iter().filter(|entry| {
        if packaged {
            return true;
        }
        let is_read = entry.mode == LINK || is_manifest(&entry.path) || paths.contains(&entry.path);
        is_read && (links || is_wanted(entry))
    });
    // A folder of which nothing is read is there all the same.
    for path in
        paths.iter().filter(|path| entries.iter().any(|e| e.path.starts_with(path) && e.path != **path))
    {
        fs::create_dir_all(folder.join(path))?;
    }
    let (links, files): (Vec<&Entry>, Vec<&Entry>) = wanted.partition(|entry| entry.mode == LINK);
    blobs(&files, |entry, bytes| {
        let path = folder.join(&entry.path);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, bytes)
    })?;
    // Links come last, so that no file is written through one.
    blobs(&links, |entry, target| {
        let path = folder.join(&entry.path);
        if !stays_inside(&entry.path, Path::new(OsStr::from_bytes(target))) {
            let link = entry.path.display();
            anstream::eprintln!(
                "\x1b[1;33mnote:\x1b[0m {link}: this link leads out of the repository; left out"
            );
            return Ok(());
        }
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        symlink(OsStr::from_bytes(target), path)
    })
}

/// Whether a link leads to a place in its own repository.
fn stays_inside(link: &Path, target: &Path) -> bool {
    let folder = link.parent().unwrap_or(Path::new(""));
    let mut depth = folder.components().count();
    target.components().all(|part| match part {
        Component::Normal(_) => {
            depth += 1;
            true
        }
        Component::CurDir => true,
        Component::ParentDir => depth.checked_sub(1).map(|less| depth = less).is_some(),
        Component::RootDir | Component::Prefix(_) => false,
    })
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

fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase);
    matches!(extension.as_deref(), Some("yaml" | "yml" | "json"))
}

/// Whether a file makes its folder one that a program makes manifests of.
fn is_package(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str);
    matches!(name, Some("kustomization.yaml" | "kustomization.yml" | "Kustomization" | "Chart.yaml"))
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

/// The commit of a name.
fn commit(name: &str) -> Result<String, Stop> {
    let asked = format!("{name}^{{commit}}");
    let output = run(&["rev-parse", "--verify", "--quiet", "--end-of-options", &asked])?;
    let id = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() && !id.is_empty() {
        return Ok(id);
    }
    Err(Stop::Because(format!(
        "{name}: no such revision here; is it fetched? In a shallow clone fetch the whole history \
         (actions/checkout: fetch-depth: 0)"
    )))
}

fn git(arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    // Nothing is refreshed on the way, and errors are in one language.
    command.args(arguments).env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C").stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Result<Output, Stop> {
    git(arguments).output().map_err(no_git)
}

fn ask(arguments: &[&str]) -> Result<Vec<u8>, Stop> {
    let output = run(arguments)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim().trim_start_matches("fatal: ");
    let hint = if said.starts_with("not a git repository") {
        "; run it inside of one, or compare two folders: netloom diff OLD NEW"
    } else {
        ""
    };
    Err(Stop::Because(format!("git {}: {said}{hint}", arguments.first().unwrap_or(&""))))
}

fn no_git(error: io::Error) -> Stop {
    Stop::Because(match error.kind() {
        io::ErrorKind::NotFound => {
            "git is not installed (or not in PATH), and --git reads revisions by it; install it, or compare two \
             folders: netloom diff OLD NEW"
                .to_owned()
        }
        _ => format!("git cannot be run: {error}"),
    })
}
