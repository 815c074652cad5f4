//! The review of today's policies: rules without which nothing changes, rules that never decide, rules that another
//! contradicts.
mod audited;
mod cells;
mod items;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

use netloom_cluster::{Action, Policy, Snapshot, Tier};
use netloom_objects::{Location, ObjectRef};
use netloom_policy::{Compiler, Direction, PolicySet, Reason};
use netloom_reach::report::sides::in_words;

use crate::ground::Ground;
use cells::{Cell, Cells};
use items::{Item, Items, reversed, with_passes_denied, without};

/// What is wrong with a rule or policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// Without it nothing changes: others allow the same.
    Redundant,
    /// It is never asked: others decide before it.
    Shadowed,
    /// Another one forbids what it allows, or does otherwise with the same.
    Contradicted,
    /// It is about nobody, or about ports that nobody has.
    Idle,
}

impl Fault {
    /// `redundant`, `shadowed`, `contradicted`, `does nothing`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Redundant => "redundant",
            Self::Shadowed => "shadowed",
            Self::Contradicted => "contradicted",
            Self::Idle => "does nothing",
        }
    }
}

/// One remark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// What is wrong.
    pub fault: Fault,
    /// In words.
    pub text: String,
    /// The line.
    pub at: Location,
    /// The object.
    pub object: Option<Arc<ObjectRef>>,
    /// The lines that are why, with what they do.
    pub because: Vec<(Location, String)>,
    /// The rule of `netloom check` that says the same.
    pub code: Option<&'static str>,
}

/// Reviews the policies of a set, in the order of their lines.
#[must_use]
pub fn review(ground: &Ground<'_>) -> Vec<Remark> {
    let mut remarks = audited::remarks(ground);
    let reviewer = Reviewer::new(ground);
    let mut own = reviewer.review(&remarks);
    // What the audit says of a rule, or of anything in it, says why.
    own.retain(|(lines, remark)| {
        let is_told = |told: &Remark| {
            let same = matches!((&told.object, &remark.object), (Some(a), Some(b)) if is_same(a, b));
            same && lines.contains(&told.at.line)
        };
        !remarks.iter().any(is_told)
    });
    remarks.extend(own.into_iter().map(|(_, remark)| remark));
    remarks.sort_by(|a, b| (&a.at, a.fault, &a.text).cmp(&(&b.at, b.fault, &b.text)));
    remarks.dedup();
    remarks
}

struct Reviewer {
    /// With the pods that cells ask about.
    snapshot: Snapshot,
    items: Items,
    cells: Cells,
    first: Arc<PolicySet>,
    /// Compiles sets that differ in little.
    compiler: RefCell<Compiler>,
    /// Compiles sets of one policy.
    small: RefCell<Compiler>,
}

impl Reviewer {
    fn new(ground: &Ground<'_>) -> Self {
        let (cells, snapshot) = Cells::of(ground, ground.today.policies());
        let mut compiler = Compiler::default();
        let first = compiler.compile(&snapshot);
        let items = Items::in_snapshot(&snapshot);
        Self { snapshot, items, cells, first, compiler: RefCell::new(compiler), small: RefCell::default() }
    }

    /// The remarks, each with the lines that it is about. What is told to be superfluous is taken as gone.
    fn review(&self, told: &[Remark]) -> Vec<(Range<u32>, Remark)> {
        let superfluous = || told.iter().filter(|remark| remark.fault == Fault::Redundant);
        let items = |remark: &Remark| Some(self.items.of(remark.object.as_ref()?, remark.at.line));
        let known: BTreeSet<usize> = superfluous().filter_map(items).flatten().collect();
        let mut removed = known.clone();
        let suspects = self.suspects();
        let mut remarks = Vec::new();
        for number in suspects.into_iter().filter(|number| !known.contains(number)) {
            let item = &self.items.all[number];
            let matched = self.matched(item);
            match self.judge(item, number, &matched, &removed) {
                Some(remark) if remark.fault == Fault::Redundant && item.tier == Tier::NetworkPolicy => {
                    removed.insert(number);
                    remarks.push((number, remark));
                }
                Some(remark) => remarks.push((number, remark)),
                None => {}
            }
        }
        let is_whole = |policy: &Policy| {
            let mut whole = superfluous().filter(|remark| remark.code == Some(audited::DUPLICATE));
            whole.any(|remark| remark.object.as_ref().is_some_and(|object| is_same(object, &policy.origin)))
        };
        let policies = self.snapshot.policies.iter().enumerate();
        let gone = policies.filter(|(_, policy)| is_whole(policy)).map(|(nth, _)| nth).collect();
        let mut whole = self.whole(&removed, &gone);
        for (number, remark) in &remarks {
            // What covers the rules is why nothing is lost.
            if let Some(of_policy) = whole.get_mut(&self.items.all[*number].policy) {
                let known = of_policy.because.clone();
                of_policy.because.extend(remark.because.iter().filter(|line| !known.contains(line)).cloned());
            }
        }
        remarks.retain(|(number, _)| !whole.contains_key(&self.items.all[*number].policy));
        let of_items = remarks.into_iter().map(|(number, remark)| (self.items.lines(number), remark));
        let mut all: Vec<(Range<u32>, Remark)> = of_items.collect();
        let of_policies = std::mem::take(&mut whole).into_values();
        all.extend(of_policies.map(|remark| (remark.at.line..remark.at.line + 1, remark)));
        all
    }

