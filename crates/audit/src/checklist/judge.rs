//! Each item against what was found.
use super::{Item, TOPICS, Topic};
use crate::{Finding, Report, Rule, find_rule};

/// How an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// All its rules looked, at something, and found nothing.
    Met,
    /// Something is found.
    NotMet,
    /// The set has nothing that it is about.
    NotApplicable,
    /// Nothing is found, but not all its rules looked.
    NotJudged,
    /// No manifest shows it.
    Undecidable,
}

impl Status {
    /// All of them, in the order in which they are summed up.
    pub const ALL: [Self; 5] =
        [Self::Met, Self::NotMet, Self::NotApplicable, Self::NotJudged, Self::Undecidable];

    /// `met`, `not-met`, …
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "not-met",
            Self::NotApplicable => "not-applicable",
            Self::NotJudged => "not-judged",
            Self::Undecidable => "undecidable",
        }
    }
}

/// Why a rule did not look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// It was not asked for.
    Unwanted,
    /// It needs a closed world.
    OpenWorld,
}

impl Idle {
    /// In words.
    #[must_use]
    pub const fn because(self) -> &'static str {
        match self {
            Self::Unwanted => "not selected",
            Self::OpenWorld => "needs --closed",
        }
    }
}

/// An item, judged.
#[derive(Debug)]
pub struct Judged<'r> {
    /// The part of the network that it belongs to.
    pub topic: &'static Topic,
    /// The item.
    pub item: &'static Item,
    /// How it stands.
    pub status: Status,
    /// How much there is of each of the things that it is about, in words: `3 Services`.
    pub objects: Vec<String>,
    /// What stands in its way.
    pub findings: Vec<&'r Finding>,
    /// How many findings were suppressed, or are not wanted where they are.
    pub excused: usize,
    /// How many findings the baseline holds.
    pub baselined: usize,
    /// Its rules that did not look.
    pub idle: Vec<(&'static Rule, Idle)>,
}

/// Judges every item.
#[must_use]
pub fn judge(report: &Report) -> Vec<Judged<'_>> {
    let items = TOPICS.iter().flat_map(|topic| topic.items.iter().map(move |item| (topic, item)));
    items.map(|(topic, item)| judge_one(report, topic, item)).collect()
}

fn judge_one<'r>(report: &'r Report, topic: &'static Topic, item: &'static Item) -> Judged<'r> {
    let is_own = |code: &str| item.rules.contains(&code);
    let sum = |counts: &std::collections::BTreeMap<&'static str, usize>| -> usize {
        counts.iter().filter(|(code, _)| is_own(code)).map(|(_, count)| count).sum()
    };
    let present = |one: &str| report.looked_at.get(one).copied().unwrap_or_default();
    let subjects = item.about.iter().filter(|subject| present(subject.one) > 0);
    let objects: Vec<String> = subjects.map(|subject| subject.counted(present(subject.one))).collect();
    let findings: Vec<&Finding> =
        report.findings.iter().filter(|finding| is_own(finding.rule.code)).collect();
    let rules = item.rules.iter().filter_map(|code| find_rule(code));
    let idle: Vec<(&Rule, Idle)> =
        rules.filter_map(|rule| Some((rule, *report.idle.get(rule.code)?))).collect();
    let (excused, baselined) = (sum(&report.excused), sum(&report.known));
    let status = if item.rules.is_empty() {
        Status::Undecidable
    } else if !findings.is_empty() || baselined > 0 {
        Status::NotMet
    } else if objects.is_empty() {
        Status::NotApplicable
    } else if !idle.is_empty() {
        Status::NotJudged
    } else {
        Status::Met
    };
    Judged { topic, item, status, objects, findings, excused, baselined, idle }
}
