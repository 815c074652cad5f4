//! `netloom reach`: who can reach whom, on which ports.
mod args;
mod ask;
pub mod expect;
mod read;
mod several;
mod table;

pub use args::{AFTER, Reach};

use std::io::{self, Write};

use crate::{
    load::{self, Shown, Stop},
    notes,
    progress::Progress,
    sets::Request,
};
use args::Format;
use read::Read;

/// Why nothing is written: the pipe may be closed, or the question is at fault.
enum Fault {
    Io(io::Error),
    Stop(Stop),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Stop> for Fault {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

pub fn main(args: &Reach) -> Result<u8, Stop> {
    let progress = Progress::start();
    let request = Request::of(&args.paths, &args.reading, args.namespace.as_deref())?;
    let mut sets = load::sets(&request, &progress)?.chosen(&request.packages.set)?;
    if sets.len() != 1 {
        return several::main(args, sets, progress);
    }
    let read = read::read(args, sets.remove(0), &mut Shown::default(), &progress)?;
    progress.finish();
    let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let status = answer(args, &read, &mut out).and_then(|status| Ok(out.flush().map(|()| status)?));
    // The process ends now, and millions of small pieces take long to give back one by one.
    std::mem::forget(read);
    outcome(status)
}

fn outcome(status: Result<u8, Fault>) -> Result<u8, Stop> {
    match status {
        Ok(status) => Ok(status),
        Err(Fault::Stop(stop)) => Err(stop),
        // Whoever closes the pipe has seen enough.
        Err(Fault::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(0),
        Err(Fault::Io(error)) => Err(Stop::Because(format!("standard output cannot be written: {error}"))),
    }
}

fn answer(args: &Reach, read: &Read, out: &mut impl Write) -> Result<u8, Fault> {
    let question = &args.question;
    if !(question.open_to_internet || question.expect.is_some()) || args.output != Format::Text {
        notes::unread(read.reach.unread());
    }
    if let Some(file) = &question.expect {
        return expect::main(file, args.output, &read.reach, out);
    }
    if question.open_to_internet {
        return ask::open_to_internet(args.output, &read.reach, out);
    }
    if question.unprotected {
        return ask::unprotected(args.output, &read.reach, out);
    }
    if let Some(asked) = ask::Asked::of(question) {
        return asked.answer(args, &read.reach, out);
    }
    notes::no_workloads(read.reach.snapshot());
    table::write(args, read, out)
}

/// A format that an answer does not come in.
fn unfit(format: Format, fit: &str) -> Fault {
    Fault::Stop(Stop::Because(format!(
        "-o {} does not fit this question: it is answered as {fit}",
        format.name()
    )))
}
