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
    /// How many were given up, because their file would be worse to read than before. Their findings have no repair in
    /// the report.
    pub given_up: usize,
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
    let mut given_up = 0;
    for finding in report.findings.iter_mut().filter(|finding| finding.fix.as_ref().is_some_and(|f| f.safe)) {
        finding.fix = None;
        given_up += 1;
    }
    let after = set.sources.iter().map(|s| s.source.clone());
    let changed = before.into_iter().zip(after).filter(|(old, new)| old.text != new.text).collect();
    Repaired { set, changed, applied, given_up, report }
}

/// The edits of one repair in one file.
type Step<'f> = Vec<&'f Edit>;

/// Applies repairs that do not overlap. Those that would leave a source worse to read than before are left out.
fn one_round(set: &ObjectSet, findings: &[Finding]) -> Option<(ObjectSet, usize)> {
    let mut taken: BTreeMap<&str, BTreeMap<usize, &Edit>> = BTreeMap::new();
    let mut steps: BTreeMap<&str, Vec<Step<'_>>> = BTreeMap::new();
    for fix in findings.iter().filter_map(|finding| finding.fix.as_ref()).filter(|fix| fix.safe) {
        let is_free = |edit: &Edit| taken.get(&*edit.file).is_none_or(|others| is_free(edit, others));
        if fix.edits.iter().all(is_free) {
            let mut own: BTreeMap<&str, Step<'_>> = BTreeMap::new();
            for edit in &fix.edits {
                taken.entry(&edit.file).or_default().insert(edit.start, edit);
                own.entry(&edit.file).or_default().push(edit);
            }
            for (file, edits) in own {
                steps.entry(file).or_default().push(edits);
            }
        }
    }
    let mut applied = 0;
    let sources: Vec<Arc<ParsedSource>> = set
        .sources
        .iter()
        .map(|parsed| {
            let (next, count) = steps.get(&*parsed.source.name).and_then(|steps| best(parsed, steps))?;
            applied += count;
            Some(next)
        })
        .zip(&set.sources)
        .map(|(next, parsed)| next.unwrap_or_else(|| parsed.clone()))
        .collect();
    (applied > 0).then(|| (ObjectSet::assemble(sources), applied))
}

/// A source with as many repairs as leave it no worse to read, and how many these are.
fn best(parsed: &Arc<ParsedSource>, steps: &[Step<'_>]) -> Option<(Arc<ParsedSource>, usize)> {
    let known = known_errors(parsed);
    let chosen = fitting(parsed, known, steps);
    let next = repaired(parsed, known, &chosen)?;
    (!chosen.is_empty()).then_some((next, chosen.len()))
}

fn fitting<'s, 'f>(parsed: &ParsedSource, known: usize, steps: &'s [Step<'f>]) -> Vec<&'s Step<'f>> {
    let all: Vec<&Step<'f>> = steps.iter().collect();
    if repaired(parsed, known, &all).is_some() {
        return all;
    }
    if steps.len() < 2 {
        return Vec::new();
    }
    let (first, second) = steps.split_at(steps.len() / 2);
    let mut chosen = fitting(parsed, known, first);
    let more = fitting(parsed, known, second);
    let both: Vec<&Step<'f>> = chosen.iter().chain(&more).copied().collect();
    if repaired(parsed, known, &both).is_some() {
        chosen = both;
    }
    chosen
}

/// A source with repairs made, if it is no worse to read than before.
fn repaired(parsed: &ParsedSource, known: usize, steps: &[&Step<'_>]) -> Option<Arc<ParsedSource>> {
    let edits: Vec<&Edit> = steps.iter().flat_map(|step| step.iter().copied()).collect();
    let text = apply(&parsed.source.text, &edits);
    let next = parse_sources(&[Source { name: parsed.source.name.clone(), text: text.into() }]).pop()?;
    (errors(&next) <= known && next.objects.len() >= parsed.objects.len()).then_some(next)
}

/// Whether an edit overlaps none of others, which do not overlap each other. Two edits at one place would have no order.
fn is_free(edit: &Edit, others: &BTreeMap<usize, &Edit>) -> bool {
    let before = others.range(..=edit.start).next_back();
    let behind = others.range(edit.start..).next();
    before.is_none_or(|(start, other)| *start != edit.start && other.end <= edit.start)
        && behind.is_none_or(|(start, _)| edit.end <= *start)
}

/// The errors of a source, those included that lost indentation hides.
fn known_errors(parsed: &ParsedSource) -> usize {
    let meant = restore(&parsed.source).map_or(0, |restored| errors(&parse_source(&restored.source)));
    errors(parsed).max(meant)
}

fn errors(parsed: &ParsedSource) -> usize {
    parsed.diagnostics.iter().filter(|d| d.severity == Severity::Error).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Settings, audit};

    fn mended(text: &str) -> Repaired {
        let set = ObjectSet::assemble(vec![Arc::new(parse_source(&Source::new("a.yaml", text)))]);
        repair(set, |set| audit(set, &Settings::default(), &|rule| rule.code.starts_with("MF")))
    }

    const POD: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  containers:
  - name: c
    image: x
    env:
    - {name: DEBUG, value: yes}
    - {name: PORT, value: &port 8080}
    ports: [{containerPort: *port}]
";

    #[test]
    fn what_an_alias_stands_for_is_left_and_the_rest_is_repaired() {
        let repaired = mended(POD);
        assert_eq!((repaired.applied, repaired.given_up), (1, 0));
        let text = &*repaired.changed[0].1.text;
        assert!(text.contains("value: \"yes\"") && text.contains("value: &port 8080"), "{text}");
    }

    #[test]
    fn one_repair_that_does_harm_takes_no_other_with_it() {
        let text = "a: 1\nb: 2\nc: 3\n";
        let parsed = Arc::new(parse_source(&Source::new("a.yaml", &config_map(text))));
        let at = |what: &str| parsed.source.text.find(what).unwrap();
        let edit = |start: usize, text: &str| Edit {
            file: "a.yaml".into(),
            start,
            end: start + 1,
            text: text.to_owned(),
        };
        let edits =
            [edit(at("a: 1\n") + 3, "\"1\""), edit(at("b: 2\n") + 3, "["), edit(at("c: 3\n") + 3, "\"3\"")];
        let steps: Vec<Step<'_>> = edits.iter().map(|edit| vec![edit]).collect();
        let (next, count) = best(&parsed, &steps).unwrap();
        assert_eq!(count, 2);
        assert!(next.source.text.ends_with("a: \"1\"\n  b: 2\n  c: \"3\"\n"), "{}", next.source.text);
    }

    fn config_map(data: &str) -> String {
        let lines: String = data.lines().map(|line| format!("  {line}\n")).collect();
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n{lines}")
    }
}
