//! A large report on one screen: the findings of each rule counted, and the first few of them named.
use std::{collections::BTreeMap, fmt::Write as _};

use netloom_objects::{Severity, visible};

use crate::{Finding, Report};

/// Reports with more findings are grouped, unless all are asked for.
pub const LARGE: usize = 40;
/// The lines of a screen.
const LINES: usize = 48;
/// Findings of a rule that are named at most.
const NAMED: usize = 3;
/// Longer lines are cut.
const WIDEST: usize = 160;

/// The findings by rule: the worst rules first, then those with the most findings.
#[must_use]
pub fn grouped(report: &Report, color: bool) -> String {
    let mut by_rule: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        by_rule.entry(finding.rule.code).or_default().push(finding);
    }
    let mut groups: Vec<Group<'_>> = by_rule.into_values().filter_map(Group::of).collect();
    groups.sort_by_key(|group| (group.severity, std::cmp::Reverse(group.findings.len())));
    let height =
        |named: usize| -> usize { groups.iter().map(|group| 1 + group.findings.len().min(named)).sum() };
    let named = (0..=NAMED).rev().find(|named| height(*named) <= LINES).unwrap_or(0);
    let mut text = String::new();
    for group in groups.iter().take(LINES) {
        group.write(named, color, &mut text);
    }
    if let Some(rest @ [_, ..]) = groups.get(LINES..) {
        let findings: usize = rest.iter().map(|group| group.findings.len()).sum();
        let _ = writeln!(text, "… and {findings} findings of {} other rules", rest.len());
    }
    let code = groups.first().map_or("CODE", |group| group.findings[0].rule.code);
    let _ = writeln!(
        text,
        "\n--all shows each of them with its lines, --select {code} those of one rule, -o concise a line for each\n"
    );
    text
}

struct Group<'r> {
    severity: Severity,
    /// The worst first.
    findings: Vec<&'r Finding>,
}

impl<'r> Group<'r> {
    fn of(mut findings: Vec<&'r Finding>) -> Option<Self> {
        findings.sort_by_key(|finding| finding.severity);
        Some(Self { severity: findings.first()?.severity, findings })
    }

    fn write(&self, named: usize, color: bool, text: &mut String) {
        let (rule, count) = (self.findings[0].rule, self.findings.len());
        let style = match self.severity {
            _ if !color => "",
            Severity::Error => "\x1b[1;31m",
            Severity::Warning => "\x1b[1;33m",
            Severity::Info => "\x1b[1;36m",
        };
        let (end, bold) = if color { ("\x1b[0m", "\x1b[1m") } else { ("", "") };
        let times = if count == 1 { String::new() } else { format!(" × {count}") };
        let _ = writeln!(
            text,
            "{style}{}[{}]{end}{bold}{times}{end} {}",
            self.severity.name(),
            rule.code,
            rule.name.replace('-', " ")
        );
        for finding in self.findings.iter().take(named) {
            let at = finding.at.written();
            let place = match at.line {
                0 => at.file.to_string(),
                line => format!("{}:{line}:{}", at.file, at.column),
            };
            let _ = writeln!(text, "{}", cut(&format!("  {place}: {}", visible(&finding.message))));
        }
    }
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(WIDEST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    }
}
