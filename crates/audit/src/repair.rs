//! Applies repairs to texts, again and again until none is left.
use std::{collections::BTreeMap, sync::Arc};

use netloom_objects::{ObjectSet, ParsedSource, Severity, Source, parse_source, parse_sources, restore};

use crate::{Edit, Finding, Report};

/// Repairs may uncover others; so many rounds are enough for any that do not undo each other.
const ROUNDS: usize = 10;

/// A text with replacements made. The edits must not overlap.
#[must_use]
pub fn apply(text: &str, edits: &[&Edit]) -> String {
    let mut edits = edits.to_vec();
    edits.sort();
    let mut out = String::with_capacity(text.len() + edits.iter().map(|e| e.text.len()).sum::<usize>());
    let mut at = 0;
    for edit in edits {
        out.push_str(&text[at..edit.start]);
        out.push_str(&edit.text);
        at = edit.end;
    }
    out.push_str(&text[at..]);
    out
}

/// What came of repairing a set.
#[derive(Debug)]
pub struct Repaired {
    /// The set as it is then.
    pub set: ObjectSet,
    /// The sources whose text changed, as they were and as they are.
    pub changed: Vec<(Source, Source)>,
    /// How many repairs were applied.
    pub applied: usize,
    /// What the audit finds in the repaired set.
    pub report: Report,
}

/// Applies every safe repair that an audit proposes, audits again, and goes on until it proposes none.
#[must_use]
pub fn repair(set: ObjectSet, mut audit: impl FnMut(&ObjectSet) -> Report) -> Repaired {
    let before: Vec<Source> = set.sources.iter().map(|s| s.source.clone()).collect();
    let (mut set, mut applied) = (set, 0);
    let mut report = audit(&set);
    for _ in 0..ROUNDS {
        let Some((next, count)) = one_round(&set, &report.findings) else { break };
        applied += count;
        set = next;
        report = audit(&set);
    }
    let after = set.sources.iter().map(|s| s.source.clone());
    let changed = before.into_iter().zip(after).filter(|(old, new)| old.text != new.text).collect();
    Repaired { set, changed, applied, report }
}

/// Applies repairs that do not overlap. A source that would be worse to read than before stays as it is.
fn one_round(set: &ObjectSet, findings: &[Finding]) -> Option<(ObjectSet, usize)> {
    let mut taken: BTreeMap<&str, Vec<&Edit>> = BTreeMap::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for fix in findings.iter().filter_map(|finding| finding.fix.as_ref()).filter(|fix| fix.safe) {
        let is_free = |edit: &Edit| {
            taken.get(&*edit.file).is_none_or(|others| others.iter().all(|other| !overlap(edit, other)))
        };
        if fix.edits.iter().all(is_free) {
            for edit in &fix.edits {
                taken.entry(&edit.file).or_default().push(edit);
            }
            if let Some(first) = fix.edits.first() {
                *counts.entry(&first.file).or_default() += 1;
            }
        }
    }
    let mut applied = 0;
    let sources: Vec<Arc<ParsedSource>> = set
        .sources
        .iter()
        .map(|parsed| {
            let edits = taken.get(&*parsed.source.name)?;
            let text = apply(&parsed.source.text, edits);
            let next =
                parse_sources(&[Source { name: parsed.source.name.clone(), text: text.into() }]).pop()?;
            let better = errors(&next) <= known_errors(parsed) && next.objects.len() >= parsed.objects.len();
            if better {
                applied += counts.get(&*parsed.source.name).copied().unwrap_or_default();
            }
            better.then_some(next)
        })
        .zip(&set.sources)
        .map(|(next, parsed)| next.unwrap_or_else(|| parsed.clone()))
        .collect();
    (applied > 0).then(|| (ObjectSet::assemble(sources), applied))
}

/// Two edits at one place would have no order.
fn overlap(a: &Edit, b: &Edit) -> bool {
    a.start < b.end && b.start < a.end || a.start == b.start || a == b
}

/// The errors of a source, those included that lost indentation hides.
fn known_errors(parsed: &ParsedSource) -> usize {
    let meant = restore(&parsed.source).map_or(0, |restored| errors(&parse_source(&restored.source)));
    errors(parsed).max(meant)
}

fn errors(parsed: &ParsedSource) -> usize {
    parsed.diagnostics.iter().filter(|d| d.severity == Severity::Error).count()
}
