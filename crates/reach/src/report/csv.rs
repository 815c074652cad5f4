//! `-o csv`: `src,dst,conn`, as the analyzers of network policies write it.
use std::io::{self, Write};

use super::Texts;
use crate::reach::Reach;

/// Writes the table.
///
/// # Errors
/// When it cannot be written.
pub fn csv(reach: &Reach, out: &mut impl Write) -> io::Result<()> {
    let mut texts = Texts::new(reach);
    out.write_all(b"src,dst,conn\n")?;
    reach.try_rows(|row| {
        out.write_all(row.from.name().as_bytes())?;
        out.write_all(b",")?;
        out.write_all(row.to.name().as_bytes())?;
        let open = texts.get(row.open);
        // Names have no comma; a list of ports may.
        let quote: &[u8] = if open.contains(',') { b"\"" } else { b"" };
        for part in [b",", quote, open.as_bytes(), quote, b"\n"] {
            out.write_all(part)?;
        }
        Ok(())
    })
}
