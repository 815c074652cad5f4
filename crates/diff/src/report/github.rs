//! `-o github`: workflow commands, which GitHub shows at the lines of a pull request.
use std::fmt::Write as _;

use netloom_objects::{Location, ObjectRef, Repository, visible};

use super::{
    ASKED,
    words::{self, NAMED, headline, reason},
};
use crate::{
    causes::Causes,
    diff::{Diff, Group},
    ways::WayChange,
};

/// Commands at most; GitHub shows far fewer.
const SHOWN: usize = 50;

/// `::warning file=…,line=…,title=…::message` for what the internet gained, `::notice` for all else; the counts last.
#[must_use]
pub fn github(diff: &Diff<'_>, repository: &Repository) -> String {
    github_of_set(diff, repository, None)
}

/// The same for one of several sets, whose name each title has.
#[must_use]
pub fn github_of_set(diff: &Diff<'_>, repository: &Repository, set: Option<&str>) -> String {
    let of = set.map(|set| format!(" in {set}")).unwrap_or_default();
    let own = property(&format!("netloom diff{of}"));
    let of_group = |group: &Group| (false, Item::Group(group.clone()));
    let groups = diff.groups().map(of_group);
    let ways = diff.ways.iter().map(|way| (way.from_internet(), Item::Way(way.clone())));
    let mut all: Vec<(bool, Item)> = groups.chain(ways).collect();
    all.sort_by_key(|(internet, _)| !internet);
    let mut out = String::new();
    for (internet, item) in all.iter().take(SHOWN) {
        command(diff, *internet, item, &of, repository, &mut out);
    }
    if let Some(more @ 1..) = all.len().checked_sub(SHOWN) {
        _ = writeln!(out, "::notice title={own}::{more} more changes: -o json has them all");
    }
    _ = writeln!(out, "::notice title={own}::{}", data(&headline(&diff.summary())));
    out
}

#[allow(clippy::large_enum_variant, reason = "few are made, and each is written once")]
enum Item {
    Group(Group),
    Way(WayChange),
}

fn command(
    diff: &Diff<'_>,
    internet: bool,
    item: &Item,
    of: &str,
    repository: &Repository,
    out: &mut String,
) {
    let (name, words, causes, unit) = match item {
        Item::Group(group) => {
            let (from, to) = (diff.ends(&group.from, NAMED), diff.ends(&group.to, NAMED));
            let unit = group.to.iter().chain(&group.from).find_map(|end| match end {
                crate::End::Unit(unit) => Some(*unit),
                _ => None,
            });
            (group.name(), format!("{from} → {to}: {}", group.ports()), diff.causes(group, ASKED), unit)
        }
        Item::Way(way) => {
            let open = |on: &Option<crate::WayOn>| on.as_ref().map(|on| on.open.clone()).unwrap_or_default();
            let ports = words::ports(&open(&way.before), &open(&way.after));
            let to = &diff.unit(way.to).name;
            let words = format!("{} {} → {to}: {ports}", way.entry, way.address);
            (way.name(), words, diff.causes_of_way(way), Some(way.to))
        }
    };
    let member = unit.and_then(|unit| diff.unit(unit).after.as_ref().or(diff.unit(unit).before.as_ref()));
    let at = place(diff, &causes).or_else(|| member.map(|member| &member.origin.at));
    let level = if internet { "warning" } else { "notice" };
    _ = write!(out, "::{level} ");
    // What was read from standard input, and what netloom added, is in no file.
    if let Some(at) = at.map(Location::written).filter(|at| at.line > 0 && !at.file.contains('<')) {
        _ = write!(out, "file={},line={},", property(&repository.path(&at.file)), at.line);
    }
    let title =
        if internet { "opened to the internet".to_owned() } else { format!("connection {name}") } + of;
    _ = writeln!(out, "title={}::{}", property(&title), data(&message(diff, &words, &causes)));
}

/// The rule that decides now, where its object changed; else the changed object.
fn place<'d>(diff: &'d Diff<'_>, causes: &'d Causes) -> Option<&'d Location> {
    let changed = || causes.objects.iter().map(|nth| &diff.objects[*nth]);
    let is_changed = |rule: &&ObjectRef| {
        let same = |object: &ObjectRef| {
            (&object.kind, &object.namespace, &object.name) == (&rule.kind, &rule.namespace, &rule.name)
        };
        changed().any(|change| same(change.object()))
    };
    let decide =
        causes.all.iter().filter_map(|cause| cause.after.as_ref()).filter(|after| after.reason == "rule");
    let rule = decide.flat_map(|after| &after.rules).find(is_changed);
    rule.map(|rule| &rule.at).or_else(|| changed().next().map(|change| change.at()))
}

fn message(diff: &Diff<'_>, words: &str, causes: &Causes) -> String {
    let mut text = words.to_owned();
    for cause in causes.all.iter().take(NAMED) {
        for (when, side) in [("was", &cause.before), ("now", &cause.after)] {
            let Some(side) = side else { continue };
            let words = reason(side, &ToString::to_string);
            let verb =
                if matches!(side.reason, "rule" | "isolated") { format!(" {when}") } else { ":".to_owned() };
            text.push_str(&format!("\n{}{verb} {words}", cause.direction.name()));
        }
    }
    let objects: Vec<String> = causes.objects.iter().map(|nth| diff.objects[*nth].words()).collect();
    if !objects.is_empty() {
        text.push_str(&format!("\nby {}", words::folded(&objects, 2)));
    }
    text
}

fn data(text: &str) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    visible(&text).into_owned()
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
