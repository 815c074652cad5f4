//! `netloom diff`: what a change opens and closes.
mod args;
mod git;
mod needed;
mod pairs;
mod read;
mod several;
mod unpack;

pub use args::{AFTER, Diff};

use std::io::{self, IsTerminal as _, Write};

use netloom_diff::{Side, Summary, report};
use netloom_objects::Repository;

use crate::{load::Stop, notes, progress::Progress};
use args::{FailOn, Format};

pub fn main(args: &Diff) -> Result<u8, Stop> {
    let progress = Progress::start();
    let mut comparison = read::read(args, &progress)?;
    let single = matches!(comparison.pairs.as_slice(), [pair] if pair.name.is_none());
    let Some(pair) = single.then(|| comparison.pairs.pop()).flatten() else {
        return several::main(args, comparison, progress);
    };
    let read = comparison.build(&pair, &progress)?;
    progress.says("comparing".to_owned());
    let [before, after] = read.each_ref().map(|read| Side { reach: &read.reach, objects: &read.objects });
    let diff = netloom_diff::Diff::of(before, after);
    let summary = diff.summary();
    progress.finish();
    let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    if !matches!(args.output, Format::Text | Format::Md) {
        notes::unread(&diff.unread());
    }
    let written = write(&diff, args.output, &mut out).and_then(|()| out.flush());
    // The process ends now, and millions of small pieces take long to give back one by one.
    std::mem::forget(diff);
    std::mem::forget(read);
    ended(written)?;
    Ok(u8::from(args.fail_on.iter().any(|what| fails(*what, &summary))))
}

/// Whoever closes the pipe has seen enough.
fn ended(written: io::Result<()>) -> Result<(), Stop> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Stop::Because(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

fn write(diff: &netloom_diff::Diff<'_>, format: Format, out: &mut impl Write) -> io::Result<()> {
    match format {
        Format::Text => out.write_all(report::text(diff, color()).as_bytes()),
        Format::Md => out.write_all(report::markdown(diff).as_bytes()),
        Format::Csv => report::csv(diff, out),
        Format::Json => report::json(diff, out),
        Format::Github => out.write_all(report::github(diff, &Repository::of_current()).as_bytes()),
    }
}

fn color() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

fn fails(what: FailOn, summary: &Summary) -> bool {
    match what {
        FailOn::Added => summary.opens,
        FailOn::Removed => summary.closes,
        FailOn::Any => !summary.is_quiet(),
        FailOn::Internet => summary.opened_to_internet > 0,
    }
}
