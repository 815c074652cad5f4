//! Where the lines of a text begin: between bytes and lines with columns.
use std::collections::HashMap;

use netloom_objects::{Location, ObjectSet};

/// A text, and where its lines begin.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// The lines of a text; they end as YAML's do: `\n`, `\r\n` or `\r`.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let ends = bytes.iter().enumerate().filter(|(at, byte)| match byte {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        });
        Self { text, starts: std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect() }
    }

    /// How many lines there are, the one behind the last line's end included.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.starts.len()).unwrap_or(u32::MAX)
    }

    /// Where a line (from 1) begins.
    #[must_use]
    pub fn start(&self, line: u32) -> Option<usize> {
        self.starts.get((line as usize).checked_sub(1)?).copied()
    }

    /// A line (from 1) without its end.
    #[must_use]
    pub fn line(&self, line: u32) -> Option<&'a str> {
        let start = self.start(line)?;
        let end = self.starts.get(line as usize).copied().unwrap_or(self.text.len());
        Some(self.text.get(start..end)?.trim_end_matches(['\n', '\r']))
    }

    /// Line and column (from 1, in characters) of a byte.
    #[must_use]
    pub fn position(&self, byte: usize) -> (u32, u32) {
        let index = self.starts.partition_point(|start| *start <= byte).saturating_sub(1);
        let before = self.text.get(self.starts[index]..byte.min(self.text.len())).unwrap_or_default();
        // The byte order mark has no column.
        let column = before.trim_start_matches('\u{feff}').chars().count() + 1;
        (u32::try_from(index + 1).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }

    /// Line and column just behind what a finding at a place underlines: its end, or else the end of the word there.
    #[must_use]
    pub fn underlined(&self, (line, column): (u32, u32), end: (u32, u32)) -> (u32, u32) {
        if end > (line, column) {
            return end;
        }
        let Some(text) = self.line(line) else { return (line, column) };
        let skipped = (column as usize).saturating_sub(1);
        let rest = || text.trim_start_matches('\u{feff}').chars().skip(skipped);
        let word = rest().position(|c| matches!(c, ' ' | '\t' | ':' | ',')).filter(|length| *length > 0);
        let length = word.unwrap_or_else(|| rest().count());
        (line, column.saturating_add(u32::try_from(length).unwrap_or(u32::MAX)))
    }
}

/// The lines of the files that are asked for, found once each.
pub(crate) struct Texts<'a> {
    texts: HashMap<&'a str, &'a str>,
    lines: HashMap<&'a str, Lines<'a>>,
}

impl<'a> Texts<'a> {
    pub(crate) fn of(set: &'a ObjectSet) -> Self {
        let texts = set.sources.iter().map(|s| (&*s.source.name, &*s.source.text)).collect();
        Self { texts, lines: HashMap::new() }
    }

    pub(crate) fn lines(&mut self, file: &str) -> Option<&Lines<'a>> {
        let (name, text) = self.texts.get_key_value(file)?;
        Some(self.lines.entry(name).or_insert_with(|| Lines::of(text)))
    }

    /// Line and column just behind what a finding underlines: its end, or else the end of the word that it is at.
    pub(crate) fn end(&mut self, at: &Location, end: (u32, u32)) -> (u32, u32) {
        let place = (at.line, at.column);
        self.lines(&at.file).map_or(end.max(place), |lines| lines.underlined(place, end))
    }

    /// The same in the file where it was written.
    pub(crate) fn written_end(&mut self, at: &Location, end: (u32, u32)) -> (u32, u32) {
        at.written_end(self.end(at, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_lines_and_columns() {
        let text = "\u{feff}ä: b\r\nc\rd\n";
        let lines = Lines::of(text);
        assert_eq!(lines.count(), 4);
        let found: Vec<_> = (1..=5).map(|n| lines.line(n)).collect();
        assert_eq!(found, [Some("\u{feff}ä: b"), Some("c"), Some("d"), Some(""), None]);
        for (needle, position) in [("ä", (1, 1)), ("b", (1, 4)), ("c", (2, 1)), ("d", (3, 1))] {
            assert_eq!(lines.position(text.find(needle).unwrap()), position, "{needle}");
        }
        assert_eq!(lines.position(usize::MAX), (4, 1));
    }
}
