//! `-o text`: one connection a line.
use std::io::{self, Write};

use super::Texts;
use crate::reach::Reach;

/// Writes the table.
///
/// # Errors
/// When it cannot be written.
pub fn text(reach: &Reach, out: &mut impl Write) -> io::Result<()> {
    let mut texts = Texts::new(reach);
    reach.try_rows(|row| writeln!(out, "{} => {} : {}", row.from.name(), row.to.name(), texts.get(row.open)))
}
