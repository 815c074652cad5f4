//! `-o md`: a comment on a pull request.
use std::fmt::Write as _;

use netloom_objects::ObjectRef;

use super::{
    ASKED,
    words::{self, NAMED, headline, reason, sign, title},
};
use crate::{
    causes::Causes,
    diff::{Diff, End, Group},
    ways::{WayChange, WayOn},
};

/// Bytes of a comment, at most; GitHub takes 65,536 characters.
pub const LONGEST: usize = 60_000;

/// Kept free for the ends of sections and what is said of those that are left out.
const RESERVE: usize = 2_000;

/// Sections with more lines than this are folded.
const OPEN: usize = 10;

/// Names that are unfolded on demand, at most.
const UNFOLDED: usize = 100;

/// Everything that changed, in a text that a comment on GitHub can hold.
#[must_use]
pub fn markdown(diff: &Diff<'_>) -> String {
    markdown_of_set(diff, None, LONGEST)
}

/// The same for one of several sets, in about so many bytes at most.
#[must_use]
pub fn markdown_of_set(diff: &Diff<'_>, set: Option<&str>, longest: usize) -> String {
    let summary = diff.summary();
    let mut page = Page { diff, out: String::new(), longest };
    let of = set.map(|set| format!(" of {}", code(set))).unwrap_or_default();
    let title = match summary.opened_to_internet {
        0 => format!("### Network changes{of}"),
        _ => format!("### ⚠️ Network changes{of}: opened to the internet"),
    };
    _ = writeln!(page.out, "{title}\n\n{}.\n", headline(&summary));
    for sentence in diff.unread().sentences() {
        _ = writeln!(page.out, "> {sentence}\n");
    }
    let ways = diff.ways.iter().filter(|way| way.from_internet()).map(Line::Way);
    page.table("⚠️ Open to the internet", &ways.collect::<Vec<_>>(), false);
    let outside = diff.outside.iter().map(Line::Group);
    page.table("Connections with the outside", &outside.collect::<Vec<_>>(), true);
    let ways = diff.ways.iter().filter(|way| !way.from_internet()).map(Line::Way);
    page.table("Published", &ways.collect::<Vec<_>>(), true);
    page.workloads();
    page.table("Connections", &diff.connections.iter().map(Line::Group).collect::<Vec<_>>(), true);
    page.objects();
    page.out
}

enum Line<'d> {
    Group(&'d Group),
    Way(&'d WayChange),
}

struct Page<'d> {
    diff: &'d Diff<'d>,
    out: String,
    longest: usize,
}

