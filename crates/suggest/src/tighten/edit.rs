//! Puts proposals into the text of the policies.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use netloom_audit::{Draft, Edit, Fix, apply as apply_edits};
use netloom_objects::{FileName, Object, ObjectRef, Source, parse_source};

use super::{
    Proposal,
    propose::{Found, Step},
};
use crate::ground::Ground;

/// The sources that change, and what became of each proposal. One that cannot be written as text is left to people.
pub(super) fn apply(ground: &Ground<'_>, found: Vec<Found>) -> (Vec<(Source, Source)>, Vec<Proposal>) {
    let mut by_file: BTreeMap<FileName, Vec<Found>> = BTreeMap::new();
    for found in found {
        by_file.entry(found.at.at.file.clone()).or_default().push(found);
    }
    let (mut changed, mut proposals) = (Vec::new(), Vec::new());
    for parsed in &ground.objects.sources {
        let Some(found) = by_file.remove(&parsed.source.name) else { continue };
        let before = &parsed.source;
        let after = rounds(before, ordered(found), &mut proposals);
        if before.text != after.text {
            changed.push((before.clone(), after));
        }
    }
    proposals.sort_by(|a, b| (&a.at, &a.text).cmp(&(&b.at, &b.text)));
    (changed, proposals)
}

/// What removes comes last and from behind, so that the places of the others stay as they are.
fn ordered(found: Vec<Found>) -> Vec<Found> {
    let (mut removing, mut all): (Vec<Found>, Vec<Found>) =
        found.into_iter().partition(|found| removes(&found.step));
    removing.sort_by(|a, b| b.at.at.cmp(&a.at.at));
    all.append(&mut removing);
    all
}

fn removes(step: &Step) -> bool {
    matches!(step, Step::Remove(_) | Step::Empty(_))
}

/// Makes the steps of one source, as many at a time as do not touch each other.
fn rounds(source: &Source, found: Vec<Found>, proposals: &mut Vec<Proposal>) -> Source {
    let mut told = |found: &Found, edited: bool| {
        let (object, at, text) = (found.object.clone(), found.at.at.clone(), found.text.clone());
        proposals.push(Proposal { object, at, text, edited });
    };
    let (asked, mut left): (Vec<Found>, Vec<Found>) =
        found.into_iter().partition(|found| found.step == Step::Ask);
    asked.iter().for_each(|found| told(found, false));
    let mut source = source.clone();
    while !left.is_empty() {
        let parsed = parse_source(&source);
        let objects: HashMap<Name<'_>, &Arc<Object>> =
            parsed.objects.iter().map(|object| (name(&object.reference), object)).collect();
        let mut round = Round::default();
        let mut later = Vec::new();
        for found in std::mem::take(&mut left) {
            let edits = objects.get(&name(&found.object)).and_then(|object| edits(object, &found));
            match edits {
                None => told(&found, false),
                Some(edits) => match round.take(&found, edits) {
                    true => told(&found, true),
                    false => later.push(found),
                },
            }
        }
        let text = apply_edits(&source.text, &round.edits.iter().collect::<Vec<_>>());
        source = Source { name: source.name.clone(), text: text.into() };
        left = later;
    }
    source
}

/// Kind, namespace and name.
type Name<'o> = (&'o str, Option<&'o str>, &'o str);

fn name(object: &ObjectRef) -> Name<'_> {
    (&object.kind, object.namespace.as_deref(), &object.name)
}

/// Edits that are made together.
#[derive(Default)]
struct Round {
    edits: Vec<Edit>,
    /// Objects of which something was removed, or put off: what comes later of them waits.
    closed: BTreeSet<Arc<ObjectRef>>,
}

impl Round {
    /// Whether the edits of a step can be made in this round.
    fn take(&mut self, found: &Found, edits: Vec<Edit>) -> bool {
        let touches = |edit: &Edit| self.edits.iter().any(|other| overlap(edit, other));
        let free = !self.closed.contains(&found.object) && !edits.iter().any(touches);
        if !free || removes(&found.step) {
            self.closed.insert(found.object.clone());
        }
        if free {
            self.edits.extend(edits);
        }
        free
    }
}

/// Two edits at one place would have no order.
const fn overlap(a: &Edit, b: &Edit) -> bool {
    a.start < b.end && b.start < a.end || a.start == b.start
}

/// What a step replaces in the text.
fn edits(object: &Object, found: &Found) -> Option<Vec<Edit>> {
    let draft = Fix::proposed(found.text.clone());
    let draft = match &found.step {
        Step::Set(path, yaml) => draft.set(object, path, yaml),
        Step::First(path, key, yaml) => draft.insert_first(object, path, key, yaml),
        Step::Last(path, key, yaml) => draft.insert_last(object, path, key, yaml),
        Step::Remove(path) => draft.remove(object, path),
        Step::Empty(path) => empty(object, path, draft)?,
        Step::Ask => return None,
    };
    Option::<Fix>::from(draft).map(|fix| fix.edits)
}

/// Without its rules a policy closes a direction only where its types name it.
fn empty(object: &Object, path: &str, draft: Draft) -> Option<Draft> {
    let direction = if path.ends_with("ingress") { "Ingress" } else { "Egress" };
    let named = (0..object.count("spec.policyTypes"))
        .any(|nth| object.text(&format!("spec.policyTypes[{nth}]")) == Some(direction));
    let (key, value) = (object.key_span(path)?.bytes, object.byte_range(path)?);
    let text = &*object.source().text;
    // What a block ends with stays its line's.
    let end = text[..value.end].trim_end().len().max(key.end);
    named.then(|| draft.replace(object, key.end..end, ": []"))
}
