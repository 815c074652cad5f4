//! Several sets are deployed from the paths: each is asked, and each answer names its set.
use std::io::{self, Write as _};

use super::{
    Fault, answer,
    args::{Format, Reach},
    outcome,
    read::read,
};
use crate::{
    load::{Shown, Stop},
    progress::Progress,
    sets::{Joined, LoadedSet, join},
};

pub fn main(args: &Reach, sets: Vec<LoadedSet>, progress: Progress) -> Result<u8, Stop> {
    let joined = match args.output {
        Format::Text => Joined::Text,
        Format::Csv => Joined::Csv,
        Format::Md => Joined::Md,
        Format::Json => Joined::Json,
        other => {
            let names: Vec<String> = sets.iter().map(|set| format!("  {}", set.set.name)).collect();
            return Err(Stop::Because(format!(
                "-o {} is of one set; name it by --set:\n{}",
                other.name(),
                names.join("\n")
            )));
        }
    };
    let (mut answers, mut silent, mut broken) = (Vec::new(), Vec::new(), Vec::new());
    let mut status = 0;
    let mut shown = Shown::default();
    for set in sets {
        let name = set.set.name.clone();
        let read = match read(args, set, &mut shown, &progress) {
            Ok(read) => read,
            Err(stop) => {
                broken.push((name, stop));
                continue;
            }
        };
        let mut out = Vec::new();
        match answer(args, &read, &mut out) {
            Ok(own) => {
                status = status.max(own);
                answers.push((name, out));
            }
            Err(Fault::Stop(stop)) => silent.push((name, stop)),
            Err(Fault::Io(error)) => return outcome(Err(Fault::Io(error))),
        }
    }
    progress.finish();
    if answers.is_empty() {
        // The question fits no set: one reason is enough.
        let first = silent.into_iter().chain(broken).next();
        return Err(first.map_or(Stop::Because("there is nothing to read here".to_owned()), |(_, stop)| stop));
    }
    let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let written = join(joined, &answers, &mut out).and_then(|()| out.flush());
    outcome(written.map(|()| 0).map_err(Fault::Io))?;
    for (name, stop) in silent.iter().chain(&broken) {
        if let Stop::Because(reason) = stop {
            anstream::eprintln!("\x1b[1;33mnote:\x1b[0m set {name}: {reason}");
        }
    }
    Ok(if broken.is_empty() { status } else { crate::FAULT })
}