impl Page<'_> {
    fn table(&mut self, title: &str, lines: &[Line<'_>], may_fold: bool) {
        let rows = lines.iter().map(|line| self.row(line));
        let rows = rows.take(lines.len().min(ROWS)).collect();
        let head = "| | from | to | ports | because |\n|---|---|---|---|---|\n";
        self.section(title, head, rows, lines.len(), may_fold);
    }

    fn workloads(&mut self) {
        let [came, went] = self.diff.came_and_went();
        let count = came.len() + went.len();
        let of = |name: &'static str| move |unit| (name, unit);
        let all = came.into_iter().map(of("added")).chain(went.into_iter().map(of("removed")));
        let row = |(name, unit): (&str, crate::UnitId)| {
            let unit = self.diff.unit(unit);
            let member = unit.after.as_ref().or(unit.before.as_ref());
            let at = member.map(|member| code(&member.origin.at.to_string())).unwrap_or_default();
            format!("| {} | {} | {at} |\n", sign(name), code(&unit.name))
        };
        let rows = all.take(ROWS).map(row).collect();
        self.section("Workloads", "| | workload | at |\n|---|---|---|\n", rows, count, true);
    }

    fn objects(&mut self) {
        let all = &self.diff.objects;
        let row = |change: &crate::ObjectChange| {
            let fields = if change.fields.is_empty() { String::new() } else { code(&change.paths()) };
            let (object, at) = (code(&title(change.object())), code(&change.at().to_string()));
            format!("| {} | {object} | {at} | {fields} |\n", change.name())
        };
        let rows = all.iter().take(ROWS).map(row).collect();
        self.section("Objects", "| | object | at | fields |\n|---|---|---|---|\n", rows, all.len(), true);
    }

    /// Writes as many rows as there is room for.
    fn section(&mut self, title: &str, head: &str, rows: Vec<String>, count: usize, may_fold: bool) {
        if count == 0 {
            return;
        }
        let folds = may_fold && count > OPEN;
        _ = match folds {
            true => writeln!(self.out, "<details><summary><b>{title}</b>: {count}</summary>\n"),
            false => writeln!(self.out, "#### {title}\n"),
        };
        let mut written = 0;
        for row in rows {
            let head = if written == 0 { head } else { "" };
            if self.out.len() + head.len() + row.len() + RESERVE > self.longest {
                break;
            }
            self.out.push_str(head);
            self.out.push_str(&row);
            written += 1;
        }
        if written < count {
            _ = writeln!(self.out, "\n… and {} more; `-o json` has them all.", count - written);
        }
        self.out.push_str(if folds { "\n</details>\n\n" } else { "\n" });
    }

    fn row(&self, line: &Line<'_>) -> String {
        let (name, from, to, ports, causes) = match line {
            Line::Group(group) => (
                group.name(),
                self.ends(&group.from),
                self.ends(&group.to),
                group.ports(),
                self.diff.causes(group, ASKED),
            ),
            Line::Way(way) => {
                let open = |on: &Option<WayOn>| on.as_ref().map(|on| on.open.clone()).unwrap_or_default();
                (
                    way.name(),
                    format!("{} {}", way.entry, code(&way.address)),
                    self.ends(&[End::Unit(way.to)]),
                    words::ports(&open(&way.before), &open(&way.after)),
                    self.diff.causes_of_way(way),
                )
            }
        };
        format!("| {} | {from} | {to} | {ports} | {} |\n", sign(name), self.because(&causes))
    }

    /// Names, the first ones seen and the others unfolded on demand.
    fn ends(&self, ends: &[End]) -> String {
        let outside = ends.iter().any(|end| matches!(end, End::External(_)));
        let names: Vec<String> = ends.iter().map(|end| code(&self.diff.short(end))).collect();
        let mut words = if outside { "outside ".to_owned() } else { String::new() };
        match names.get(NAMED..).filter(|rest| rest.len() > 1) {
            None => words.push_str(&names.join(", ")),
            Some(rest) => {
                let more = rest.len();
                let rest = words::folded(rest, UNFOLDED);
                words.push_str(&names[..NAMED].join(", "));
                words.push_str(&format!(" <details><summary>and {more} more</summary>{rest}</details>"));
            }
        }
        words
    }

    fn because(&self, causes: &Causes) -> String {
        let name =
            |object: &ObjectRef| format!("{} at {}", code(&title(object)), code(&object.at.to_string()));
        let mut lines: Vec<String> = Vec::new();
        for cause in causes.all.iter().take(NAMED) {
            let words = |side: &Option<_>| side.as_ref().map(|side| reason(side, &name));
            let (before, after) = (words(&cause.before), words(&cause.after));
            let words = match (before, after) {
                (Some(before), Some(after)) => format!("was {before}; is {after}"),
                (Some(before), None) => format!("was {before}"),
                (None, after) => format!("is {}", after.unwrap_or_default()),
            };
            lines.push(format!("{}: {words}", cause.direction.name()));
        }
        if let Some(more @ 1..) = causes.all.len().checked_sub(NAMED) {
            lines.push(format!("… and {more} more reasons"));
        }
        let changed = causes.objects.iter().map(|nth| &self.diff.objects[*nth]);
        let objects: Vec<String> = changed
            .map(|change| format!("{} {}", change.name(), name(&change.object().at(change.at().clone()))))
            .collect();
        if !objects.is_empty() {
            lines.push(words::folded(&objects, 2));
        }
        lines.join("<br>")
    }
}

/// Lines of a table, at most.
const ROWS: usize = 100;

/// A name as code, in a cell of a table.
fn code(text: &str) -> String {
    let plain = text.replace(['`', '\n', '\r'], "'").replace('|', "\\|");
    format!("`{plain}`")
}