    /// Rules that decide nothing which no other would decide: narrower ones first.
    fn suspects(&self) -> Vec<usize> {
        let last = PolicySet::compile(&reversed(&self.snapshot));
        let denied = PolicySet::compile(&with_passes_denied(&self.snapshot));
        let mut needed: BTreeSet<usize> = BTreeSet::new();
        let mut seen: BTreeSet<usize> = BTreeSet::new();
        self.cells.each(|cell| {
            let by_first = self.decider(&self.first, cell);
            let by_last = self.decider(&last, cell);
            seen.extend([by_first, self.decider(&denied, cell)].into_iter().flatten());
            needed.extend(by_first.filter(|number| by_last == Some(*number)));
        });
        let is_suspect = |(number, item): &(usize, &Item)| match item.tier {
            Tier::NetworkPolicy => !needed.contains(number),
            Tier::Admin(_) | Tier::Baseline(_) => !seen.contains(number),
        };
        let mut suspects: Vec<usize> =
            self.items.all.iter().enumerate().filter(is_suspect).map(|(number, _)| number).collect();
        // Of two that say the same the narrower one is superfluous, and of two alike the later one.
        suspects.sort_by_key(|number| {
            (std::cmp::Reverse(self.items.all[*number].narrowness), std::cmp::Reverse(*number))
        });
        suspects
    }

    /// The rule that decides about a cell.
    fn decider(&self, set: &PolicySet, cell: &Cell) -> Option<usize> {
        match cell.judged(set).reason {
            Reason::Rule { rule, .. } => self.items.number(&rule),
            _ => None,
        }
    }

    /// The cells that a rule is about, were it the only one.
    fn matched(&self, item: &Item) -> Vec<Cell> {
        let alone = self.small.borrow_mut().compile(&items::alone(&self.snapshot, item));
        let mut matched = Vec::new();
        self.cells.of_policy(item.policy, item.direction, |cell| {
            if matches!(cell.judged(&alone).reason, Reason::Rule { .. }) {
                matched.push(*cell);
            }
        });
        matched
    }

    fn judge(
        &self,
        item: &Item,
        number: usize,
        matched: &[Cell],
        removed: &BTreeSet<usize>,
    ) -> Option<Remark> {
        // A policy about nobody is the audit's to tell.
        if !self.cells.has_subjects(item.policy) {
            return None;
        }
        if matched.is_empty() {
            let text = format!(
                "{}: {} is about nobody: no pod, node or address of this picture",
                item.title(),
                item.what()
            );
            return Some(self.remark(item, Fault::Idle, text, Vec::new()));
        }
        let deciders = self.deciders(&self.first, matched, number);
        let is_denied = |cell: &Cell| {
            let side = cell.judged(&self.first);
            let by_tier = matches!(&side.reason, Reason::Rule { tier: Tier::Admin(_), .. });
            !side.allowed && by_tier
        };
        let is_rule = item.tier == Tier::NetworkPolicy;
        if is_rule && item.action == Action::Accept && matched.iter().all(is_denied) {
            let text = format!("{}: {} allows what is denied before it is asked", item.title(), item.what());
            return Some(self.remark(item, Fault::Contradicted, text, deciders));
        }
        if !is_rule {
            let text = format!("{}: {} never decides: others do before it", item.title(), item.what());
            return Some(self.remark(item, Fault::Shadowed, text, deciders));
        }
        let mut gone = removed.clone();
        gone.insert(number);
        let rest = self.compiler.borrow_mut().compile(&without(&self.snapshot, &self.items, &gone));
        let same = matched.iter().all(|cell| cell.judged(&rest).allowed == cell.judged(&self.first).allowed);
        same.then(|| {
            let text =
                format!("{}: {} allows nothing that others do not allow as well", item.title(), item.what());
            self.remark(item, Fault::Redundant, text, self.deciders(&rest, matched, number))
        })
    }

