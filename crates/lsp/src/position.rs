//! Places in a text: bytes, lines with columns, and the positions of the protocol.
use gen_lsp_types::{Position, PositionEncodingKind, Range};
use netloom_audit::Lines;

/// What the protocol counts within a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    /// What a client means that says nothing.
    #[default]
    Utf16,
    Utf32,
}

impl Encoding {
    /// The best of those that a client knows: what needs no counting is first.
    pub(crate) fn best(known: &[PositionEncodingKind]) -> Self {
        let preferred = [
            (PositionEncodingKind::UTF8, Self::Utf8),
            (PositionEncodingKind::UTF32, Self::Utf32),
            (PositionEncodingKind::UTF16, Self::Utf16),
        ];
        let found = preferred.into_iter().find(|(kind, _)| known.contains(kind));
        found.map_or_else(Self::default, |(_, encoding)| encoding)
    }

    pub(crate) const fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
            Self::Utf32 => PositionEncodingKind::UTF32,
        }
    }

    const fn width(self, c: char) -> usize {
        match self {
            Self::Utf8 => c.len_utf8(),
            Self::Utf16 => c.len_utf16(),
            Self::Utf32 => 1,
        }
    }
}

/// A text whose places are asked for.
pub(crate) struct Text<'t> {
    text: &'t str,
    lines: Lines<'t>,
    encoding: Encoding,
    /// Whether the text is a client's own: a byte order mark is a character of it. Of files clients leave it out.
    own: bool,
}

impl<'t> Text<'t> {
    /// A text as a client has it.
    pub(crate) fn open(text: &'t str, encoding: Encoding) -> Self {
        Self { text, lines: Lines::of(text), encoding, own: true }
    }

    /// A text as it is in a file.
    pub(crate) fn on_disk(text: &'t str, encoding: Encoding) -> Self {
        Self { own: false, ..Self::open(text, encoding) }
    }

    /// The position of a byte.
    pub(crate) fn position(&self, byte: usize) -> Position {
        let (line, _) = self.lines.position(byte);
        let start = self.lines.start(line).unwrap_or_default();
        let before = self.text.get(start..byte.min(self.text.len())).unwrap_or_default();
        self.behind(line, before)
    }

    /// The position of a line and column, from 1, in characters; past the line's end, its end.
    pub(crate) fn at(&self, (line, column): (u32, u32)) -> Position {
        let content = self.lines.line(line).unwrap_or_default();
        // The byte order mark has no column.
        let bom = if line == 1 && content.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let skipped = (column as usize).saturating_sub(1);
        let width = content[bom..].char_indices().nth(skipped).map_or(content.len() - bom, |(at, _)| at);
        self.behind(line, &content[..bom + width])
    }

    pub(crate) fn range(&self, from: (u32, u32), to: (u32, u32)) -> Range {
        Range { start: self.at(from), end: self.at(to) }
    }

    pub(crate) fn bytes(&self, start: usize, end: usize) -> Range {
        Range { start: self.position(start), end: self.position(end) }
    }

    /// What a finding at a place underlines.
    pub(crate) fn underlined(&self, from: (u32, u32), to: (u32, u32)) -> Range {
        self.range(from, self.lines.underlined(from, to))
    }

    /// The byte of a position: past a line's end, its end; past the last line, the text's end. Within a character, its
    /// beginning.
    pub(crate) fn byte(&self, position: Position) -> usize {
        let line = position.line.saturating_add(1);
        let Some((start, content)) = self.lines.start(line).zip(self.lines.line(line)) else {
            return self.text.len();
        };
        let mut left = position.character as usize;
        for (at, c) in content.char_indices() {
            let width = self.encoding.width(c);
            if left < width {
                return start + at;
            }
            left -= width;
        }
        start + content.len()
    }

    fn behind(&self, line: u32, before: &str) -> Position {
        let seen = before.strip_prefix('\u{feff}').filter(|_| !self.own).unwrap_or(before);
        let width: usize = seen.chars().map(|c| self.encoding.width(c)).sum();
        Position { line: line.saturating_sub(1), character: u32::try_from(width).unwrap_or(u32::MAX) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\u{feff}ä: 😀b\r\nc\rd\n";

    #[test]
    fn positions_count_what_was_agreed_on() {
        let table = [
            // What stands there, its line and column, then its position in UTF-8, UTF-16 and UTF-32.
            ("ä", (1, 1), [3, 1, 1]),
            ("😀", (1, 4), [7, 4, 4]),
            ("b", (1, 5), [11, 6, 5]),
            ("c", (2, 1), [0, 0, 0]),
            ("d", (3, 1), [0, 0, 0]),
        ];
        for (what, place, characters) in table {
            let byte = TEXT.find(what).unwrap();
            let encodings = [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32];
            for (encoding, character) in encodings.into_iter().zip(characters) {
                let text = Text::open(TEXT, encoding);
                let expected = Position { line: place.0 - 1, character };
                assert_eq!(text.position(byte), expected, "{what} {encoding:?}");
                assert_eq!(text.at(place), expected, "{what} {encoding:?}");
                assert_eq!(text.byte(expected), byte, "{what} {encoding:?}");
            }
        }
        let disk = Text::on_disk(TEXT, Encoding::Utf16);
        assert_eq!(disk.at((1, 5)), Position { line: 0, character: 5 });
        assert_eq!(disk.position(TEXT.find('b').unwrap()), Position { line: 0, character: 5 });
    }

    #[test]
    fn positions_outside_are_the_nearest_inside() {
        let text = Text::open(TEXT, Encoding::Utf16);
        let byte = |line, character| text.byte(Position { line, character });
        assert_eq!(byte(0, 99), TEXT.find('\r').unwrap());
        assert_eq!(byte(0, 5), TEXT.find('😀').unwrap(), "the second half of a pair");
        assert_eq!(byte(99, 0), TEXT.len());
        assert_eq!(text.at((1, 99)), Position { line: 0, character: 7 });
        assert_eq!(text.at((0, 0)), Position { line: 0, character: 0 });
    }

    #[test]
    fn the_best_known_encoding_is_taken() {
        use PositionEncodingKind as Kind;
        for (known, expected) in [
            (vec![], Encoding::Utf16),
            (vec![Kind::UTF16], Encoding::Utf16),
            (vec![Kind::UTF16, Kind::UTF8], Encoding::Utf8),
            (vec![Kind::UTF32], Encoding::Utf32),
        ] {
            assert_eq!(Encoding::best(&known), expected);
        }
    }
}
