//! The reports of several sets as one. What two sets share is judged in both and said once.
use std::{collections::HashMap, sync::Arc};

use netloom_objects::{Location, ObjectSet, ParsedSource};

use crate::{Finding, Report};

/// Puts reports together, each with the name of its set and its objects. The sources of the returned set are those of all.
#[must_use]
pub fn merge(reports: Vec<(Arc<str>, Report, ObjectSet)>) -> (Report, ObjectSet) {
    let mut whole = Report::default();
    let mut sources: Vec<Arc<ParsedSource>> = Vec::new();
    let mut known: HashMap<(&'static str, Location, String), usize> = HashMap::new();
    let mut read: HashMap<String, Vec<usize>> = HashMap::new();
    for (name, report, set) in reports {
        for source in set.sources {
            let alike = read.entry(source.source.name.to_string()).or_default();
            if !alike.iter().any(|nth| sources[*nth].source.text == source.source.text) {
                alike.push(sources.len());
                whole.objects += source.objects.len();
                sources.push(source);
            }
        }
        for finding in report.findings {
            let key = (finding.rule.code, finding.at.written(), finding.message.clone());
            match known.get(&key) {
                Some(nth) => {
                    let sets: &mut Vec<Arc<str>> = &mut whole.findings[*nth].sets;
                    if sets.last() != Some(&name) {
                        sets.push(name.clone());
                    }
                }
                None => {
                    known.insert(key, whole.findings.len());
                    whole.findings.push(Finding { sets: vec![name.clone()], ..finding });
                }
            }
        }
        whole.suppressed += report.suppressed;
        whole.baselined += report.baselined;
        for (counts, more) in [(&mut whole.excused, report.excused), (&mut whole.known, report.known)] {
            more.into_iter().for_each(|(rule, count)| *counts.entry(rule).or_default() += count);
        }
        report
            .looked_at
            .into_iter()
            .for_each(|(what, count)| *whole.looked_at.entry(what).or_default() += count);
        whole.idle.extend(report.idle);
    }
    whole.files = read.len();
    whole.findings.sort_by(|a, b| (&a.at, a.rule.code).cmp(&(&b.at, b.rule.code)));
    (whole, ObjectSet::of_several(sources))
}
