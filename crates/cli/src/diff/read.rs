//! Both sides: from paths or revisions to what is compared.
use std::{
    collections::HashMap,
    io::IsTerminal as _,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use netloom_audit::Version;
use netloom_cluster::{Addressing, Builder, Built, Options, Pending};
use netloom_objects::{
    Diagnostic, FileList, ObjectSet, ParsedSource, ReadError, Severity, Source, read_source, render,
};
use netloom_reach::{Reach, Scope};

use super::{args::Diff, git};
use crate::{
    args::{IpFamily, Packages},
    inputs::{self, Input},
    load::Stop,
    progress::Progress,
};

/// One side, read.
pub struct Read {
    pub reach: Reach,
    pub objects: ObjectSet,
    _built: Built,
}

/// The manifests of one side.
pub struct Manifests {
    /// As the side is called in messages.
    pub name: String,
    pub inputs: Vec<Input>,
}

/// How manifests are read.
pub struct Reader<'a> {
    pub packages: &'a Packages,
    pub progress: &'a Progress,
}

impl Reader<'_> {
    /// Reads what is listed. A file that is the same as on the other side is not parsed again.
    pub fn read(&self, list: &FileList, other: &[Input]) -> Result<Vec<Input>, ReadError> {
        let known: HashMap<&Path, &Input> = other.iter().map(|input| (&*input.path, input)).collect();
        let known = |_: usize, path: &Path| {
            let [only] = known.get(path)?.sources.as_slice() else { return None };
            let same = list.package(path).is_none()
                && path != Path::new("-")
                && read_source(path).is_ok_and(|source| source.text == only.source.text);
            same.then(|| Input { path: path.to_owned(), sources: vec![only.clone()] })
        };
        inputs::read_new(list, known, Version::KUBERNETES, self.progress)
    }
}

pub fn read(args: &Diff, progress: &Progress) -> Result<[Read; 2], Stop> {
    let cluster = &args.reading.cluster;
    let mut options = cluster.options().map_err(Stop::Because)?;
    options.pending = Pending::Analysed;
    if cluster.pod_cidr.is_empty() {
        options.addressing = Addressing::Known;
    }
    progress.says("reading".to_owned());
    let reader = Reader { packages: &args.reading.packages, progress };
    let sides = manifests(args, &reader)?;
    let names = sides.each_ref().map(|side| side.name.clone());
    let parsed: [Vec<Arc<ParsedSource>>; 2] =
        sides.map(|side| side.inputs.into_iter().flat_map(|input| input.sources).collect());
    progress.says("building both clusters".to_owned());
    // One builder for both: what stays keeps its address.
    let mut builder = Builder::new(options.clone());
    let objects = parsed.clone().map(ObjectSet::assemble);
    let built = objects.each_ref().map(|objects| builder.build(objects));
    refuse_errors(&names, &parsed, &objects, &built, args.reading.keep_going)?;
    progress.says("compiling the policies of both".to_owned());
    let ipv6 = cluster.ip_family.map(|family| !matches!(family, IpFamily::Ipv4));
    let scope =
        |options: &Options| Scope { ipv6, inside: options.pod_cidrs.iter().collect(), ..Scope::default() };
    let reach = |nth: usize| Reach::of(&objects[nth], &built[nth].snapshot, scope(&options));
    let reaches = thread::scope(|threads| {
        let before = threads.spawn(|| reach(0));
        let after = reach(1);
        before.join().map(|before| [before, after])
    });
    let Ok([before, after]) = reaches else {
        return Err(Stop::Because("compiling the policies of the old side failed".to_owned()));
    };
    let [old_objects, new_objects] = objects;
    let [old_built, new_built] = built;
    Ok([
        Read { reach: before, objects: old_objects, _built: old_built },
        Read { reach: after, objects: new_objects, _built: new_built },
    ])
}

fn manifests(args: &Diff, reader: &Reader<'_>) -> Result<[Manifests; 2], Stop> {
    if let Some(revisions) = &args.git {
        let here = [PathBuf::from(".")];
        return git::manifests(revisions, if args.paths.is_empty() { &here } else { &args.paths }, reader);
    }
    let [old, new] = args.paths.as_slice() else {
        return Err(Stop::Because(
            "say OLD and NEW, two files or folders; or --git BASE..HEAD to compare revisions".to_owned(),
        ));
    };
    if [old, new].iter().all(|path| **path == Path::new("-")) {
        return Err(Stop::Because("standard input is read once: it is OLD or NEW, not both".to_owned()));
    }
    let read = |path: &PathBuf, other: &[Input]| -> Result<Manifests, Stop> {
        let list = reader.packages.list(std::slice::from_ref(path))?;
        Ok(Manifests { name: path.display().to_string(), inputs: reader.read(&list, other)? })
    };
    let before = read(old, &[])?;
    let after = read(new, &before.inputs)?;
    Ok([before, after])
}

/// Prints what is wrong with both sides, what is wrong with both alike once; errors stop.
fn refuse_errors(
    names: &[String; 2],
    parsed: &[Vec<Arc<ParsedSource>>; 2],
    objects: &[ObjectSet; 2],
    built: &[Built; 2],
    keep_going: bool,
) -> Result<(), Stop> {
    let found: [Vec<&Diagnostic>; 2] = std::array::from_fn(|nth| {
        // What is only good to know would bury the rest.
        let worth = |d: &&Diagnostic| d.severity != Severity::Info;
        objects[nth].diagnostics().chain(&built[nth].diagnostics).filter(worth).collect()
    });
    let mut faults = Vec::new();
    for (nth, name) in names.iter().enumerate() {
        let fresh: Vec<Diagnostic> = found[nth]
            .iter()
            // The old side's warnings are nobody's concern any more, and the new side's are all shown.
            .filter(|d| nth == 1 || (d.severity == Severity::Error && !found[1].contains(d)))
            .map(|d| (*d).clone())
            .collect();
        if !fresh.is_empty() {
            let sources: Vec<Source> = parsed[nth].iter().map(|s| s.source.clone()).collect();
            eprint!("{}", render(&fresh, &sources, std::io::stderr().is_terminal()));
        }
        let errors = found[nth].iter().filter(|d| d.severity == Severity::Error).count();
        match errors {
            0 => {}
            1 => faults.push(format!("{name} has an error")),
            _ => faults.push(format!("{name} has {errors} errors")),
        }
    }
    if faults.is_empty() || keep_going {
        return Ok(());
    }
    Err(Stop::Because(format!(
        "{}; repair, or go on without the broken parts by --keep-going",
        faults.join(" and ")
    )))
}
