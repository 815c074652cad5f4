//! `-o text`: for people, at a terminal.
use std::fmt::Write as _;

use super::{
    ASKED,
    words::{self, NAMED, headline, reason, sign, title},
};
use crate::{
    causes::Causes,
    diff::{Diff, Group},
    objects::ObjectChange,
    units::{Member, UnitId},
    ways::WayChange,
};

/// Changes that are written of each section, before the rest is counted.
const SHOWN: usize = 30;

/// Everything that changed, each with its causes, and the counts in the last line.
#[must_use]
pub fn text(diff: &Diff<'_>, color: bool) -> String {
    let mut text = Text { diff, color, out: String::new() };
    text.internet();
    let all: Vec<&Group> = diff.outside.iter().collect();
    text.section("Connections with the outside", &all, |text, group| text.group(group));
    let rest: Vec<&WayChange> = diff.ways.iter().filter(|way| !way.from_internet()).collect();
    text.section("Published", &rest, |text, way| text.way(way));
    text.workloads();
    let all: Vec<&Group> = diff.connections.iter().collect();
    text.section("Connections", &all, |text, group| text.group(group));
    let all: Vec<_> = diff.objects.iter().collect();
    text.section("Objects", &all, |text, object| text.object(object));
    text.end();
    text.out
}

struct Text<'d> {
    diff: &'d Diff<'d>,
    color: bool,
    out: String,
}

impl Text<'_> {
    fn internet(&mut self) {
        let ways: Vec<&WayChange> = self.diff.ways.iter().filter(|way| way.from_internet()).collect();
        if ways.is_empty() {
            return;
        }
        self.heading("⚠ Open to the internet", "1;31");
        self.items(&ways, |text, way| text.way(way));
        self.out.push('\n');
    }

    fn workloads(&mut self) {
        let [came, went] = self.diff.came_and_went();
        let names = [("added", came), ("removed", went)];
        let all: Vec<(&str, UnitId)> = names
            .into_iter()
            .flat_map(|(name, units)| units.into_iter().map(move |unit| (name, unit)))
            .collect();
        let all: Vec<&(&str, UnitId)> = all.iter().collect();
        self.section("Workloads", &all, |text, (name, unit)| {
            let unit = text.diff.unit(*unit);
            let member: Option<&Member> = unit.after.as_ref().or(unit.before.as_ref());
            let at = member.map(|member| format!(" ({})", member.origin.at)).unwrap_or_default();
            text.line(name, &format!("{}{at}", unit.name));
        });
    }

    fn section<T>(&mut self, title: &str, all: &[&T], each: impl FnMut(&mut Self, &T)) {
        if all.is_empty() {
            return;
        }
        self.heading(title, "1");
        self.items(all, each);
        self.out.push('\n');
    }

    fn items<T>(&mut self, all: &[&T], mut each: impl FnMut(&mut Self, &T)) {
        all.iter().take(SHOWN).for_each(|item| each(self, item));
        if let Some(more @ 1..) = all.len().checked_sub(SHOWN) {
            _ = writeln!(self.out, "  … and {more} more: -o json has them all");
        }
    }

    fn heading(&mut self, title: &str, style: &str) {
        _ = match self.color {
            true => writeln!(self.out, "\x1b[{style}m{title}\x1b[0m"),
            false => writeln!(self.out, "{title}"),
        };
    }

    fn line(&mut self, name: &str, words: &str) {
        let style = match name {
            "added" => "32",
            "removed" => "31",
            _ => "33",
        };
        _ = match self.color {
            true => writeln!(self.out, "  \x1b[{style}m{}\x1b[0m {words}", sign(name)),
            false => writeln!(self.out, "  {} {words}", sign(name)),
        };
    }

    fn group(&mut self, group: &Group) {
        let (from, to) = (self.diff.ends(&group.from, NAMED), self.diff.ends(&group.to, NAMED));
        self.line(group.name(), &format!("{from} → {to}: {}", group.ports()));
        let causes = self.diff.causes(group, ASKED);
        self.causes(&causes);
    }

    fn way(&mut self, way: &WayChange) {
        let open = |on: &Option<crate::WayOn>| on.as_ref().map(|on| on.open.clone()).unwrap_or_default();
        let ports = words::ports(&open(&way.before), &open(&way.after));
        let by = way.by().map(|by| format!(" by {by}")).unwrap_or_default();
        let to = &self.diff.unit(way.to).name;
        self.line(way.name(), &format!("{} {} → {to}: {ports}{by}", way.entry, way.address));
        let causes = self.diff.causes_of_way(way);
        self.causes(&causes);
    }

    fn object(&mut self, change: &ObjectChange) {
        let fields = if change.fields.is_empty() { String::new() } else { format!(" {}", change.paths()) };
        self.line(change.name(), &format!("{} ({}){fields}", title(change.object()), change.at()));
    }

    fn causes(&mut self, causes: &Causes) {
        for cause in causes.all.iter().take(NAMED) {
            let sides = [("was", &cause.before), ("now", &cause.after)];
            for (nth, (when, side)) in sides.into_iter().filter(|(_, side)| side.is_some()).enumerate() {
                let direction = if nth == 0 { cause.direction.name() } else { "" };
                let words = side.as_ref().map(|side| reason(side, &ToString::to_string)).unwrap_or_default();
                _ = writeln!(self.out, "      {direction:7} {when:3} {words}");
            }
        }
        if let Some(more @ 1..) = causes.all.len().checked_sub(NAMED) {
            _ = writeln!(self.out, "      … and {more} more reasons: -o json has them all");
        }
        let objects: Vec<String> = causes.objects.iter().map(|nth| self.diff.objects[*nth].words()).collect();
        if !objects.is_empty() {
            _ = writeln!(self.out, "      by      {}", words::folded(&objects, 2));
        }
    }

    fn end(&mut self) {
        self.out.push_str(&self.diff.unread().text());
        let summary = self.diff.summary();
        let words = headline(&summary);
        let style = match (summary.opened_to_internet > 0, summary.is_quiet()) {
            (true, _) => "1;31",
            (_, true) => "1;32",
            _ => "1",
        };
        _ = match self.color {
            true => writeln!(self.out, "\x1b[{style}m{words}\x1b[0m"),
            false => writeln!(self.out, "{words}"),
        };
    }
}
