//! The report on standard output.
use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

use netloom_audit::{Report, checklist, render, report};
use netloom_objects::{ObjectSet, Repository, Severity};

use super::args::{Check, FailOn, Format};
use crate::{load::Stop, out::write};

pub fn print(
    check: &Check,
    fail_on: FailOn,
    found: &Report,
    set: &ObjectSet,
    took: Duration,
) -> Result<(), Stop> {
    let color = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    let (format, repository) = (check.output, Repository::of_current());
    let mut text = match format {
        Format::Text if check.checklist => checklist::text(found, color),
        Format::Text if !check.all && found.findings.len() > report::LARGE => report::grouped(found, color),
        Format::Text => render(&found.findings, set, color),
        Format::Concise => report::concise(found),
        Format::Json if check.checklist => report::json_with_checklist(found, set),
        Format::Json => report::json(found, set),
        Format::Sarif => report::sarif(found, set, &repository),
        Format::Github => report::github(found, set, &repository),
        Format::Gitlab => report::gitlab(found, &repository),
        Format::Junit => report::junit(found, set, &repository, &|severity| fail_on.fails(severity)),
    };
    if format.is_for_people() {
        text.push_str(&summary(found, took, color));
    }
    write(&text)
}

/// The last line: how much was found in what, coloured by the worst of it.
fn summary(found: &Report, took: Duration, color: bool) -> String {
    let took = match took.as_millis() {
        ms @ ..10_000 => format!("{ms} ms"),
        _ => format!("{:.1} s", took.as_secs_f64()),
    };
    let words = found.in_words();
    let style = match found.worst() {
        _ if !color => return format!("{words}, in {took}\n"),
        Some(Severity::Error) => "\x1b[1;31m",
        Some(Severity::Warning) => "\x1b[1;33m",
        Some(Severity::Info) => "\x1b[1;36m",
        None => "\x1b[1;32m",
    };
    format!("{style}{words}\x1b[0m, in {took}\n")
}
