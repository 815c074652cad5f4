//! `netloom reach`: who can reach whom, on which ports.
mod args;
mod read;

pub use args::{AFTER, Reach};

use std::io::{self, Write as _};

use netloom_reach::report;

use crate::load::Stop;
use args::Format;

pub fn main(args: &Reach) -> Result<u8, Stop> {
    let reach = read::reach(args)?;
    let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let written = match args.output {
        Format::Text => report::text(&reach, &mut out),
        Format::Csv => report::csv(&reach, &mut out),
        Format::Md => report::markdown(&reach, &mut out),
        Format::Html => report::html(&reach, &title(args), &mut out),
    };
    match written.and_then(|()| out.flush()) {
        // Whoever closes the pipe has seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Stop::Because(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(0),
    }
}

/// What the page is about.
fn title(args: &Reach) -> String {
    let paths: Vec<_> = args.paths.iter().map(|path| path.to_string_lossy()).collect();
    paths.join(" ")
}
