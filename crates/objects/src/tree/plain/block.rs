//! Lists and mappings in block style.
use std::cmp::Ordering;

use super::{
    Reader, Sure,
    value::{is_key_byte, is_key_start},
};

impl Reader<'_, '_> {
    /// A node that begins at the current place.
    pub(super) fn node(&mut self) -> Sure {
        self.nested(|reader| {
            if reader.at_dash() {
                reader.sequence(false)
            } else if let Some(key_end) = reader.key_end() {
                reader.mapping(key_end)
            } else {
                reader.inline()
            }
        })
    }

    /// Whether the place begins a list item.
    fn at_dash(&self) -> bool {
        self.peek() == Some(b'-') && (self.at + 1 == self.end || self.bytes[self.at + 1] == b' ')
    }

    /// Whether a block scalar begins here.
    fn at_block(&self) -> bool {
        matches!(self.peek(), Some(b'|' | b'>'))
    }

    /// A scalar or a flow collection on the rest of the line; goes on to the next line.
    fn inline(&mut self) -> Sure {
        let column = self.column();
        self.value(false)?;
        self.rest_is_blank()?;
        self.next_line();
        // A line further in would go on with a scalar; one at the same place cannot be known here.
        (self.is_done() || self.column() < column).then_some(())
    }

    /// `level` where the items stand at the column of the key that they belong to: the full parser then puts the
    /// list at its first item instead of the dash.
    fn sequence(&mut self, level: bool) -> Sure {
        let column = self.column();
        let first = if level { self.first_item()? } else { self.at };
        let position = self.position(first);
        self.builder.start(position, false, 0).ok()?;
        while !self.is_done() && self.column() == column && self.at_dash() {
            self.item(column)?;
        }
        if !self.is_done() && self.column() > column {
            return None;
        }
        self.builder.end().ok()
    }

    /// An item of a list whose dashes stand at a column.
    fn item(&mut self, column: usize) -> Sure {
        let dash = self.at;
        self.at += 1;
        self.skip_spaces();
        match self.peek() {
            None | Some(b'#') => {
                // Where a null stands behind a dash is the full parser's to say.
                self.next_line();
                if self.is_done() || self.column() <= column {
                    return None;
                }
                self.node()
            }
            Some(_) if self.at == dash + 1 => None,
            Some(b'|' | b'>') => self.block_scalar(column),
            Some(_) => self.node(),
        }
    }

    /// Where the first item behind a dash stands, if it is on the same line.
    fn first_item(&self) -> Option<usize> {
        let rest = &self.bytes[self.at + 1..self.end];
        let blanks = rest.iter().position(|b| *b != b' ')?;
        (!matches!(rest[blanks], b'#' | b'|' | b'>')).then_some(self.at + 1 + blanks)
    }

    fn mapping(&mut self, key_end: usize) -> Sure {
        let column = self.column();
        let position = self.position(self.at);
        self.builder.start(position, true, 0).ok()?;
        let mut key_end = key_end;
        loop {
            self.entry(column, key_end)?;
            if self.is_done() || self.column() < column {
                break;
            }
            if self.column() > column || self.at_dash() {
                return None;
            }
            key_end = self.key_end()?;
        }
        self.builder.end().ok()
    }

    fn entry(&mut self, column: usize, key_end: usize) -> Sure {
        self.key(key_end)?;
        // Behind the colon.
        self.at = key_end + 1;
        self.skip_spaces();
        match self.peek() {
            None => {}
            Some(b'#') if self.at > key_end + 1 => {}
            Some(_) if self.at_block() => {
                self.block_scalar(column)?;
                return (self.is_done() || self.column() <= column).then_some(());
            }
            Some(_) => {
                self.value(false)?;
                self.rest_is_blank()?;
                self.next_line();
                return (self.is_done() || self.column() <= column).then_some(());
            }
        }
        let null = (self.position(key_end), key_end);
        self.next_line();
        if self.is_done() {
            return self.null(null);
        }
        match self.column().cmp(&column) {
            Ordering::Greater => self.node(),
            Ordering::Equal if self.at_dash() => self.nested(|reader| reader.sequence(true)),
            Ordering::Equal | Ordering::Less => self.null(null),
        }
    }

    /// Where the colon of a simple key stands that begins at the current place.
    pub(super) fn key_end(&self) -> Option<usize> {
        let line = &self.bytes[self.at..self.end];
        let len = match line.first()? {
            quote @ (b'"' | b'\'') => {
                let inside = line[1..].iter().position(|b| b == quote || matches!(b, b'\\' | b'\t'))?;
                if line[1 + inside] != *quote {
                    return None;
                }
                inside + 2
            }
            first if is_key_start(*first) => line.iter().position(|b| !is_key_byte(*b))?,
            _ => return None,
        };
        // The full parser takes simple keys of up to 1024 characters.
        let is_key =
            len < 1000 && line.get(len) == Some(&b':') && matches!(line.get(len + 1), None | Some(b' '));
        is_key.then_some(self.at + len)
    }

    pub(super) fn key(&mut self, key_end: usize) -> Sure {
        match self.bytes[self.at] {
            b'"' | b'\'' => self.scalar(self.at, self.at + 1, key_end - 1, false),
            _ => self.scalar(self.at, self.at, key_end, true),
        }
    }
}
