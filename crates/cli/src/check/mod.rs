//! `netloom check`: what is wrong with manifests, each finding at its field.
mod args;
mod output;
mod progress;
mod rules;

pub use args::{AFTER, Check};

use std::time::Instant;

use netloom_audit::{Report, audit};
use netloom_objects::{ObjectSet, list_files};

use crate::load::Stop;
use args::Plan;
use progress::Progress;

/// What was found, in what, and how long it took.
struct Checked {
    set: ObjectSet,
    report: Report,
}

pub fn main(check: &Check) -> Result<u8, Stop> {
    if check.asks_about_rules() {
        return rules::main(check);
    }
    let plan = Plan::of(check)?;
    let begun = Instant::now();
    let progress = Progress::start();
    let checked = run(&plan, &progress)?;
    progress.finish();
    output::print(&plan, &checked.report, &checked.set, begun.elapsed())?;
    Ok(u8::from(checked.report.findings.iter().any(|finding| plan.fail_on.fails(finding.severity))))
}

fn run(plan: &Plan, progress: &Progress) -> Result<Checked, Stop> {
    let files = list_files(&plan.paths)?.files;
    progress.says(format!("reading {} files", files.len()));
    let set = ObjectSet::load(&files)?;
    progress.says(format!("looking at {} objects", set.objects().count()));
    let report = audit(&set, &plan.settings, &|rule| plan.selection.wants(rule));
    Ok(Checked { set, report })
}
