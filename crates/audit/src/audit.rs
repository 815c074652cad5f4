//! Runs the rules over a set.
use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use netloom_cluster::{Options, Pending, build};
use netloom_objects::{Diagnostic, Earlier, ObjectSet, ParsedSource, Severity};

use crate::{
    Closed, Context, Finding, Findings, Rule, Settings,
    checklist::{Idle, SUPPRESSIONS, looked_at},
    documents::Begun,
    facts,
    restored::Printed,
    rules,
    rules::manifests,
    suppress::Suppressions,
    unknown::Unknown,
};

/// What the audit found.
#[derive(Clone, Debug, Default)]
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
    /// How many findings of each rule were suppressed, or are not wanted where they are.
    pub excused: BTreeMap<&'static str, usize>,
    /// How many findings of each rule the baseline holds.
    pub known: BTreeMap<&'static str, usize>,
    /// The rules that did not look, by their codes.
    pub idle: BTreeMap<&'static str, Idle>,
    /// How much there is of each part of the network (see [`crate::checklist::Subject::one`]).
    pub looked_at: BTreeMap<&'static str, usize>,
}

/// Runs the wanted rules over a set. Documents that lost their indentation are judged as they are meant, where that is
/// clear, and what is found in them stands where it is printed.
#[must_use]
pub fn audit(set: &ObjectSet, settings: &Settings, wanted: &dyn Fn(&Rule) -> bool) -> Report {
    let Some(printed) = Printed::of(set) else { return judge(set, &[], settings, wanted) };
    let mut report = judge(&printed.meant, &printed.lost, settings, wanted);
    printed.put_back(&mut report.findings);
    report
}

/// Rules judge pods wherever they would run.
fn analysed(settings: &Settings) -> Options {
    Options { pending: Pending::Analysed, ..settings.cluster.clone() }
}

/// Runs the wanted rules over a set; `more` is what is wrong with its sources beside what it says itself.
fn judge(
    set: &ObjectSet,
    more: &[Diagnostic],
    settings: &Settings,
    wanted: &dyn Fn(&Rule) -> bool,
) -> Report {
    let built = build(set, &analysed(settings));
    let context = Context::new(set, &built.snapshot, settings);
    let mut suppressions = Suppressions::of(set);
    // Whether a suppression is used is known only where its rules are run.
    let needed = wanted(&manifests::UNUSED);
    let runs = |rule: &Rule| wanted(rule) || needed && suppressions.name(rule);
    let chosen: Vec<&'static Rule> = rules().filter(|rule| runs(rule)).collect();
    let mut findings = manifests::unreadable(set.diagnostics().chain(more), settings.kube_version, &runs);
    findings.extend(manifests::impossible(&built.diagnostics, settings.kube_version, &runs));
    findings.extend(run(&context, &chosen));
    for earlier in set.earlier() {
        findings.extend(replaced(&earlier, settings, &chosen));
    }
    manifests::drop_known_once(&mut findings);
    Unknown::of(set).take_out(&mut findings);
    attribute(set, &mut findings);
    findings.sort_by(|a, b| (&a.at, a.rule.code, &a.message).cmp(&(&b.at, b.rule.code, &b.message)));
    findings.dedup_by(|a, b| a.rule == b.rule && a.at == b.at && a.message == b.message);
    facts::once_a_namespace(&mut findings);
    let mut suppressed = suppressions.apply(&mut findings);
    suppressed.retain(|finding| wanted(finding.rule));
    suppressions.complaints(settings, &mut findings);
    findings.retain(|finding| wanted(finding.rule));
    facts::once(&mut findings, &suppressed);
    findings.sort_by(|a, b| (&a.at, a.rule.code).cmp(&(&b.at, b.rule.code)));
    let mut looked_at = looked_at(&context);
    looked_at.insert(SUPPRESSIONS.one, suppressions.count());
    Report {
        findings,
        files: set.sources.len(),
        objects: set.objects().count(),
        suppressed: suppressed.len(),
        baselined: 0,
        excused: by_rule(suppressed.iter()),
        known: BTreeMap::new(),
        idle: rules().filter_map(|rule| Some((rule.code, idle(rule, settings, wanted)?))).collect(),
        looked_at,
    }
}

/// What is wrong with forms of objects that a later one replaces: of two variants in a folder the first one too.
fn replaced(earlier: &Earlier, settings: &Settings, chosen: &[&'static Rule]) -> Vec<Finding> {
    let built = build(&earlier.set, &analysed(settings));
    let mut findings = run(&Context::new(&earlier.set, &built.snapshot, settings), chosen);
    attribute(&earlier.set, &mut findings);
    let is_in_form = |finding: &Finding| {
        finding.object.as_ref().is_some_and(|object| earlier.forms.iter().any(|form| form.at == object.at))
    };
    findings.retain(is_in_form);
    findings
}

/// How many findings there are of each rule.
pub(crate) fn by_rule<'f>(findings: impl Iterator<Item = &'f Finding>) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(finding.rule.code).or_default() += 1;
    }
    counts
}

/// Why a rule does not look; `None` where it does.
fn idle(rule: &Rule, settings: &Settings, wanted: &dyn Fn(&Rule) -> bool) -> Option<Idle> {
    match wanted(rule) {
        false => Some(Idle::Unwanted),
        true => (rule.closed && settings.closed == Closed::default()).then_some(Idle::OpenWorld),
    }
}

/// Names the object of each finding that stands in one and does not say so.
fn attribute(set: &ObjectSet, findings: &mut [Finding]) {
    let sources: HashMap<&str, &ParsedSource> = set.sources.iter().map(|s| (&*s.source.name, &**s)).collect();
    let mut begun: HashMap<&str, Begun<'_>> = HashMap::new();
    for finding in findings.iter_mut().filter(|finding| finding.object.is_none() && finding.at.line > 0) {
        let Some((name, source)) = sources.get_key_value(&*finding.at.file) else { continue };
        let begun = begun.entry(name).or_insert_with(|| Begun::of(source));
        finding.object = begun.object_at(&finding.at);
    }
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
        // Where no thread can be had, the others do its share.
        let started = (1..threads).map(|_| thread::Builder::new().spawn_scoped(scope, work));
        let others: Vec<_> = started.filter_map(Result::ok).collect();
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
