//! docs/checklist.md: each item with its rules, and what no manifest shows.
use std::fmt::Write as _;

use super::{Item, TOPICS};
use crate::find_rule;

/// The page, in Markdown.
#[must_use]
pub fn page() -> String {
    let items = || TOPICS.iter().flat_map(|topic| topic.items);
    let undecided = items().filter(|item| item.rules.is_empty()).count();
    let mut page = format!(
        "# The checklist of `netloom check`\n\n\
         What a sound network has, the rules that decide it, and what of it no manifest shows. `netloom check --checklist` judges \
         manifests by it: an item is met where its rules looked at something and found nothing.\n\n\
         This page is generated; `NETLOOM_WRITE_REFERENCE=1 cargo test -p netloom-audit --test reference` writes it. The rules are \
         in [rules.md](rules.md).\n\n\
         {} items, of which {} are decided by rules and {undecided} are not to be seen in manifests.\n",
        items().count(),
        items().count() - undecided,
    );
    for topic in TOPICS {
        let _ = write!(page, "\n## {}\n", topic.title);
        for item in topic.items {
            write_item(item, &mut page);
        }
    }
    page
}

fn write_item(item: &Item, page: &mut String) {
    let _ = write!(page, "\n### {}\n\n", item.title);
    if !item.rules.is_empty() {
        let subjects: Vec<&str> = item.about.iter().map(|subject| subject.many).collect();
        let links: Vec<String> = item.rules.iter().map(|code| link(code)).collect();
        let _ = writeln!(page, "`{}`, about {}. Rules: {}.", item.id, subjects.join(", "), links.join(", "));
    } else {
        let _ = writeln!(page, "`{}`. **Cannot be decided from manifests.**", item.id);
    }
    if let Some(beyond) = &item.beyond {
        let intro = if item.rules.is_empty() { "" } else { "**Not in manifests:** " };
        let _ = write!(page, "\n{intro}{} {}\n", beyond.why, beyond.instead);
    }
}

/// A code that leads to its rule.
fn link(code: &str) -> String {
    let name = find_rule(code).map_or("", |rule| rule.name);
    format!("[{code}](rules.md#{}-{name} \"{name}\")", code.to_ascii_lowercase())
}
