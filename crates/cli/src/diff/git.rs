//! Manifests of revisions, read from the repository by `git`. The work tree and the index are not touched: what a
//! revision holds is unpacked to a folder of its own, read there as any folder is, and removed.
use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    os::unix::ffi::OsStrExt as _,
    path::{Component, Path, PathBuf},
    process::{Command, Output, Stdio},
};

use netloom_objects::ReadError;
use netloom_sets::Survey;

use super::{read::Manifests, unpack::unpack};
use crate::{
    load::Stop,
    progress::Progress,
    sets::{Cache, Request, Sets, load},
};

/// What is compared.
enum Revision {
    Commit { name: String, id: String },
    WorkTree,
}

/// The manifests at these paths, before and after.
pub fn manifests(revisions: &str, request: &Request, progress: &Progress) -> Result<[Manifests; 2], Stop> {
    let paths = &request.paths;
    if paths.iter().any(|path| path == Path::new("-")) {
        return Err(Stop::Because("standard input is in no revision; name files or folders".to_owned()));
    }
    let place = Place::find()?;
    let [before, after] = self::revisions(revisions)?;
    let mut cache = Cache::default();
    let old = place.read(&before, request, &mut cache, progress)?;
    let new = place.read(&after, request, &mut cache.for_comparison(), progress)?;
    for (nth, path) in paths.iter().enumerate() {
        let (path, sides) = (path.display(), [(&before, &old), (&after, &new)]);
        let lacking: Vec<&str> =
            sides.iter().filter(|(_, read)| !read.there[nth]).map(|(revision, _)| revision.name()).collect();
        match lacking.as_slice() {
            [one, other] => {
                return Err(Stop::Because(format!(
                    "{path}: no manifests there, in {one} as little as in {other}; is it the right path, seen from \
                     here?"
                )));
            }
            [one] => anstream::eprintln!(
                "\x1b[1;33mnote:\x1b[0m {path}: no manifests there in {one}; it counts as empty"
            ),
            _ => {}
        }
    }
    Ok([
        Manifests { name: before.name().to_owned(), sets: old.sets },
        Manifests { name: after.name().to_owned(), sets: new.sets },
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
    sets: Sets,
    there: Vec<bool>,
}

/// Where in a repository we are.
struct Place {
    /// The current folder, seen from the root of the repository.
    prefix: PathBuf,
    /// The name of the repository's folder, which a chart in it may be called by.
    name: OsString,
}

impl Place {
    fn find() -> Result<Self, Stop> {
        let path = |said: Vec<u8>| PathBuf::from(OsStr::from_bytes(said.trim_ascii_end()));
        let prefix = path(ask(&["rev-parse", "--show-prefix"])?);
        // A bare repository has no such folder.
        let top = ask(&["rev-parse", "--show-toplevel"]).map(path).unwrap_or_default();
        let name = top.file_name().unwrap_or(OsStr::new("repository")).to_owned();
        Ok(Self { prefix, name })
    }

    fn read(
        &self,
        revision: &Revision,
        request: &Request,
        cache: &mut Cache,
        progress: &Progress,
    ) -> Result<Found, Stop> {
        let Revision::Commit { id, .. } = revision else { return found(request, cache, progress) };
        let inner: Vec<PathBuf> =
            request.paths.iter().map(|path| self.inner(path)).collect::<Result<_, _>>()?;
        let scratch = tempfile::Builder::new().prefix("netloom-diff-").tempdir()?;
        let root = scratch.path().join(&self.name);
        fs::create_dir_all(root.join(&self.prefix))?;
        unpack(id, &inner, !request.packages.no_render, &root)?;
        // Paths of GitOps objects begin at the root of the repository.
        fs::create_dir_all(root.join(".git"))?;
        // Read from within, everything is called as it is called from here.
        let within = Within::enter(&root.join(&self.prefix))?;
        let found = found(request, cache, progress);
        within.leave()?;
        found
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
}

/// A folder that is the current one for a while.
struct Within {
    before: PathBuf,
}

impl Within {
    fn enter(folder: &Path) -> Result<Self, Stop> {
        let before = env::current_dir()?;
        env::set_current_dir(folder)?;
        Ok(Self { before })
    }

    fn leave(self) -> Result<(), Stop> {
        Ok(env::set_current_dir(&self.before)?)
    }
}

/// Reads paths that may have no manifests.
fn found(request: &Request, cache: &mut Cache, progress: &Progress) -> Result<Found, Stop> {
    let is_there = |path: &PathBuf| match Survey::of(std::slice::from_ref(path)) {
        Ok(_) => Ok(true),
        Err(ReadError::Missing { .. } | ReadError::EmptyFolder { .. } | ReadError::Nothing) => Ok(false),
        Err(error) => Err(error),
    };
    let there: Vec<bool> = request.paths.iter().map(is_there).collect::<Result<_, _>>()?;
    let wanted: Vec<PathBuf> =
        request.paths.iter().zip(&there).filter(|(_, there)| **there).map(|(p, _)| p.clone()).collect();
    let sets = match wanted.is_empty() {
        true => Sets::default(),
        false => load(&request.at(&wanted), &|_| false, cache, progress)?,
    };
    Ok(Found { sets, there })
}

/// What `BASE..HEAD`, `BASE...HEAD` or a single revision means.
fn revisions(text: &str) -> Result<[Revision; 2], Stop> {
    let or_head = |name: &str| if name.is_empty() { "HEAD".to_owned() } else { name.to_owned() };
    let Some((base, head)) = text.split_once("..") else {
        return Ok([Revision::Commit { name: text.to_owned(), id: commit(text)? }, Revision::WorkTree]);
    };
    let since_parted = head.starts_with('.');
    let (base, head) = (or_head(base), or_head(head.trim_start_matches('.')));
    let (old, new) = (commit(&base)?, commit(&head)?);
    let before = if since_parted {
        let id = ask(&["merge-base", &old, &new]).map_err(|_| {
            Stop::Because(format!(
                "{base} and {head} have no commit in common here; in a shallow clone fetch the whole history \
                 (actions/checkout: fetch-depth: 0), or compare {base}..{head}"
            ))
        })?;
        let id = String::from_utf8_lossy(id.trim_ascii_end()).into_owned();
        Revision::Commit { name: format!("the base of {base} and {head}"), id }
    } else {
        Revision::Commit { name: base, id: old }
    };
    Ok([before, Revision::Commit { name: head, id: new }])
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

pub fn git(arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    // Nothing is refreshed on the way, and errors are in one language.
    command.args(arguments).env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C").stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Result<Output, Stop> {
    git(arguments).output().map_err(no_git)
}

pub fn ask(arguments: &[&str]) -> Result<Vec<u8>, Stop> {
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

pub fn no_git(error: std::io::Error) -> Stop {
    Stop::Because(match error.kind() {
        std::io::ErrorKind::NotFound => {
            "git is not installed (or not in PATH), and --git reads revisions by it; install it, or compare two \
             folders: netloom diff OLD NEW"
                .to_owned()
        }
        _ => format!("git cannot be run: {error}"),
    })
}
