//! The rules' documentation: a page a rule, and the page of all rules.
use std::fmt::Write as _;

use crate::{AREAS, Group, Rule, rules};

const WIDTH: usize = 100;

/// What is said of rules that need a closed world.
const CLOSED: &str = "What it misses may stand outside of the manifests. It speaks only where they are declared to be \
                      everything: by `--closed`, or by `closed` in `netloom.toml`.";

/// Where the page of a rule is on the web.
#[must_use]
pub fn url(rule: &Rule) -> String {
    format!("{}/blob/main/docs/rules.md#{}", env!("CARGO_PKG_REPOSITORY"), anchor(rule))
}

fn anchor(rule: &Rule) -> String {
    format!("{}-{}", rule.code.to_ascii_lowercase(), rule.name)
}

/// The page of a rule, in Markdown.
#[must_use]
pub fn markdown_page(rule: &Rule) -> String {
    let mut page = format!(
        "**{} {}** · {} · {}\n\n{}\n\n{}\n",
        rule.code,
        rule.name,
        rule.severity.name(),
        rule.group.name(),
        rule.finds,
        rule.why
    );
    if rule.closed {
        let _ = write!(page, "\n{CLOSED}\n");
    }
    let _ = write!(
        page,
        "\nWrong:\n\n```yaml\n{}\n```\n\nRight:\n\n```yaml\n{}\n```\n",
        rule.wrong.trim_end(),
        rule.right.trim_end()
    );
    page
}

/// The page of a rule, for a terminal.
#[must_use]
pub fn text_page(rule: &Rule, color: bool) -> String {
    let bold = |text: &str| if color { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() };
    let paragraph = |text: &str| wrap(&if color { styled(text) } else { plain(text) }, WIDTH);
    let mut page = format!(
        "{}  {}, {}\n\n{}\n\n{}\n{}\n",
        bold(&format!("{} {}", rule.code, rule.name)),
        rule.severity.name(),
        rule.group.name(),
        paragraph(rule.finds),
        bold("Why"),
        paragraph(rule.why),
    );
    if rule.closed {
        let _ = write!(page, "\n{}\n{}\n", bold("Closed world"), paragraph(CLOSED));
    }
    for (title, example) in [("Wrong", rule.wrong), ("Right", rule.right)] {
        let _ = write!(page, "\n{}\n", bold(title));
        for line in example.trim_end().lines() {
            let _ = writeln!(page, "{}", format!("    {line}").trim_end());
        }
    }
    page
}

/// The page of all rules, in Markdown.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from(
        "# The rules of `netloom check`\n\n\
         This page is generated from the rules; `NETLOOM_WRITE_REFERENCE=1 cargo test -p netloom-audit --test reference` writes it, and \
         `netloom check --explain CODE` one rule of it.\n\n\
         A rule is chosen by its code, its name, the letters that codes begin with, or its group: \
         `--select NP,security --ignore NP003`.\n\n",
    );
    let groups: Vec<String> = Group::ALL
        .iter()
        .map(|group| format!("{} {}", rules().filter(|rule| rule.group == *group).count(), group.name()))
        .collect();
    let _ = writeln!(page, "{} rules: {}.", rules().count(), groups.join(", "));
    for area in AREAS.iter().filter(|area| !area.rules.is_empty()) {
        let _ = write!(
            page,
            "\n## {} ({})\n\n| code | name | severity | group |\n|---|---|---|---|\n",
            area.title, area.prefix
        );
        for rule in area.rules {
            let (code, name) = (rule.code, rule.name);
            let anchor = anchor(rule);
            let (severity, group) = (rule.severity.name(), rule.group.name());
            let _ = writeln!(page, "| [{code}](#{anchor}) | {name} | {severity} | {group} |");
        }
        for rule in area.rules {
            let body = markdown_page(rule);
            let body = body.split_once("\n\n").map_or("", |(_, body)| body);
            let (severity, group) = (rule.severity.name(), rule.group.name());
            let _ = write!(page, "\n### {} {}\n\n*{severity}, {group}*\n\n{body}", rule.code, rule.name);
        }
    }
    page
}

/// A line a rule: code, severity, group, name.
#[must_use]
pub fn list() -> String {
    let width = rules().map(|rule| rule.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for rule in rules() {
        let (severity, group) = (rule.severity.name(), rule.group.name());
        let _ = writeln!(text, "{}  {:width$}  {severity:7}  {group}", rule.code, rule.name);
    }
    text
}

/// All rules with their documentation, as a JSON list.
#[must_use]
pub fn list_json() -> String {
    let list: Vec<serde_json::Value> = rules()
        .map(|rule| {
            serde_json::json!({
                "code": rule.code,
                "name": rule.name,
                "severity": rule.severity.name(),
                "group": rule.group.name(),
                "closed": rule.closed,
                "finds": rule.finds,
                "why": rule.why,
                "wrong": rule.wrong,
                "right": rule.right,
            })
        })
        .collect();
    format!("{:#}\n", serde_json::Value::Array(list))
}

/// A sentence of Markdown without its marks of emphasis.
pub(crate) fn plain(markdown: &str) -> String {
    markdown.replace("**", "")
}

/// A sentence of Markdown with code in a colour of its own.
fn styled(markdown: &str) -> String {
    let plain = plain(markdown);
    let parts = plain.split('`').enumerate();
    parts
        .map(|(i, part)| if i % 2 == 1 { format!("\x1b[36m{part}\x1b[0m") } else { part.to_owned() })
        .collect()
}

/// Breaks each line's words into lines; escape sequences take no room.
pub(crate) fn wrap(text: &str, width: usize) -> String {
    let mut out = String::new();
    for (nth, line) in text.lines().enumerate() {
        if nth > 0 {
            out.push('\n');
        }
        let mut used = 0;
        for word in line.split(' ') {
            let length = visible(word);
            if used > 0 && used + 1 + length > width {
                out.push('\n');
                used = 0;
            } else if used > 0 {
                out.push(' ');
                used += 1;
            }
            out.push_str(word);
            used += length;
        }
    }
    out
}

/// How many characters of a word are seen on a terminal.
fn visible(word: &str) -> usize {
    let mut parts = word.split("\x1b[");
    let head = parts.next().unwrap_or_default().chars().count();
    head + parts.map(|part| part.split_once('m').map_or(0, |(_, rest)| rest.chars().count())).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_where_words_end() {
        assert_eq!(wrap("aa bb\ncc dd ee", 5), "aa bb\ncc dd\nee");
        assert_eq!(wrap("\x1b[36maa\x1b[0m bb", 5), "\x1b[36maa\x1b[0m bb");
        assert_eq!(wrap("abcdefgh i", 5), "abcdefgh\ni");
    }
}
