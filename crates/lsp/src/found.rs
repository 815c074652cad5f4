//! What the last check found, and the texts that its places are in.
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use gen_lsp_types::{Location, Position, Range, Uri};
use netloom_audit::Finding;

use crate::{
    Checked, Trouble,
    buffers::Buffers,
    position::{Encoding, Text},
    uri,
};

/// What is known of each root.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) roots: Vec<(PathBuf, Result<Checked, Trouble>)>,
}

impl Found {
    /// Each root's manifests with what was found in them.
    pub(crate) fn checked(&self) -> impl Iterator<Item = (&Path, &Checked)> {
        self.roots.iter().filter_map(|(root, result)| Some((root.as_path(), result.as_ref().ok()?)))
    }

    pub(crate) fn troubles(&self) -> impl Iterator<Item = &Trouble> {
        self.roots.iter().filter_map(|(_, result)| result.as_ref().err())
    }
}

/// The places of one root's findings, as the protocol has them.
pub(crate) struct Places<'f> {
    sources: HashMap<&'f str, &'f str>,
    texts: HashMap<&'f str, Text<'f>>,
    buffers: &'f Buffers,
    encoding: Encoding,
}

impl<'f> Places<'f> {
    pub(crate) fn new(checked: &'f Checked, buffers: &'f Buffers, encoding: Encoding) -> Self {
        let sources = checked.set.sources.iter().map(|s| (&*s.source.name, &*s.source.text)).collect();
        Self { sources, texts: HashMap::new(), buffers, encoding }
    }

    /// The text of a file; none where it is no file of the set, such as what netloom added itself.
    pub(crate) fn text(&mut self, file: &str) -> Option<&Text<'f>> {
        let (name, text) = self.sources.get_key_value(file)?;
        let open = self.buffers.get(Path::new(file)).is_some();
        let make = if open { Text::open } else { Text::on_disk };
        Some(self.texts.entry(name).or_insert_with(|| make(text, self.encoding)))
    }

    pub(crate) fn uri(&self, file: &str) -> Uri {
        let path = Path::new(file);
        self.buffers.get(path).map_or_else(|| uri::of(path), |buffer| buffer.uri.clone())
    }

    /// What a finding underlines.
    pub(crate) fn range(&mut self, finding: &Finding) -> Option<Range> {
        let at = &finding.at;
        if let Some(written) = at.origin() {
            return Some(self.written(&written, at.written_end(finding.end)));
        }
        Some(self.text(&at.file)?.underlined((at.line, at.column), finding.end))
    }

    /// A place that belongs to a finding.
    pub(crate) fn location(&mut self, at: &netloom_objects::Location) -> Option<Location> {
        let place = (at.line, at.column);
        if let Some(written) = at.origin() {
            let range = self.written(&written, (written.line, written.column));
            return Some(Location { uri: self.uri(&written.file), range });
        }
        let range = self.text(&at.file)?.underlined(place, place);
        Some(Location { uri: self.uri(&at.file), range })
    }

    /// A place in a file that manifests were made of: what is underlined where the file is open, and else its line.
    fn written(&self, at: &netloom_objects::Location, end: (u32, u32)) -> Range {
        if let Some(buffer) = self.buffers.get(Path::new(&*at.file))
            && at.column > 0
        {
            return Text::open(&buffer.text, self.encoding).underlined((at.line, at.column), end);
        }
        let line = at.line.saturating_sub(1);
        Range { start: Position { line, character: 0 }, end: Position { line: line + 1, character: 0 } }
    }
}

/// Whether two ranges have a place in common, their ends included.
pub(crate) fn touch(a: &Range, b: &Range) -> bool {
    a.start <= b.end && b.start <= a.end
}
