//! `netloom explain`: one connection, hop by hop.
use std::{io::IsTerminal as _, path::PathBuf};

use netloom_cluster::Pending;
use netloom_explain::{Explanation, Options, Verdict, explain};
use netloom_reach::explain_published;

use crate::{
    args::{Explain, Output},
    load::{self, BuiltSet, Shown, Stop},
    notes, out,
    progress::Progress,
    sets::{Joined, Request, join},
};

pub fn main(args: &Explain) -> Result<u8, Stop> {
    let [paths @ .., from, to] = args.question.as_slice() else { return Err(unasked(args)) };
    if paths.is_empty() {
        return Err(unasked(args));
    }
    let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    let progress = Progress::start();
    let request = Request::of(&paths, &args.reading, args.namespace.as_deref())?;
    let sets = load::sets(&request, &progress)?.chosen(&request.packages.set)?;
    progress.finish();
    let several = sets.len() > 1;
    let mut shown = Shown::default();
    let (mut answers, mut refusals, mut broken) = (Vec::new(), Vec::new(), Vec::new());
    let options = args.reading.cluster.options().map_err(Stop::Because)?;
    let options = netloom_cluster::Options { pending: Pending::Analysed, ..options };
    for set in &sets {
        let built = match BuiltSet::of(set, &options, args.reading.keep_going, &mut shown) {
            Ok(built) => built,
            Err(stop) => {
                broken.push((&set.set.name, stop));
                continue;
            }
        };
        let options = Options { objects: Some(&built.objects), ..Options::default() };
        // A host that the set publishes is followed; anything else is one connection.
        let answer = explain_published(&built.world, &built.objects, from, to, &options)
            .and_then(|published| published.map_or_else(|| explain(&built.world, from, to, &options), Ok));
        match answer {
            Ok(explanation) => answers.push((set.set.name.clone(), explanation)),
            Err(error) => refusals.push(Stop::from(error)),
        }
    }
    let status = u8::from(answers.iter().any(|(_, answer)| answer.verdict != Verdict::Allowed));
    let color = std::io::stdout().is_terminal();
    answers.iter().for_each(|(_, answer)| notes::unread(&answer.not_judged));
    let written = |answer: &Explanation| match args.output {
        Output::Text => Ok(answer.render(color)),
        Output::Json => serde_json::to_string_pretty(answer).map(|text| text + "\n"),
    };
    match answers.as_slice() {
        [] => {
            let first = refusals.into_iter().chain(broken.into_iter().map(|(_, stop)| stop)).next();
            return Err(first.unwrap_or(Stop::Said));
        }
        [(name, answer)] => {
            out::write(&written(answer)?)?;
            if several {
                load::say(&[format!("this is the answer of set {name}; no other one has both ends")]);
            }
        }
        answers => {
            let texts =
                answers.iter().map(|(name, answer)| Ok((name.clone(), written(answer)?.into_bytes())));
            let texts: Vec<(String, Vec<u8>)> = texts.collect::<Result<_, serde_json::Error>>()?;
            let mut out = Vec::new();
            let format = if args.output == Output::Json { Joined::Json } else { Joined::Text };
            join(format, &texts, &mut out)?;
            out::write(&String::from_utf8_lossy(&out))?;
        }
    }
    for (name, stop) in &broken {
        if let Stop::Because(reason) = stop {
            load::say(&[format!("set {name}: {reason}")]);
        }
    }
    Ok(if broken.is_empty() { status } else { crate::FAULT })
}

fn unasked(args: &Explain) -> Stop {
    Stop::Because(format!(
        "`{}` is not a whole question: say PATH, FROM and TO, as in `netloom explain manifests/ shop/web http://db:5432`",
        args.question.join(" ")
    ))
}
