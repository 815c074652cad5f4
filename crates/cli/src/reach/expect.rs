//! `--expect`: a file of expectations or a table of verdicts, held against what policies allow.
use std::{io::Write, path::Path};

use netloom_reach::{
    Reach,
    expect::{Expectations, is_expectations, table::Table},
    report::expectations,
};

use super::{
    Fault,
    args::Format,
    ask::{pretty, with_unread},
    unfit,
};
use crate::load::Stop;

/// What a file for `--expect` holds.
pub enum Expected {
    /// Expectations as people write them.
    Lines(Expectations),
    /// A table of verdicts.
    Table(Table),
}

impl Expected {
    /// Reads a file in either form.
    pub fn read(path: &Path) -> Result<Self, Stop> {
        let file = path.display();
        let text =
            crate::texts::read(path).map_err(|e| Stop::Because(format!("{file} cannot be read: {e}")))?;
        if is_expectations(&text) {
            return Ok(Self::Lines(Expectations::parse(&file.to_string(), &text)?));
        }
        Ok(Self::Table(Table::parse(&text).map_err(|e| Stop::Because(format!("{file}, {e}")))?))
    }
}

pub(super) fn main(path: &Path, format: Format, reach: &Reach, out: &mut impl Write) -> Result<u8, Fault> {
    let file = path.display().to_string();
    let fit = "text, json and junit";
    match Expected::read(path)? {
        Expected::Lines(expected) => {
            let outcomes = expected.judge(&file, reach).map_err(Stop::from)?;
            match format {
                Format::Text => {
                    out.write_all(expectations::text(&file, &outcomes, reach).as_bytes())?;
                    out.write_all(reach.unread().text().as_bytes())?;
                }
                Format::Json => {
                    pretty(&with_unread(expectations::json(&file, &outcomes, reach), reach), out)?;
                }
                Format::Junit => out.write_all(expectations::junit(&file, &outcomes, reach).as_bytes())?,
                other => return Err(unfit(other, fit)),
            }
            Ok(u8::from(!outcomes.iter().all(|outcome| outcome.held())))
        }
        Expected::Table(table) => {
            let wrong = table.judge(reach).map_err(|e| Stop::Because(format!("{file}, {e}")))?;
            match format {
                Format::Text => {
                    out.write_all(expectations::table_text(&file, &table, &wrong).as_bytes())?;
                    out.write_all(reach.unread().text().as_bytes())?;
                }
                Format::Json => {
                    pretty(&with_unread(expectations::table_json(&file, &table, &wrong), reach), out)?;
                }
                Format::Junit => {
                    out.write_all(expectations::table_junit(&file, &table, &wrong).as_bytes())?
                }
                other => return Err(unfit(other, fit)),
            }
            Ok(u8::from(!wrong.is_empty()))
        }
    }
}
