//! `netloom check`: what is wrong with manifests, each finding at its field.
mod args;
mod known;
mod names;
mod output;
mod plan;
mod progress;
mod rules;

pub use args::{AFTER, Check};

use std::{path::Path, time::Instant};

use netloom_audit::{Report, audit};
use netloom_objects::ObjectSet;

use crate::load::Stop;
use plan::Plan;
use progress::Progress;

pub fn main(check: &Check) -> Result<u8, Stop> {
    if check.asks_about_rules() {
        return rules::main(check);
    }
    let plan = Plan::of(check)?;
    let begun = Instant::now();
    let progress = Progress::start();
    let (set, mut report) = run(&plan, &progress)?;
    let notes = known::apply(check, &mut report)?;
    progress.finish();
    output::print(&plan, &report, &set, begun.elapsed())?;
    for note in notes {
        anstream::eprintln!("{note}");
    }
    Ok(u8::from(report.findings.iter().any(|finding| plan.fail_on.fails(finding.severity))))
}

fn run(plan: &Plan, progress: &Progress) -> Result<(ObjectSet, Report), Stop> {
    let files = plan.files()?;
    progress.says(format!("reading {} files", files.len()));
    let set = ObjectSet::load(&files)?;
    progress.says(format!("looking at {} objects", set.objects().count()));
    let mut report = audit(&set, &plan.settings, &|rule| plan.wants(rule));
    plan.config.apply(&mut report, &|file| names::below(Path::new(file), &plan.folder));
    Ok((set, report))
}
