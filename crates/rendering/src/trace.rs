//! Which line of a rendered document was written where.
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use netloom_objects::{FileName, Origin, Origins, Outline, Source, outlines, read_source};

/// Origins in the making.
#[derive(Default)]
pub struct Tracer {
    origins: Origins,
    files: HashMap<PathBuf, u32>,
    read: HashMap<PathBuf, Option<Written>>,
}

/// A file that manifests were made of.
pub struct Written {
    pub source: Source,
    pub documents: Vec<Outline>,
    /// Where its lines begin.
    starts: Vec<usize>,
}

impl Written {
    fn of(path: &Path) -> Option<Self> {
        let source = read_source(path).ok()?;
        let ends = source.text.match_indices('\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(ends).collect();
        Some(Self { documents: outlines(&source), source, starts })
    }

    fn line(&self, line: u32) -> Option<&str> {
        let start = *self.starts.get((line as usize).checked_sub(1)?)?;
        let end = self.starts.get(line as usize).copied().unwrap_or(self.source.text.len());
        self.source.text.get(start..end).map(str::trim_end)
    }
}

impl Tracer {
    /// Begins with the file that is named where nothing is known.
    pub fn new(otherwise: &Path) -> Self {
        let mut tracer = Self::default();
        tracer.file(otherwise);
        tracer
    }

    /// The number of a file.
    pub fn file(&mut self, path: &Path) -> u32 {
        if let Some(file) = self.files.get(path) {
            return *file;
        }
        let number = u32::try_from(self.origins.files.len()).unwrap_or(u32::MAX);
        self.origins.files.push(FileName::from(&*path.to_string_lossy()));
        self.files.insert(path.to_owned(), number);
        number
    }

    /// A file with its documents; read once.
    pub fn written(&mut self, path: &Path) -> Option<&Written> {
        self.read.entry(path.to_owned()).or_insert_with(|| Written::of(path)).as_ref()
    }

    /// Says where lines come from that follow those already told.
    pub fn extend(&mut self, lines: impl IntoIterator<Item = Origin>) {
        self.origins.lines.extend(lines);
    }

    pub fn finish(mut self) -> Origins {
        for name in &self.origins.files {
            let path = Path::new(&**name);
            let source = match self.read.remove(path) {
                Some(written) => written.map(|written| written.source),
                None => read_source(path).ok(),
            };
            self.origins.commented.extend(source.filter(|source| source.text.contains("netloom:")));
        }
        self.origins
    }

    /// Where the lines of a rendered document were written: in the first of these documents that has a line's field with
    /// its value, else in the last of them. What the last one has already, the others only repeat: a patch names what it
    /// is for.
    pub fn document(&mut self, rendered: &str, from: &[(PathBuf, usize)]) -> Vec<Origin> {
        let count = rendered.lines().count();
        let own = outlines(&Source::new("rendered", rendered)).into_iter().next();
        let mut lines: Vec<Option<(Origin, Match)>> = vec![None; count];
        for (at, (path, nth)) in from.iter().enumerate() {
            let is_base = at + 1 == from.len();
            let file = self.file(path);
            let Some(written) = self.written(path) else { continue };
            let (Some(own), Some(document)) = (&own, written.documents.get(*nth)) else { continue };
            let twins = own.twins(document);
            // Of those that share a line the last one is the innermost.
            let whole: HashMap<u32, bool> = twins.iter().map(|twin| (twin.at.0, twin.same)).collect();
            for twin in twins {
                let Some(line) = lines.get_mut(twin.at.0.saturating_sub(1) as usize) else { continue };
                let how = match (twin.found, twin.same) {
                    (true, true) => Match::Same,
                    (true, false) => Match::Field,
                    _ => Match::Near,
                };
                let shift = twin.other.1.cast_signed() - twin.at.1.cast_signed();
                // What is only near is no place for a column.
                let shift = if how == Match::Near { i32::MIN } else { shift };
                let repeated = is_base && whole.get(&twin.at.0) == Some(&true);
                // Of those with another value the last one holds: a patch names what it is for, and prefixes change that.
                // Of an item and its first field, which share a line, the field holds.
                let holds = |(origin, known): (Origin, Match)| {
                    known < how || (known == how && (how != Match::Same || repeated || origin.file == file))
                };
                if line.is_none_or(holds) {
                    *line = Some((Origin { file, line: twin.other.0, shift }, how));
                }
            }
        }
        self.filled(rendered, lines)
    }

    /// Lines within a field's text follow the line that the field is at, as long as they read the same.
    fn filled(&mut self, rendered: &str, lines: Vec<Option<(Origin, Match)>>) -> Vec<Origin> {
        let mut last = Origin::default();
        let mut behind = 0;
        let paths: Vec<PathBuf> = self.origins.files.iter().map(|file| PathBuf::from(&**file)).collect();
        let mut all = Vec::with_capacity(lines.len());
        for (text, known) in rendered.lines().zip(lines) {
            if let Some((origin, _)) = known {
                (last, behind) = (origin, 0);
                all.push(origin);
                continue;
            }
            behind += 1;
            let there = paths.get(last.file as usize).and_then(|path| self.written(path));
            let line = there.filter(|_| last.line > 0).and_then(|there| there.line(last.line + behind));
            all.push(match line.filter(|line| line.trim() == text.trim() && !text.trim().is_empty()) {
                Some(line) => Origin { line: last.line + behind, shift: indent(line) - indent(text), ..last },
                None => Origin { shift: i32::MIN, ..last },
            });
        }
        all
    }
}

/// How well a line is known; the better is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    Near,
    Field,
    Same,
}

pub fn indent(line: &str) -> i32 {
    i32::try_from(line.len() - line.trim_start().len()).unwrap_or(0)
}

/// Which document of a file an object was made of: one of its kind and name, as far as prefixes and suffixes let that be
/// seen.
pub fn same(own: &Outline, documents: &[Outline]) -> Option<usize> {
    let (kind, name) = (own.text("kind"), own.text("metadata.name").unwrap_or_default());
    let of_kind = || documents.iter().enumerate().filter(|(_, document)| document.text("kind") == kind);
    let called = |document: &Outline| document.text("metadata.name").unwrap_or_default().to_owned();
    let exact = of_kind().find(|(_, document)| called(document) == name);
    let longest = || {
        let within = of_kind().filter(|(_, document)| name.contains(&called(document)));
        within.max_by_key(|(_, document)| called(document).len())
    };
    let only = || of_kind().next().filter(|_| of_kind().count() == 1);
    exact.or_else(longest).or_else(only).map(|(nth, _)| nth)
}