    /// What decides about cells, each line once.
    fn deciders(&self, set: &PolicySet, cells: &[Cell], but: usize) -> Vec<(Location, String)> {
        let mut lines: BTreeMap<Location, String> = BTreeMap::new();
        for cell in cells {
            let side = cell.judged(set);
            if let Reason::Rule { rule, .. } = &side.reason
                && self.items.number(rule) != Some(but)
            {
                lines.entry(rule.at.clone()).or_insert_with(|| in_words(cell.direction, &side));
            }
        }
        lines.into_iter().take(MOST_LINES).collect()
    }

    fn remark(&self, item: &Item, fault: Fault, text: String, because: Vec<(Location, String)>) -> Remark {
        let (at, object) = (item.origin.at.clone(), Some(item.origin.clone()));
        Remark { fault, text, at, object, because, code: None }
    }

    /// Policies whose every rule is superfluous, and whose pods others isolate.
    /// `told` are policies that are known to be superfluous: they isolate nobody any more.
    fn whole(&self, removed: &BTreeSet<usize>, told: &BTreeSet<usize>) -> BTreeMap<usize, Remark> {
        let mut whole = BTreeMap::new();
        let policies = self.snapshot.policies.iter().enumerate();
        for (nth, policy) in policies.filter(|(_, policy)| policy.tier == Tier::NetworkPolicy) {
            let mut own = self.items.all.iter().enumerate().filter(|(_, item)| item.policy == nth).peekable();
            // A default deny is for pods that are to come.
            let for_all = policy.subject.pods.requirements.is_empty();
            if told.contains(&nth) || !self.cells.has_subjects(nth) || (own.peek().is_none() && for_all) {
                continue;
            }
            let gone: BTreeSet<usize> = whole.keys().copied().chain(told.iter().copied()).collect();
            if !own.all(|(number, _)| removed.contains(&number)) {
                continue;
            }
            let Some(isolating) = self.isolated_by_others(nth, policy, &gone) else { continue };
            let text =
                format!("{} {}: without it nothing changes", policy.origin.kind, title(&policy.origin));
            let because =
                isolating.into_iter().map(|origin| (origin.at.clone(), format!("isolated by {origin}")));
            whole.insert(
                nth,
                Remark {
                    fault: Fault::Redundant,
                    text,
                    at: policy.origin.at.clone(),
                    object: Some(policy.origin.clone()),
                    because: because.collect(),
                    code: None,
                },
            );
        }
        whole
    }

    /// The other policies that isolate all pods of a policy, for every direction of it.
    fn isolated_by_others(
        &self,
        nth: usize,
        policy: &Policy,
        gone: &BTreeSet<usize>,
    ) -> Option<BTreeSet<Arc<ObjectRef>>> {
        let mut by = BTreeSet::new();
        for (direction, speaks) in
            [(Direction::Ingress, policy.ingress.is_some()), (Direction::Egress, policy.egress.is_some())]
        {
            for pods in self.cells.subjects(nth).filter(|_| speaks) {
                let others =
                    pods.selecting(direction).iter().filter(|other| **other != nth && !gone.contains(other));
                let snapshot: &Snapshot = &self.snapshot;
                let mut others = others.map(|other| &snapshot.policies[*other]);
                by.insert(others.find(|other| other.tier == Tier::NetworkPolicy)?.origin.clone());
            }
        }
        Some(by)
    }
}

/// More lines than these for one remark say nothing new.
const MOST_LINES: usize = 4;

fn is_same(a: &ObjectRef, b: &ObjectRef) -> bool {
    a.kind == b.kind && a.namespace == b.namespace && a.name == b.name
}

fn title(origin: &ObjectRef) -> String {
    match &origin.namespace {
        Some(namespace) => format!("{namespace}/{}", origin.name),
        None => origin.name.to_string(),
    }
}
