//! `-o junit`: a suite a file, a case a rule that found something in it.
use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use netloom_objects::{ObjectSet, Repository, Severity};

use super::with_help;
use crate::{Finding, Report};

/// JUnit XML. A finding that `fails` is a failure; any other is told in the case's output. A file in which nothing
/// was found is a suite with one case that passes.
#[must_use]
pub fn junit(
    report: &Report,
    set: &ObjectSet,
    repository: &Repository,
    fails: &dyn Fn(Severity) -> bool,
) -> String {
    let read = set.sources.iter().flat_map(|s| match s.source.name.origins() {
        Some(origins) => origins.files.clone(),
        None => vec![s.source.name.clone()],
    });
    let mut suites: BTreeMap<String, BTreeMap<&str, Vec<&Finding>>> =
        read.map(|file| (repository.path(&file), BTreeMap::new())).collect();
    for finding in &report.findings {
        suites
            .entry(repository.path(&finding.at.written().file))
            .or_default()
            .entry(finding.rule.code)
            .or_default()
            .push(finding);
    }
    let failed = |findings: &[&Finding]| findings.iter().any(|f| fails(f.severity));
    let count = |rules: &BTreeMap<&str, Vec<&Finding>>| {
        (rules.len().max(1), rules.values().filter(|findings| failed(findings)).count())
    };
    let (tests, failures) = suites.values().map(count).fold((0, 0), |sum, n| (sum.0 + n.0, sum.1 + n.1));
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(xml, "<testsuites name=\"netloom check\" tests=\"{tests}\" failures=\"{failures}\">");
    for (file, rules) in &suites {
        let (tests, failures) = count(rules);
        let file = Escaped(file);
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{file}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">"
        );
        if rules.is_empty() {
            let _ = writeln!(xml, "    <testcase name=\"netloom check\" classname=\"{file}\"/>");
        }
        for findings in rules.values() {
            let _ = case(&mut xml, &file, findings, failed(findings), repository);
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn case(
    xml: &mut String,
    file: &Escaped<'_>,
    findings: &[&Finding],
    failed: bool,
    repository: &Repository,
) -> fmt::Result {
    let Some(first) = findings.first() else { return Ok(()) };
    let (code, name) = (first.rule.code, first.rule.name);
    let lines: Vec<String> = findings
        .iter()
        .map(|f| {
            let at = f.at.written();
            let file = repository.path(&at.file);
            format!("{file}:{}:{}: {}: {}", at.line, at.column, f.severity.name(), with_help(f))
        })
        .collect();
    let all = lines.join("\n");
    writeln!(xml, "    <testcase name=\"{code} {name}\" classname=\"{file}\">")?;
    if failed {
        let message = match findings.len() {
            1 => first.message.clone(),
            n => format!("{n} findings; the first: {}", first.message),
        };
        let worst = findings.iter().map(|f| f.severity).min().unwrap_or(first.severity).name();
        writeln!(
            xml,
            "      <failure type=\"{worst}\" message=\"{}\">{}</failure>",
            Escaped(&message),
            Escaped(&all)
        )?;
    } else {
        writeln!(xml, "      <system-out>{}</system-out>", Escaped(&all))?;
    }
    writeln!(xml, "    </testcase>")
}

/// Text as XML has it, also inside of attributes; what XML cannot hold is replaced.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\n' => f.write_str("&#10;")?,
                '\t' => f.write_str("&#9;")?,
                '\r' => f.write_str("&#13;")?,
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => f.write_char('\u{fffd}')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}
