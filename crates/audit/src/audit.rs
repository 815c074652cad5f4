//! Runs the rules over a set.
use std::{
    cmp::Reverse,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use netloom_cluster::build;
use netloom_objects::{ObjectSet, Severity};

use crate::{Context, Finding, Findings, Rule, Settings, rules, rules::manifests};

/// What the audit found.
#[derive(Debug)]
pub struct Report {
    /// Sorted by place, then by code.
    pub findings: Vec<Finding>,
    /// How many files were read.
    pub files: usize,
    /// How many objects were looked at.
    pub objects: usize,
    /// How many findings a comment or an annotation suppressed.
    pub suppressed: usize,
    /// How many findings the baseline holds.
    pub baselined: usize,
}

/// Runs the wanted rules over a set.
#[must_use]
pub fn audit(set: &ObjectSet, settings: &Settings, wanted: &dyn Fn(&Rule) -> bool) -> Report {
    let built = build(set, &settings.cluster);
    let context = Context::new(set, &built.snapshot, settings);
    let chosen: Vec<&'static Rule> = rules().filter(|rule| wanted(rule)).collect();
    let mut findings = manifests::unreadable(set.diagnostics(), wanted);
    findings.extend(manifests::impossible(&built.diagnostics, wanted));
    findings.extend(run(&context, &chosen));
    findings.sort_by(|a, b| (&a.at, a.rule.code, &a.message).cmp(&(&b.at, b.rule.code, &b.message)));
    findings.dedup_by(|a, b| a.rule == b.rule && a.at == b.at && a.message == b.message);
    Report { findings, files: set.sources.len(), objects: set.objects().count(), suppressed: 0, baselined: 0 }
}

/// Runs rules on every core that there is; the order of what they find is not determined.
fn run(context: &Context<'_>, chosen: &[&'static Rule]) -> Vec<Finding> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(chosen.len());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found = Vec::new();
        while let Some(rule) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
            (rule.check)(context, &mut Findings::new(rule, &mut found));
        }
        found
    };
    if threads < 2 || context.set.objects().count() < SMALL {
        return work();
    }
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut found = work();
        for other in others {
            match other.join() {
                Ok(more) => found.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        found
    })
}

/// Sets smaller than this are done before a thread has started.
const SMALL: usize = 500;

impl Report {
    /// How bad the worst finding is.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|f| f.severity).min_by_key(|s| Reverse(rank(*s)))
    }
}

fn rank(severity: Severity) -> u8 {
    match severity {
        Severity::Error => 2,
        Severity::Warning => 1,
        Severity::Info => 0,
    }
}
