//! `netloom suggest`: the least policies that keep what is needed.
mod args;
mod files;

pub use args::{AFTER, Suggest};

use std::{
    io::{self, IsTerminal as _},
    path::Path,
};

use netloom_cluster::{Addressing, Builder, Options, Pending};
use netloom_explain::World;
use netloom_objects::ObjectSet;
use netloom_reach::{
    Scope,
    expect::{Expectations, Outcome},
};
use netloom_suggest::{
    Declared, Doubt, Ground, Manner, Needs, Observed, Proof, Suggestion, compare, derive,
    report::{self, Report, json, text},
    review, tighten, today,
};

use crate::{
    args::{Cluster, IpFamily},
    check::difference,
    load::{self, Shown, Stop, build_set},
    notes,
    progress::Progress,
    sets::Request,
    texts,
};
use args::Format;

pub fn main(args: &Suggest) -> Result<u8, Stop> {
    let progress = Progress::start();
    let cluster = &args.reading.cluster;
    let mut options = cluster.options().map_err(Stop::Because)?;
    options.pending = Pending::Analysed;
    if cluster.pod_cidr.is_empty() {
        options.addressing = Addressing::Known;
    }
    progress.says("reading".to_owned());
    let home = match args.namespace.as_slice() {
        [only] => Some(only.as_str()),
        _ => None,
    };
    let request = Request::of(&args.paths, &args.reading, home)?;
    let set = load::sets(&request, &progress)?.one(&request.packages.set, "suggest")?;
    progress.says("building the cluster".to_owned());
    let built =
        build_set(&mut Builder::new(options.clone()), &set, args.reading.keep_going, &mut Shown::default())?;
    let objects = ObjectSet::assemble(set.sources);
    let assigned = Options { addressing: Addressing::Assigned, ..options.clone() };
    let world = World::compile(netloom_cluster::build(&objects, &assigned).snapshot);
    progress.says("compiling policies".to_owned());
    let mut ground = Ground::new(&objects, &options, &built.snapshot, world, scope(cluster, &options));
    ground.api_server.extend(args.api_server.iter().map(|server| (server.cidr, server.port)));
    notes::unread(ground.today.unread());
    if args.review {
        progress.says("reviewing policies".to_owned());
        let remarks = review(&ground);
        progress.finish();
        answer(args.output, &report::review::text(&remarks), &report::review::json(&remarks))?;
        return Ok(u8::from(!remarks.is_empty()));
    }
    progress.says("looking for what is needed".to_owned());
    let asked = Asked::of(args, &ground)?;
    if args.tighten {
        return tightened(args, &ground, asked, progress);
    }
    progress.says("writing policies".to_owned());
    suggest(args, &ground, asked, progress)
}

fn scope(cluster: &Cluster, options: &Options) -> Scope {
    Scope {
        ipv6: cluster.ip_family.map(|family| !matches!(family, IpFamily::Ipv4)),
        inside: options.pod_cidrs.iter().collect(),
        ..Scope::default()
    }
}

/// What is needed, and what must stay shut.
struct Asked {
    needs: Needs,
    shut: Vec<(String, Expectations)>,
}

impl Asked {
    fn of(args: &Suggest, ground: &Ground<'_>) -> Result<Self, Stop> {
        let mut asked = Self { needs: Needs::default(), shut: Vec::new() };
        for path in &args.needs {
            let file = path.display().to_string();
            let declared = Declared::read(ground, &file, &read(path)?)?;
            asked.needs.extend(declared.needs);
            if !declared.shut.lines.is_empty() {
                asked.shut.push((file, declared.shut));
            }
        }
        for path in &args.flows {
            let file = path.display().to_string();
            let observed = Observed::read(ground, &file, &read(path)?)?;
            anstream::eprintln!("\x1b[1;33mnote:\x1b[0m {file}: {}", observed.counts);
            asked.needs.extend(observed.needs);
        }
        if !args.no_derive {
            asked.needs.extend(derive(ground));
            // What is to be narrowed is no evidence of how wide it must be.
            if !args.no_policies && !args.tighten {
                asked.needs.extend(today(ground));
            }
        }
        Ok(asked)
    }
}

fn read(path: &Path) -> Result<String, Stop> {
    texts::read(path).map_err(|error| Stop::Because(format!("{} cannot be read: {error}", path.display())))
}

fn suggest(args: &Suggest, ground: &Ground<'_>, asked: Asked, progress: Progress) -> Result<u8, Stop> {
    let chosen = ground.choose(&args.namespace, &args.for_)?;
    let folder = args.out.as_ref().map(|out| out.display().to_string());
    let manner = Manner { keep: args.keep, folder };
    let (suggestion, rest) = Suggestion::new(ground, &chosen, asked.needs, &manner);
    let proof = Proof::of(ground, &suggestion);
    let mut shut: Vec<(String, Vec<Outcome>)> = Vec::new();
    for (file, expectations) in asked.shut {
        shut.push((file.clone(), expectations.judge(&file, &proof.after)?));
    }
    let changes = compare(ground, &chosen.units, &ground.today, &proof.after);
    let doubts: Vec<Doubt> = rest.doubts;
    progress.finish();
    let report = Report {
        ground,
        chosen: &chosen,
        suggestion: &suggestion,
        proof: &proof,
        changes: &changes,
        doubts: &doubts,
        shut: &shut,
    };
    let written = match &args.out {
        Some(folder) => Some(files::write(folder, &suggestion)?),
        None => None,
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let printed = match (args.output, &written) {
        (Format::Json, _) => print(&mut out, &format!("{:#}\n", json(&report))),
        (Format::Yaml, None) => print(&mut out, &suggestion.yaml()),
        (Format::Yaml, Some(_)) => Ok(()),
        (Format::Text, None) => print(&mut out, &format!("{}\n{}", suggestion.yaml(), text(&report))),
        (Format::Text, Some(files)) => {
            let list: String = files.iter().map(|file| format!("wrote {file}\n")).collect();
            print(&mut out, &format!("{list}\n{}", text(&report)))
        }
    };
    if args.output == Format::Yaml {
        anstream::eprint!("{}", text(&report));
    }
    printed?;
    Ok(u8::from(!report.holds() || !suggestion.is_complete()))
}

fn tightened(args: &Suggest, ground: &Ground<'_>, asked: Asked, progress: Progress) -> Result<u8, Stop> {
    let chosen = ground.choose(&args.namespace, &args.for_)?;
    let tightened = tighten(ground, &chosen, asked.needs);
    progress.finish();
    let diff = |color| {
        let changed = tightened.changed.iter();
        changed.map(|(before, after)| difference(before, after, color)).collect::<String>()
    };
    let words = report::tightened::text(&tightened);
    let gap = if tightened.changed.is_empty() { "" } else { "\n" };
    let text = format!("{}{gap}{words}", diff(io::stdout().is_terminal()));
    answer(args.output, &text, &report::tightened::json(&tightened, &diff(false)))?;
    Ok(u8::from(!tightened.proposals.is_empty()))
}

/// Prints an answer that is no policy.
fn answer(format: Format, text: &str, json: &serde_json::Value) -> Result<(), Stop> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match format {
        Format::Text => print(&mut out, text),
        Format::Json => print(&mut out, &format!("{json:#}\n")),
        Format::Yaml => Err(Stop::Because("-o yaml is for policies; take text or json".to_owned())),
    }
}

/// Whoever closes the pipe has seen enough.
fn print(out: &mut impl io::Write, text: &str) -> Result<(), Stop> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Stop::Because(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}
