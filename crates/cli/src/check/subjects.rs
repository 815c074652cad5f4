//! The sets that are judged, each by itself; what they share is said once.
use std::{collections::BTreeMap, sync::Arc};

use netloom_audit::{Repaired, Report, Version, merge, repair};
use netloom_objects::{FileName, ObjectSet, ParsedSource, Source};

use super::{Plan, args::Check, known};
use crate::{load::Stop, progress::Progress, sets::Sets};

/// What is judged.
#[derive(Default)]
pub struct Subjects {
    all: Vec<Subject>,
}

struct Subject {
    name: Arc<str>,
    /// The release of Kubernetes that it is for, where that is its own.
    kube: Option<Version>,
    objects: ObjectSet,
    /// Whether its text is what stands in its files.
    is_as_written: bool,
}

impl Subject {
    fn look(&self, objects: &ObjectSet, plan: &Plan, progress: &Progress) -> Report {
        progress.says(format!("looking at {} objects of {}", objects.objects().count(), self.name));
        let mut report = plan.look_for(objects, self.kube);
        if !self.is_as_written {
            report
                .findings
                .iter_mut()
                .filter_map(|finding| finding.fix.as_mut())
                .for_each(|fix| fix.safe = false);
        }
        report
    }
}

impl Subjects {
    /// The sets that are named; where none is, all of them.
    pub fn of(sets: Sets, names: &[String]) -> Result<Self, Stop> {
        let chosen = if names.is_empty() { sets.all } else { sets.chosen(names)? };
        let all = chosen.into_iter().map(|set| Subject {
            name: set.set.name.as_str().into(),
            kube: set.set.given.kube_version.as_ref().and_then(|version| version.parse().ok()),
            is_as_written: set.set.given.substitutions.is_none(),
            objects: ObjectSet::assemble(set.sources),
        });
        Ok(Self { all: all.collect() })
    }

    /// What is found, in all together.
    pub fn look(&self, plan: &Plan, progress: &Progress) -> (ObjectSet, Report) {
        let look = |subject: &Subject| subject.look(&subject.objects, plan, progress);
        if let [only] = self.all.as_slice() {
            return (only.objects.clone(), look(only));
        }
        let judged =
            self.all.iter().map(|subject| (subject.name.clone(), look(subject), subject.objects.clone()));
        let (report, objects) = merge(judged.collect());
        (objects, report)
    }

    /// The text of one file after every repair in it that is safe; none where it is of no set. `hide` takes out what is
    /// accepted.
    pub fn mended_file(
        &self,
        plan: &Plan,
        file: &str,
        hide: &mut dyn FnMut(&mut Report),
    ) -> Option<Arc<str>> {
        let has = |objects: &ObjectSet| objects.sources.iter().any(|source| &*source.source.name == file);
        let mut repaired: Option<Arc<ParsedSource>> = None;
        for subject in self.all.iter().filter(|subject| has(&subject.objects)) {
            let sources = subject.objects.sources.iter().map(|source| match &repaired {
                Some(own) if own.source.name == source.source.name => own.clone(),
                _ => source.clone(),
            });
            let mended = repair(ObjectSet::assemble(sources.collect()), |objects| {
                let mut report = subject.look(objects, plan, &Progress::none());
                hide(&mut report);
                // Only what stays inside of the file.
                for finding in &mut report.findings {
                    finding.fix.take_if(|fix| fix.edits.iter().any(|edit| &*edit.file != file));
                }
                report
            });
            repaired = mended.set.sources.iter().find(|source| &*source.source.name == file).cloned();
        }
        repaired.map(|source| source.source.text.clone())
    }

    /// The sets with every repair made that is safe, and what is to be said of the baseline. What the baseline accepts
    /// stays as it is.
    pub fn mended(
        mut self,
        check: &Check,
        plan: &Plan,
        progress: &Progress,
    ) -> Result<(Repaired, Vec<String>), Stop> {
        let mut changed: BTreeMap<FileName, (Source, Source)> = BTreeMap::new();
        let (mut applied, mut given_up) = (0, 0);
        for nth in 0..self.all.len() {
            let (mut notes, mut refused) = (Vec::new(), None);
            let subject = &self.all[nth];
            let repaired = repair(subject.objects.clone(), |objects| {
                let mut report = subject.look(objects, plan, progress);
                match known::apply(check, &mut report) {
                    Ok(said) => notes = said,
                    Err(stop) => refused = Some(stop),
                }
                report
            });
            if let Some(stop) = refused {
                return Err(stop);
            }
            if self.all.len() == 1 {
                return Ok((repaired, notes));
            }
            applied += repaired.applied;
            given_up += repaired.given_up;
            let after: BTreeMap<FileName, Arc<ParsedSource>> = repaired
                .set
                .sources
                .iter()
                .map(|source| (source.source.name.clone(), source.clone()))
                .collect();
            let edited: Vec<FileName> =
                repaired.changed.iter().map(|(_, after)| after.name.clone()).collect();
            for (before, after) in repaired.changed {
                let first = changed.remove(&before.name).map_or(before, |(first, _)| first);
                changed.insert(after.name.clone(), (first, after));
            }
            self.all.iter_mut().for_each(|subject| subject.take(&edited, &after));
        }
        let (set, mut report) = self.look(plan, progress);
        let notes = known::apply(check, &mut report)?;
        Ok((Repaired { set, changed: changed.into_values().collect(), applied, given_up, report }, notes))
    }
}

impl Subject {
    /// Takes sources that were repaired for another set that has them too.
    fn take(&mut self, edited: &[FileName], after: &BTreeMap<FileName, Arc<ParsedSource>>) {
        let is_edited = |source: &Arc<ParsedSource>| edited.contains(&source.source.name);
        if !self.objects.sources.iter().any(is_edited) {
            return;
        }
        let sources = self.objects.sources.iter().map(|source| match after.get(&source.source.name) {
            Some(repaired) if is_edited(source) => repaired.clone(),
            _ => source.clone(),
        });
        self.objects = ObjectSet::assemble(sources.collect());
    }
}
