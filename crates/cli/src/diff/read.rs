//! Both sides: from paths or revisions to what is compared.
use std::{collections::HashMap, io::IsTerminal as _, path::PathBuf, sync::Arc, thread};

use netloom_cluster::{Addressing, Builder, Built, Options};
use netloom_objects::{Diagnostic, ObjectSet, ParsedSource, Severity, Source, parse_sources, render};
use netloom_reach::{Reach, Scope};

use super::{args::Diff, git};
use crate::{args::IpFamily, inputs, load::Stop, progress::Progress};

/// One side, read.
pub struct Read {
    pub reach: Reach,
    pub objects: ObjectSet,
    _built: Built,
}

/// The manifests of one side.
pub struct Sources {
    /// As it is called in messages.
    pub name: String,
    pub sources: Vec<Source>,
}

pub fn read(args: &Diff, progress: &Progress) -> Result<[Read; 2], Stop> {
    let cluster = &args.reading.cluster;
    let mut options = cluster.options().map_err(Stop::Because)?;
    if cluster.pod_cidr.is_empty() {
        options.addressing = Addressing::Known;
    }
    progress.says("reading".to_owned());
    let [before, after] = sources(args, progress)?;
    let parsed = parse(&before.sources, &after.sources);
    progress.says("building both clusters".to_owned());
    // One builder for both: what stays keeps its address.
    let mut builder = Builder::new(options.clone());
    let names = [before.name, after.name];
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

fn sources(args: &Diff, progress: &Progress) -> Result<[Sources; 2], Stop> {
    let packages = &args.reading.packages;
    if let Some(revisions) = &args.git {
        let here = [PathBuf::from(".")];
        let paths = if args.paths.is_empty() { &here } else { args.paths.as_slice() };
        return git::sources(revisions, paths, packages, progress);
    }
    let [old, new] = args.paths.as_slice() else {
        return Err(Stop::Because(
            "say OLD and NEW, two files or folders; or --git BASE..HEAD to compare revisions".to_owned(),
        ));
    };
    let read = |path: &PathBuf| -> Result<Sources, Stop> {
        let sources = inputs::texts(&packages.list(std::slice::from_ref(path))?, progress)?;
        Ok(Sources { name: path.display().to_string(), sources })
    };
    Ok([read(old)?, read(new)?])
}

/// Parses both sides. A file that is the same on both is parsed once.
fn parse(before: &[Source], after: &[Source]) -> [Vec<Arc<ParsedSource>>; 2] {
    let old = parse_sources(before);
    let named: HashMap<&str, &Arc<ParsedSource>> = old.iter().map(|p| (&*p.source.name, p)).collect();
    let find = |source: &Source| named.get(&*source.name).filter(|p| p.source.text == source.text).copied();
    let known: Vec<_> = after.iter().map(find).collect();
    let fresh: Vec<Source> =
        after.iter().zip(&known).filter(|(_, known)| known.is_none()).map(|(s, _)| s.clone()).collect();
    let mut fresh = parse_sources(&fresh).into_iter();
    let new = known.into_iter().filter_map(|known| known.cloned().or_else(|| fresh.next())).collect();
    [old, new]
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
