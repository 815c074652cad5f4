//! Puts proposals into the text of the policies.
use std::{collections::BTreeMap, sync::Arc};

use netloom_audit::{Draft, Fix, apply as apply_edits};
use netloom_objects::{Object, ObjectRef, Source, parse_source};

use super::{
    Proposal,
    propose::{Found, Step},
};
use crate::ground::Ground;

/// The sources that change, and what became of each proposal. One that cannot be written as text is left to people.
pub(super) fn apply(ground: &Ground<'_>, found: Vec<Found>) -> (Vec<(Source, Source)>, Vec<Proposal>) {
    let mut texts: BTreeMap<Arc<str>, (Source, Source)> = BTreeMap::new();
    for parsed in &ground.objects.sources {
        texts.insert(parsed.source.name.clone(), (parsed.source.clone(), parsed.source.clone()));
    }
    let mut proposals = Vec::new();
    for found in ordered(found) {
        let after = texts.get_mut(&found.at.at.file).map(|(_, after)| after);
        let edited = after.is_some_and(|after| match step(after, &found) {
            Some(text) => {
                after.text = text.into();
                true
            }
            None => false,
        });
        proposals.push(Proposal { object: found.object, at: found.at.at.clone(), text: found.text, edited });
    }
    proposals.sort_by(|a, b| (&a.at, &a.text).cmp(&(&b.at, &b.text)));
    let changed = texts.into_values().filter(|(before, after)| before.text != after.text).collect();
    (changed, proposals)
}

/// What removes comes last and from behind, so that the places of the others stay as they are.
fn ordered(found: Vec<Found>) -> Vec<Found> {
    let (mut removing, mut all): (Vec<Found>, Vec<Found>) =
        found.into_iter().partition(|found| matches!(found.step, Step::Remove(_) | Step::Empty(_)));
    removing.sort_by(|a, b| b.at.at.cmp(&a.at.at));
    all.append(&mut removing);
    all
}

/// The text with one step made.
fn step(source: &Source, found: &Found) -> Option<String> {
    let parsed = parse_source(source);
    let object = parsed.objects.iter().find(|object| is_same(&object.reference, &found.object))?;
    let draft = Fix::proposed(found.text.clone());
    let draft = match &found.step {
        Step::Set(path, yaml) => draft.set(object, path, yaml),
        Step::First(path, key, yaml) => draft.insert_first(object, path, key, yaml),
        Step::Last(path, key, yaml) => draft.insert_last(object, path, key, yaml),
        Step::Remove(path) => draft.remove(object, path),
        Step::Empty(path) => empty(object, path, draft)?,
        Step::Ask => return None,
    };
    let fix = Option::<Fix>::from(draft)?;
    Some(apply_edits(&source.text, &fix.edits.iter().collect::<Vec<_>>()))
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

fn is_same(a: &ObjectRef, b: &ObjectRef) -> bool {
    a.kind == b.kind && a.namespace == b.namespace && a.name == b.name
}
