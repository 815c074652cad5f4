//! Both sides: from paths or revisions to the sets that are compared.
use std::{
    io::IsTerminal as _,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use netloom_cluster::{Addressing, Builder, Built, Options, Pending};
use netloom_objects::{Diagnostic, ObjectSet, ParsedSource, Severity, Source, render};
use netloom_reach::{Reach, Scope};

use super::{
    args::Diff,
    git,
    pairs::{Pair, pairs},
};
use crate::{
    args::{Cluster, IpFamily},
    load::{Shown, Stop, say},
    progress::Progress,
    sets::{Cache, LoadedSet, Request, Sets, load},
};

/// One side of a set, read.
pub struct Read {
    pub reach: Reach,
    pub objects: ObjectSet,
    _built: Built,
}

/// The manifests of one side.
pub struct Manifests {
    /// As the side is called in messages.
    pub name: String,
    pub sets: Sets,
}

/// What is compared.
pub struct Comparison {
    /// As the sides are called.
    pub sides: [String; 2],
    pub pairs: Vec<Pair>,
    options: Options,
    keep_going: bool,
    cluster: Cluster,
    shown: Shown,
}

/// Reads both sides, and finds the sets that are the same.
pub fn read(args: &Diff, progress: &Progress) -> Result<Comparison, Stop> {
    let cluster = &args.reading.cluster;
    let mut options = cluster.options().map_err(Stop::Because)?;
    options.pending = Pending::Analysed;
    if cluster.pod_cidr.is_empty() {
        options.addressing = Addressing::Known;
    }
    progress.says("reading".to_owned());
    let [before, after] = manifests(args, progress)?;
    // What the old side deployed and was not read is nobody's concern any more.
    say(&after.sets.notes);
    let sides = [before.name, after.name];
    let wanted = &args.reading.packages.set;
    let pairs = pairs(before.sets, after.sets, wanted)?;
    Ok(Comparison {
        sides,
        pairs,
        options,
        keep_going: args.reading.keep_going,
        cluster: cluster.clone(),
        shown: Shown::default(),
    })
}

impl Comparison {
    /// Builds both sides of a set.
    pub fn build(&mut self, pair: &Pair, progress: &Progress) -> Result<[Read; 2], Stop> {
        progress.says("building both clusters".to_owned());
        // One builder for both: what stays keeps its address.
        let mut builder = Builder::new(self.options.clone());
        let sources =
            |set: &Option<LoadedSet>| set.as_ref().map(|set| set.sources.clone()).unwrap_or_default();
        let parsed = [&pair.before, &pair.after].map(sources);
        let objects = parsed.clone().map(ObjectSet::assemble);
        let built = objects.each_ref().map(|objects| builder.build(objects));
        self.refuse_errors(pair, &parsed, &objects, &built)?;
        [&pair.before, &pair.after]
            .into_iter()
            .flatten()
            .try_for_each(|set| set.refuse_gaps(self.keep_going))?;
        progress.says("compiling the policies of both".to_owned());
        let ipv6 = self.cluster.ip_family.map(|family| !matches!(family, IpFamily::Ipv4));
        let options = &self.options;
        let scope = || Scope { ipv6, inside: options.pod_cidrs.iter().collect(), ..Scope::default() };
        let reach = |nth: usize| Reach::of(&objects[nth], &built[nth].snapshot, scope());
        let reaches =
            thread::scope(|threads| match thread::Builder::new().spawn_scoped(threads, || reach(0)) {
                Ok(before) => {
                    let after = reach(1);
                    before.join().map(|before| [before, after])
                }
                Err(_) => Ok([reach(0), reach(1)]),
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

    /// Prints what is wrong with both sides, what is wrong with both alike once; errors stop.
    fn refuse_errors(
        &mut self,
        pair: &Pair,
        parsed: &[Vec<Arc<ParsedSource>>; 2],
        objects: &[ObjectSet; 2],
        built: &[Built; 2],
    ) -> Result<(), Stop> {
        let found: [Vec<&Diagnostic>; 2] = std::array::from_fn(|nth| {
            // What is only good to know would bury the rest.
            let worth = |d: &&Diagnostic| d.severity != Severity::Info;
            objects[nth].diagnostics().chain(&built[nth].diagnostics).filter(worth).collect()
        });
        let mut faults = Vec::new();
        for (nth, side) in self.sides.iter().enumerate() {
            let fresh: Vec<Diagnostic> = found[nth]
                .iter()
                // The old side's warnings are nobody's concern any more, and the new side's are all shown.
                .filter(|d| nth == 1 || (d.severity == Severity::Error && !found[1].contains(d)))
                .map(|d| (*d).clone())
                .collect();
            let fresh = self.shown.fresh(fresh);
            if !fresh.is_empty() {
                let sources: Vec<Source> = parsed[nth].iter().map(|s| s.source.clone()).collect();
                eprint!("{}", render(&fresh, &sources, std::io::stderr().is_terminal()));
            }
            let errors = found[nth].iter().filter(|d| d.severity == Severity::Error).count();
            let name = match &pair.name {
                Some(set) => format!("{set} in {side}"),
                None => side.clone(),
            };
            match errors {
                0 => {}
                1 => faults.push(format!("{name} has an error")),
                _ => faults.push(format!("{name} has {errors} errors")),
            }
        }
        if faults.is_empty() || self.keep_going {
            return Ok(());
        }
        Err(Stop::Because(format!(
            "{}; repair, or go on without the broken parts by --keep-going",
            faults.join(" and ")
        )))
    }
}

fn manifests(args: &Diff, progress: &Progress) -> Result<[Manifests; 2], Stop> {
    let namespace = args.namespace.as_deref();
    if let Some(revisions) = &args.git {
        let here = [PathBuf::from(".")];
        let paths = if args.paths.is_empty() { &here } else { &args.paths[..] };
        let request = Request::of(paths, &args.reading, namespace)?;
        return git::manifests(revisions, &request, progress);
    }
    let [old, new] = args.paths.as_slice() else {
        return Err(Stop::Because(
            "say OLD and NEW, two files or folders; or --git BASE..HEAD to compare revisions".to_owned(),
        ));
    };
    if [old, new].iter().all(|path| **path == Path::new("-")) {
        return Err(Stop::Because("standard input is read once: it is OLD or NEW, not both".to_owned()));
    }
    let request = Request::of(&args.paths, &args.reading, namespace)?;
    let read = |path: &PathBuf| -> Result<Manifests, Stop> {
        let request = request.at(std::slice::from_ref(path));
        let sets = load(&request, &|_| false, &mut Cache::default(), progress)?;
        Ok(Manifests { name: path.display().to_string(), sets })
    };
    Ok([read(old)?, read(new)?])
}
