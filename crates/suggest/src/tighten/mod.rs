//! The narrower form of today's policies, as edits of their text, and what they cut.
mod edit;
mod propose;

use std::{collections::BTreeSet, sync::Arc};

use netloom_cluster::build;
use netloom_objects::{Location, ObjectRef, ObjectSet, Source, parse_sources};

use crate::{
    change::{Changes, compare},
    ground::{Chosen, Ground},
    need::{Need, Needs},
    proof::{Unmet, judge, reach},
    suggestion::names_of,
};

/// Something that may be narrower.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The policy.
    pub object: Arc<ObjectRef>,
    /// The line that is meant.
    pub at: Location,
    /// What to write, or what to think about.
    pub text: String,
    /// Whether it is in the edited text; otherwise somebody has to decide.
    pub edited: bool,
}

/// The policies as they could be.
#[derive(Debug)]
pub struct Tightened {
    /// What may be narrower, in the order of the lines.
    pub proposals: Vec<Proposal>,
    /// The sources that change, as they are and as they would be.
    pub changed: Vec<(Source, Source)>,
    /// What that cuts.
    pub changes: Changes,
    /// Needs that are met today and would not be.
    pub unmet: Vec<Unmet>,
    /// What only people know.
    pub needs: Needs,
}

/// Narrows the policies that are about chosen units, as far as nothing that is needed is cut.
#[must_use]
pub fn tighten(ground: &Ground<'_>, chosen: &Chosen, mut needs: Needs) -> Tightened {
    needs.extend(names_of(ground, &chosen.units));
    for lack in std::mem::take(&mut needs.lacks) {
        let who = ground.units.get(lack.unit).title();
        let text = format!("{who} needs {}: {}; say {}", lack.what, lack.because.text, lack.how);
        needs.doubt(text, lack.because.at);
    }
    let found = propose::proposals(ground, &chosen.units, &needs.needs);
    let (changed, proposals) = edit::apply(ground, found);
    let mut tightened =
        Tightened { proposals, changed, changes: Changes::default(), unmet: Vec::new(), needs };
    if tightened.changed.is_empty() {
        return tightened;
    }
    let sources: Vec<Source> =
        ground.objects.sources.iter().map(|parsed| edited(&tightened, &parsed.source)).collect();
    let set = ObjectSet::assemble(parse_sources(&sources));
    let snapshot = build(&set, ground.options).snapshot;
    let after = reach(ground, &snapshot, &tightened.needs.needs);
    let before = reach(ground, &ground.snapshot, &tightened.needs.needs);
    let all: BTreeSet<_> = ground.units.all().iter().map(|unit| unit.id).collect();
    tightened.changes = compare(ground, &all, &before, &after);
    let was_met = |need: &&Need| judge(ground, &before, need).is_empty();
    tightened.unmet =
        tightened.needs.needs.iter().filter(was_met).flat_map(|need| judge(ground, &after, need)).collect();
    tightened
}

fn edited(tightened: &Tightened, source: &Source) -> Source {
    let found = tightened.changed.iter().find(|(before, _)| before.name == source.name);
    found.map_or_else(|| source.clone(), |(_, after)| after.clone())
}
