//! The whole table.
use std::io::Write;

use netloom_reach::report;

use super::{
    Fault,
    args::{Format, Reach},
    read::Read,
    unfit,
};

pub fn write(args: &Reach, read: &Read, out: &mut impl Write) -> Result<u8, Fault> {
    let reach = &read.reach;
    if args.question.by_class {
        match args.output {
            Format::Text => report::by_class::text(reach, out)?,
            Format::Csv => report::by_class::csv(reach, out)?,
            Format::Json => report::by_class::json(reach, out)?,
            Format::Md => report::by_class::markdown(reach, out)?,
            other => return Err(unfit(other, "text, csv, json and md")),
        }
        return Ok(0);
    }
    for shut in report::ways::shut(reach) {
        anstream::eprintln!("\x1b[1;33mnote:\x1b[0m {shut}");
    }
    let exposure = read.exposure.as_ref();
    match (args.output, exposure) {
        (Format::Text, None) => report::text(reach, out)?,
        (Format::Text, Some(exposure)) => {
            report::text(reach, out)?;
            write!(out, "\n{}", report::exposure::text(reach, exposure))?;
        }
        (Format::Csv, None) => report::csv(reach, out)?,
        (Format::Csv, Some(exposure)) => {
            report::csv(reach, out)?;
            out.write_all(report::exposure::csv(reach, exposure).as_bytes())?;
        }
        (Format::Md, None) => report::markdown(reach, out)?,
        (Format::Md, Some(exposure)) => {
            report::markdown(reach, out)?;
            out.write_all(report::exposure::markdown(reach, exposure).as_bytes())?;
        }
        (Format::Json, exposure) => report::json(reach, exposure, out)?,
        (other, Some(_)) => return Err(unfit(other, "text, csv, json and md")),
        (Format::Dot, None) => report::dot(reach, out)?,
        (Format::Svg, None) => report::svg(reach, out)?,
        (Format::Html, None) => report::html(reach, &title(args), out)?,
        (Format::Junit, None) => {
            return Err(unfit(Format::Junit, "text, csv, json, md, dot, svg and html"));
        }
    }
    Ok(0)
}

/// What the page is about.
fn title(args: &Reach) -> String {
    let paths: Vec<_> = args.paths.iter().map(|path| path.to_string_lossy()).collect();
    paths.join(" ")
}
