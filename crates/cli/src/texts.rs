//! Files beside the manifests: expectations, needs, baselines, settings.
use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

/// The largest file that is read: a log of flows may be long, but a device that never ends must not fill the memory.
const LARGEST: u64 = 1 << 30;

/// Reads a text, or standard input for `-`.
pub fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let source: &mut dyn io::Read =
        if path == Path::new("-") { &mut io::stdin().lock() } else { &mut File::open(path)? };
    source.take(LARGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST {
        let message = format!("larger than {} MiB", LARGEST >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(text)
}
