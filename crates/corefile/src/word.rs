//! The words of a line.
use netloom_objects::{Location, TextLine};

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// What it says, without quotes.
    pub text: String,
    /// Where it begins.
    pub at: Location,
}

impl Word {
    /// Line and column just behind it.
    #[must_use]
    pub fn end(&self) -> (u32, u32) {
        (self.at.line, self.at.column + self.text.chars().count() as u32)
    }
}

/// The words of a line, up to a comment: `#` begins one anywhere outside of quotes. A backslash keeps a quote inside of
/// quotes, and is itself otherwise.
pub(crate) fn words(line: &TextLine) -> Vec<Word> {
    let mut words = Vec::new();
    let mut chars = line.text.chars().enumerate().peekable();
    while let Some((start, first)) = chars.next() {
        if first.is_whitespace() {
            continue;
        }
        if first == '#' {
            break;
        }
        let mut text = String::new();
        if first == '"' {
            while let Some((_, c)) = chars.next_if(|(_, c)| *c != '"') {
                match chars.next_if(|(_, next)| c == '\\' && *next == '"') {
                    Some(_) => text.push('"'),
                    None => text.push(c),
                }
            }
            chars.next();
        } else {
            text.push(first);
            while let Some((_, c)) = chars.next_if(|(_, c)| !c.is_whitespace() && *c != '#') {
                text.push(c);
            }
        }
        let column = line.at.column + start as u32;
        words.push(Word { text, at: Location { column, ..line.at.clone() } });
    }
    words
}
