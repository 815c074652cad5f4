//! Documents that lost their indentation: judged as they are meant, reported where they are printed.
use std::{collections::HashMap, sync::Arc};

use netloom_objects::{
    Diagnostic, FileName, Location, ObjectRef, ObjectSet, ParsedSource, Restored, Severity, Source,
    parse_source, restore,
};

use crate::{Edit, Finding, Fix, Lines};

/// A set in which documents have their indentation again, and the way back to the text as printed.
pub(crate) struct Printed {
    /// The set as it is meant.
    pub(crate) meant: ObjectSet,
    /// What is said of the documents that were restored, at its places in the text as meant.
    pub(crate) lost: Vec<Diagnostic>,
    /// By file: its text as printed, and as meant.
    files: HashMap<FileName, (Source, Restored)>,
}

impl Printed {
    /// `None` where nothing can be restored.
    pub(crate) fn of(set: &ObjectSet) -> Option<Self> {
        let mut files = HashMap::new();
        let mut lost = Vec::new();
        let mut sources = Vec::with_capacity(set.sources.len());
        for parsed in &set.sources {
            let Some(restored) = restored(parsed) else {
                sources.push(parsed.clone());
                continue;
            };
            let own = parsed.diagnostics.iter().filter(|d| restored.document(d.at.line).is_some());
            lost.extend(own.map(|diagnostic| as_meant(diagnostic, &restored)));
            sources.push(Arc::new(parse_source(&restored.source)));
            files.insert(parsed.source.name.clone(), (parsed.source.clone(), restored));
        }
        (!files.is_empty()).then(|| Self { meant: ObjectSet::assemble(sources), lost, files })
    }

    /// Puts findings where the text is printed. Of the repairs in a restored document only the indentation itself is
    /// left: the others have no place in the text before it is there.
    pub(crate) fn put_back(&self, findings: &mut [Finding]) {
        let texts: HashMap<&str, Texts<'_>> = self
            .files
            .iter()
            .map(|(name, (source, restored))| (&**name, Texts::of(source, restored)))
            .collect();
        for finding in &mut *findings {
            let lost = self.lost.iter().any(|d| d.at == finding.at && d.message == finding.message);
            finding.fix = match texts.get(&*finding.at.file) {
                Some(text) if lost => text.indentation(finding.at.line),
                _ => finding.fix.take().and_then(|fix| put_back_fix(fix, &texts)),
            };
            if let Some(text) = texts.get(&*finding.at.file) {
                finding.end.1 = text.column(finding.end.0, finding.end.1);
            }
            self.put_back_place(&mut finding.at);
            finding.related.iter_mut().for_each(|(at, _)| self.put_back_place(at));
            if let Some(object) = &mut finding.object {
                self.put_back_object(object);
            }
        }
        findings.sort_by(|a, b| (&a.at, a.rule.code).cmp(&(&b.at, b.rule.code)));
    }

    fn put_back_place(&self, at: &mut Location) {
        if let Some((_, restored)) = self.files.get(&at.file) {
            at.column = column(restored, at.line, at.column);
        }
    }

    fn put_back_object(&self, object: &mut Arc<ObjectRef>) {
        let mut at = object.at.clone();
        self.put_back_place(&mut at);
        if at != object.at {
            *object = Arc::new(ObjectRef { at, ..ObjectRef::clone(object) });
        }
    }
}

fn restored(parsed: &ParsedSource) -> Option<Restored> {
    let wrong = parsed.diagnostics.iter().any(|d| d.severity == Severity::Error);
    wrong.then(|| restore(&parsed.source)).flatten()
}

fn as_meant(diagnostic: &Diagnostic, restored: &Restored) -> Diagnostic {
    let mut diagnostic = diagnostic.clone();
    diagnostic.at.column += restored.added(diagnostic.at.line);
    diagnostic.end.1 += restored.added(diagnostic.end.0);
    for (at, _) in &mut diagnostic.related {
        at.column += restored.added(at.line);
    }
    diagnostic
}

/// A column of the restored text in the text as printed.
fn column(restored: &Restored, line: u32, column: u32) -> u32 {
    column.saturating_sub(restored.added(line)).max(1)
}

/// The lines of a file as printed and as meant.
struct Texts<'a> {
    source: &'a Source,
    restored: &'a Restored,
    printed: Lines<'a>,
    meant: Lines<'a>,
}

impl<'a> Texts<'a> {
    fn of(source: &'a Source, restored: &'a Restored) -> Self {
        let (printed, meant) = (Lines::of(&source.text), Lines::of(&restored.source.text));
        Self { source, restored, printed, meant }
    }

    fn column(&self, line: u32, at: u32) -> u32 {
        column(self.restored, line, at)
    }

    /// The repair of the document that a line is in.
    fn indentation(&self, line: u32) -> Option<Fix> {
        let lines = self.restored.document(line)?;
        let mut edits = Vec::new();
        for line in lines {
            let spaces = self.restored.added(line) as usize;
            if spaces > 0 {
                let start = self.printed.start(line)?;
                let file = self.source.name.clone();
                edits.push(Edit { file, start, end: start, text: " ".repeat(spaces) });
            }
        }
        Some(Fix { title: "give the document its indentation back".to_owned(), safe: true, edits })
    }

    /// A byte of the text as meant in the text as printed; `None` inside of restored documents.
    fn byte(&self, byte: usize) -> Option<usize> {
        let (line, _) = self.meant.position(byte);
        if self.restored.document(line).is_some() {
            return None;
        }
        Some(self.printed.start(line)? + byte.checked_sub(self.meant.start(line)?)?)
    }
}

fn put_back_fix(mut fix: Fix, texts: &HashMap<&str, Texts<'_>>) -> Option<Fix> {
    for edit in &mut fix.edits {
        if let Some(text) = texts.get(&*edit.file) {
            (edit.start, edit.end) = (text.byte(edit.start)?, text.byte(edit.end)?);
        }
    }
    Some(fix)
}
