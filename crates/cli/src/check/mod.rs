//! `netloom check`: what is wrong with manifests, each finding at its field.
mod args;
mod known;
mod mend;
mod names;
mod output;
mod plan;
mod rules;

use args::Format;
pub use args::{AFTER, Check, Wanted};
pub use known::hide;
pub use mend::difference;
pub use names::normal;
pub use plan::{NoPlan, Plan};

use std::time::Instant;

use netloom_audit::{Repaired, Report, repair};
use netloom_objects::{
    ObjectSet,
    unread::{Reader, Unread},
};

use crate::{inputs, load::Stop, notes, progress::Progress};

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
    let set = read(check, &plan, &progress)?;
    let mut said = Vec::new();
    let (set, report) = if check.fix || check.diff {
        let (repaired, known) = mended(check, &plan, set, &progress)?;
        if check.diff {
            progress.finish();
            mend::show(&repaired)?;
            return Ok(u8::from(!repaired.changed.is_empty()));
        }
        said.extend(mend::write(&repaired)?);
        said.extend(known);
        (repaired.set, repaired.report)
    } else {
        let mut report = look(&plan, &set, &progress);
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

fn read(check: &Check, plan: &Plan, progress: &Progress) -> Result<ObjectSet, Stop> {
    let list = plan.files(&check.packages)?;
    progress.says(format!("reading {} files", list.files.len()));
    Ok(ObjectSet::assemble(inputs::read(&list, plan.kube_version(), progress)?))
}

fn look(plan: &Plan, set: &ObjectSet, progress: &Progress) -> Report {
    progress.says(format!("looking at {} objects", set.objects().count()));
    plan.look(set)
}

/// The set with every repair made that is safe, and what is to be said of the baseline. What the baseline accepts stays
/// as it is.
fn mended(
    check: &Check,
    plan: &Plan,
    set: ObjectSet,
    progress: &Progress,
) -> Result<(Repaired, Vec<String>), Stop> {
    let (mut notes, mut refused) = (Vec::new(), None);
    let repaired = repair(set, |set| {
        let mut report = look(plan, set, progress);
        match known::apply(check, &mut report) {
            Ok(said) => notes = said,
            Err(stop) => refused = Some(stop),
        }
        report
    });
    refused.map_or(Ok((repaired, notes)), Err)
}
