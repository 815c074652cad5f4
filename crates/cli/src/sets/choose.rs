//! Which sets a command is about.
use netloom_objects::edit_distance;

use super::{LoadedSet, Sets};
use crate::load::Stop;

/// Names that are listed, before the rest is counted.
const LISTED: usize = 30;

impl LoadedSet {
    /// Whether there is all of it; an error otherwise, unless that is accepted.
    pub fn refuse_gaps(&self, keep_going: bool) -> Result<(), Stop> {
        match self.failed && !keep_going {
            true => Err(Stop::Because(
                "what it is made of is not all here, so that nothing is known of the rest; go on without it by --keep-going"
                    .to_owned(),
            )),
            false => Ok(()),
        }
    }
}

impl Sets {
    /// The sets that are named; where none is, those of which something is judged.
    pub fn chosen(self, names: &[String]) -> Result<Vec<LoadedSet>, Stop> {
        if names.is_empty() {
            let (judged, idle): (Vec<LoadedSet>, Vec<LoadedSet>) =
                self.all.into_iter().partition(LoadedSet::is_judged);
            return Ok(if judged.is_empty() { idle } else { judged });
        }
        let mut wanted = vec![false; self.all.len()];
        for name in names {
            wanted[self.find(name)?] = true;
        }
        Ok(self.all.into_iter().zip(wanted).filter(|(_, wanted)| *wanted).map(|(set, _)| set).collect())
    }

    /// The one set that a command can be about.
    pub fn one(self, names: &[String], does: &str) -> Result<LoadedSet, Stop> {
        let mut chosen = self.chosen(names)?;
        match chosen.len() {
            1 => Ok(chosen.remove(0)),
            0 => Err(Stop::Because("there is nothing to read here".to_owned())),
            several => Err(Stop::Because(format!(
                "{several} sets are deployed from here, and {does} is about one; name it by --set:\n{}",
                listed(chosen.iter().map(|set| &*set.set.name))
            ))),
        }
    }

    /// The set that was chosen before; the only one there is may have got another name.
    pub fn again(self, name: &str) -> Result<LoadedSet, Stop> {
        let mut judged = self.clone().chosen(&[])?;
        match judged.len() {
            1 => Ok(judged.remove(0)),
            _ => self.one(&[name.to_owned()], "this network"),
        }
    }

    /// A set by its name, its root, or the end of either.
    fn find(&self, name: &str) -> Result<usize, Stop> {
        let plain = name.trim_start_matches("./").trim_end_matches('/');
        let roots = |set: &LoadedSet| set.set.root.to_string_lossy().trim_start_matches("./").to_owned();
        let by = |is: &dyn Fn(&LoadedSet) -> bool| {
            let mut found = self.all.iter().enumerate().filter(|(_, set)| is(set)).map(|(nth, _)| nth);
            found.next().filter(|_| found.next().is_none())
        };
        let ending = format!("/{plain}");
        let found = by(&|set| set.set.name == name)
            .or_else(|| by(&|set| set.set.name == plain || roots(set) == plain))
            .or_else(|| by(&|set| set.set.name.ends_with(&ending) || roots(set).ends_with(&ending)));
        found.ok_or_else(|| {
            let names = || self.all.iter().map(|set| &*set.set.name);
            let near = names().map(|known| (edit_distance(name, known), known)).min();
            let near = near.filter(|(distance, known)| *distance <= (known.len() / 3).max(1));
            let meant = near.map(|(_, near)| format!("; did you mean {near}?")).unwrap_or_default();
            Stop::Because(format!("there is no one set {name}{meant}; there are:\n{}", listed(names())))
        })
    }
}

/// Names, a line each.
fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.collect();
    let mut lines: Vec<String> = names.iter().take(LISTED).map(|name| format!("  {name}")).collect();
    if names.len() > LISTED {
        lines.push(format!("  … and {} more: netloom sets lists them", names.len() - LISTED));
    }
    lines.join("\n")
}
