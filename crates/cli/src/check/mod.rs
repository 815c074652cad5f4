//! `netloom check`: what is wrong with manifests, each finding at its field.
mod args;
mod known;
mod mend;
mod names;
mod output;
mod plan;
mod rules;
mod subjects;

use args::Format;
pub use args::{AFTER, Check, Wanted};
pub use known::hide;
pub use mend::difference;
pub use names::normal;
pub use plan::{NoPlan, Plan, configuration};

use std::time::Instant;

use netloom_objects::unread::{Reader, Unread};

use crate::{
    load::{Stop, say},
    notes,
    progress::Progress,
};
pub use subjects::Subjects;

pub fn main(check: &Check) -> Result<u8, Stop> {
    if check.asks_about_rules() {
        return rules::main(check);
    }
    if check.checklist && !matches!(check.output, Format::Text | Format::Json) {
        return Err(Stop::Because("--checklist is written as text, or with -o json".to_owned()));
    }
    let plan = Plan::of(&check.paths, &check.wanted)?;
    let begun = Instant::now();
    let progress = Progress::start();
    let sets = plan.sets(check, &progress)?;
    say(&sets.notes);
    let subjects = Subjects::of(sets, &check.packages.set)?;
    let mut said = Vec::new();
    let (set, report) = if check.fix || check.diff {
        let (repaired, known) = subjects.mended(check, &plan, &progress)?;
        if check.diff {
            progress.finish();
            mend::show(&repaired)?;
            return Ok(u8::from(!repaired.changed.is_empty()));
        }
        said.extend(mend::write(&repaired)?);
        said.extend(known);
        (repaired.set, repaired.report)
    } else {
        let (set, mut report) = subjects.look(&plan, &progress);
        said.extend(known::apply(check, &mut report)?);
        (set, report)
    };
    progress.finish();
    let fail_on = check.fail_on.unwrap_or_else(|| plan.fail_on());
    output::print(check, fail_on, &report, &set, begun.elapsed())?;
    for note in said {
        anstream::eprintln!("{note}");
    }
    notes::unread(&Unread::of(&set, Reader::Rules));
    Ok(u8::from(report.findings.iter().any(|finding| fail_on.fails(finding.severity))))
}
