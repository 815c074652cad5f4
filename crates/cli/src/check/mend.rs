//! `--fix` and `--diff`: applies repairs to the files, or shows what that would change.
use std::{
    fs,
    io::{IsTerminal as _, Read as _, Write as _},
    path::Path,
};

use netloom_audit::Repaired;
use netloom_objects::Source;
use similar::{ChangeTag, TextDiff};

use crate::{load::Stop, out};

/// What standard input is called.
const STDIN: &str = "<stdin>";

/// Writes the repaired files. Returns a sentence about them.
pub fn write(repaired: &Repaired) -> Result<Option<String>, Stop> {
    for (_, after) in &repaired.changed {
        if &*after.name == STDIN {
            return Err(Stop::Because(
                "standard input cannot be repaired in place; use --diff, or give files".to_owned(),
            ));
        }
        replace(Path::new(&*after.name), &after.text).map_err(|error| {
            Stop::Because(format!("{} cannot be written: {error}; nothing of it was lost", after.name))
        })?;
    }
    Ok(summary(repaired))
}

/// What was done, and what was not.
fn summary(repaired: &Repaired) -> Option<String> {
    let plural = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let Repaired { applied, given_up, changed, .. } = repaired;
    let made = (*applied > 0)
        .then(|| format!("{} made in {}", plural(*applied, "repair"), plural(changed.len(), "file")));
    let left = (*given_up > 0).then(|| {
        format!("{} given up, as a file would be worse to read than before", plural(*given_up, "repair"))
    });
    match (made, left) {
        (Some(made), Some(left)) => Some(format!("{made}; {left}")),
        (made, left) => made.or(left),
    }
}

/// Puts a text in a file's place, whole or not at all.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    // A link stays a link: what it leads to is replaced.
    let path = path.canonicalize()?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&encoded_as(&path, text)?)?;
    file.as_file().set_permissions(fs::metadata(&path)?.permissions())?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(())
}

/// A text in the encoding that a file has: UTF-16 behind its byte order mark, else UTF-8.
fn encoded_as(path: &Path, text: &str) -> std::io::Result<Vec<u8>> {
    let mut mark = Vec::new();
    fs::File::open(path)?.take(2).read_to_end(&mut mark)?;
    let bytes: fn(u16) -> [u8; 2] = match *mark {
        [0xFF, 0xFE] => u16::to_le_bytes,
        [0xFE, 0xFF] => u16::to_be_bytes,
        _ => return Ok(text.as_bytes().to_vec()),
    };
    Ok(mark.into_iter().chain(text.encode_utf16().flat_map(bytes)).collect())
}

/// Prints the difference that the repairs make.
pub fn show(repaired: &Repaired) -> Result<(), Stop> {
    let color = std::io::stdout().is_terminal();
    let texts = repaired.changed.iter().map(|(before, after)| difference(before, after, color));
    out::write(&texts.collect::<String>())
}

/// A unified diff.
pub fn difference(before: &Source, after: &Source, color: bool) -> String {
    let diff = TextDiff::from_lines(&*before.text, &*after.text);
    let text = diff.unified_diff().header(&before.name, &after.name).to_string();
    if !color {
        return text;
    }
    let paint = |tag: ChangeTag, line: &str| match tag {
        ChangeTag::Delete => format!("\x1b[31m{line}\x1b[0m\n"),
        ChangeTag::Insert => format!("\x1b[32m{line}\x1b[0m\n"),
        ChangeTag::Equal => format!("{line}\n"),
    };
    text.lines()
        .map(|line| match line.as_bytes().first() {
            Some(b'-') => paint(ChangeTag::Delete, line),
            Some(b'+') => paint(ChangeTag::Insert, line),
            _ => paint(ChangeTag::Equal, line),
        })
        .collect()
}
