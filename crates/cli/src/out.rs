//! Standard output, whose reader may go at any time.
use std::io::{self, Write as _};

use crate::load::Stop;

/// Writes to standard output. Whoever closes the pipe has seen enough.
pub fn write(text: &str) -> Result<(), Stop> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Stop::Because(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}
