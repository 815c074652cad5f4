//! Suppressed findings.
//!
//! A comment `# netloom: ignore[NP003] reason` at the end of a line is about the findings that begin in this line;
//! on a line of its own, about those of the next line that is no comment; above the first key of a document, about
//! the whole document. `# netloom: ignore-file[NP003] reason`, anywhere on a line of its own, is about the file. The
//! annotation `netloom.dev/ignore: "NP003 reason; SV002 reason"` on an object or on its pod template is about the
//! findings in the object. Comments count inside of block scalars too, so a Corefile can have them.
//! Those in a file that kustomize or helm made manifests of are about what was written in that file.
mod comment;
mod read;
mod write;

pub use write::suppression;

use std::{collections::HashMap, ops::Range, sync::Arc};

use netloom_objects::{FileName, Location, ObjectRef, ObjectSet};

use crate::{
    Edit, Finding, Findings, Fix, Rule, Settings, find_rule, nearest,
    rules::manifests::{REASONLESS, UNKNOWN, UNUSED},
};

/// A rule that a suppression names.
#[derive(Clone, Debug)]
struct Named {
    written: String,
    rule: Option<&'static Rule>,
    used: bool,
}

/// What a suppression is about.
#[derive(Clone, Debug)]
enum Scope {
    File,
    Line(u32),
    /// From a line to just before another.
    Lines(u32, u32),
    Object(Arc<ObjectRef>),
}

#[derive(Clone, Debug)]
struct Suppression {
    at: Location,
    end: (u32, u32),
    file: FileName,
    scope: Scope,
    rules: Vec<Named>,
    reasoned: bool,
    removal: Option<Fix>,
    /// Whether it stands in a file that manifests were made of, and not in the manifests.
    of_origin: bool,
    /// The bytes of the list of rules in a comment, without its brackets.
    list: Option<Range<usize>>,
}

impl Suppression {
    fn covers(&self, finding: &Finding) -> bool {
        if let Scope::Object(object) = &self.scope {
            return finding.object.as_ref().is_some_and(|found| {
                (&found.kind, &found.namespace, &found.name)
                    == (&object.kind, &object.namespace, &object.name)
            });
        }
        let written = self.of_origin.then(|| finding.at.origin()).flatten();
        let at = written.as_ref().unwrap_or(&finding.at);
        self.file == at.file
            && match self.scope {
                Scope::Line(line) => at.line == line,
                Scope::Lines(from, to) => (from..to).contains(&at.line),
                Scope::File | Scope::Object(_) => true,
            }
    }
}

impl Suppression {
    /// The repair by which a comment names other rules.
    fn naming(&self, title: String, rules: impl Iterator<Item = String>) -> Option<Fix> {
        let list = self.list.clone()?;
        let text = rules.collect::<Vec<_>>().join(", ");
        let edits = vec![Edit { file: self.file.clone(), start: list.start, end: list.end, text }];
        Some(Fix { title, safe: true, edits })
    }
}

/// The suppressions of a set.
#[derive(Debug, Default)]
pub(crate) struct Suppressions {
    all: Vec<Suppression>,
    faulty: Vec<(Location, (u32, u32), String)>,
}

impl Suppressions {
    pub(crate) fn of(set: &ObjectSet) -> Self {
        let (all, faulty) = read::all(set);
        Self { all, faulty }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.all.len() + self.faulty.len()
    }

    /// Whether a suppression names a rule.
    pub(crate) fn name(&self, rule: &Rule) -> bool {
        self.all.iter().flat_map(|s| &s.rules).any(|named| named.rule == Some(rule))
    }

    /// Takes the suppressed ones out of findings, and returns them.
    pub(crate) fn apply(&mut self, findings: &mut Vec<Finding>) -> Vec<Finding> {
        if self.all.is_empty() {
            return Vec::new();
        }
        let mut naming: HashMap<&str, Vec<(usize, usize)>> = HashMap::new();
        for (i, suppression) in self.all.iter().enumerate() {
            for (j, named) in suppression.rules.iter().enumerate() {
                if let Some(rule) = named.rule {
                    naming.entry(rule.code).or_default().push((i, j));
                }
            }
        }
        let all = &mut self.all;
        findings
            .extract_if(.., |finding| {
                let mut suppressed = false;
                for (i, j) in naming.get(finding.rule.code).into_iter().flatten() {
                    if all[*i].covers(finding) {
                        all[*i].rules[*j].used = true;
                        suppressed = true;
                    }
                }
                suppressed
            })
            .collect()
    }

    /// What is wrong with the suppressions themselves.
    pub(crate) fn complaints(&self, settings: &Settings, found: &mut Vec<Finding>) {
        for (at, end, message) in &self.faulty {
            Findings::new(&UNKNOWN, found)
                .add_at(at.clone(), *end, None, message.clone())
                .help("write `# netloom: ignore[CODE] reason`, or `ignore-file[CODE]` for the whole file");
        }
        let is_said = |one: &Suppression| self.all.iter().any(|other| !other.of_origin && other.at == one.at);
        for suppression in self.all.iter().filter(|one| !one.of_origin || !is_said(one)) {
            unknown(suppression, found);
            if !suppression.reasoned {
                let message = "this suppression does not say why";
                Findings::new(&REASONLESS, found)
                    .add_at(suppression.at.clone(), suppression.end, None, message)
                    .help("write the reason behind the rules that it names");
            }
            // What a file is made to with other values, nobody knows here.
            if !suppression.of_origin {
                unused(suppression, settings, found);
            }
        }
    }
}

fn unknown(suppression: &Suppression, found: &mut Vec<Finding>) {
    for named in suppression.rules.iter().filter(|named| named.rule.is_none()) {
        let message = format!("`{}` is no rule, so nothing is suppressed by it", named.written);
        let mut findings = Findings::new(&UNKNOWN, found);
        let finding = findings.add_at(suppression.at.clone(), suppression.end, None, message);
        if let Some(near) = nearest(&named.written) {
            finding.help(format!("did you mean `{near}`?"));
            // Groups and beginnings of codes suppress nothing.
            if find_rule(&near).is_some() {
                let others = suppression.rules.iter().map(|other| match std::ptr::eq(other, named) {
                    true => near.clone(),
                    false => other.written.clone(),
                });
                finding.fix(suppression.naming(format!("write `{near}`"), others));
            }
        }
    }
}

fn unused(suppression: &Suppression, settings: &Settings, found: &mut Vec<Finding>) {
    // A rule that needs a closed world may find what is suppressed where the world is closed.
    let may_find = |rule: &Rule| rule.closed && !settings.closed.everything;
    let unused: Vec<&Named> = suppression
        .rules
        .iter()
        .filter(|named| !named.used && named.rule.is_some_and(|rule| !may_find(rule)))
        .collect();
    let whole = unused.len() == suppression.rules.len();
    for named in unused {
        let message = format!("`{}` finds nothing here that this could suppress", named.written);
        Findings::new(&UNUSED, found).add_at(suppression.at.clone(), suppression.end, None, message).fix(
            match whole {
                true => suppression.removal.clone(),
                false => {
                    let others = suppression.rules.iter().filter(|other| !std::ptr::eq(*other, named));
                    let others = others.map(|other| other.written.clone());
                    suppression.naming(format!("take `{}` out", named.written), others)
                }
            },
        );
    }
}
