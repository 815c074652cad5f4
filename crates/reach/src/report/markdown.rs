//! `-o md`: a table for a page or a comment.
use std::io::{self, Write};

use super::Texts;
use crate::reach::Reach;

/// Writes the table.
///
/// # Errors
/// When it cannot be written.
pub fn markdown(reach: &Reach, out: &mut impl Write) -> io::Result<()> {
    let mut texts = Texts::new(reach);
    out.write_all(b"| src | dst | conn |\n|-----|-----|------|\n")?;
    reach.try_rows(|row| {
        writeln!(out, "| {} | {} | {} |", row.from.name(), row.to.name(), texts.get(row.open))
    })
}
