//! Block scalars: `|` and `>` with their indicators.
use super::{Reader, Sure};
use crate::tree::build::Text;

/// What becomes of the line breaks at the end of a block scalar.
#[derive(Clone, Copy, PartialEq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

impl Reader<'_, '_> {
    /// A block scalar inside of a collection whose indentation is given; goes on to the next line behind it.
    pub(super) fn block_scalar(&mut self, outer: usize) -> Sure {
        let literal = self.peek()? == b'|';
        self.at += 1;
        let (chomping, mut indent) = self.indicators(outer)?;
        self.rest_is_blank()?;
        let mut text = String::new();
        let mut position = None;
        // Empty lines since the last one with content.
        let mut empty = 0;
        loop {
            if self.next == self.end {
                // How text ends whose last line has no break is the full parser's to say.
                return None;
            }
            self.go_on();
            if self.is_done() {
                break;
            }
            self.skip_spaces();
            let (blank, column) = (self.at == self.end, self.column());
            let inside = match indent {
                Some(inside) => inside,
                None if blank || column <= outer => return None,
                None => *indent.insert(column),
            };
            if blank && column <= inside {
                // Empty lines before the first one are rare.
                position?;
                empty += 1;
                continue;
            }
            if column < inside {
                if column > outer {
                    return None;
                }
                self.find_content();
                break;
            }
            let content = self.text.get(self.line_start + inside..self.end)?;
            if !literal && content.starts_with([' ', '\t']) {
                return None;
            }
            if position.is_none() {
                position = Some(self.position(self.line_start + inside));
            } else {
                match (literal, empty) {
                    (false, 0) => text.push(' '),
                    (false, empty) => push_breaks(&mut text, empty),
                    (true, empty) => push_breaks(&mut text, empty + 1),
                }
            }
            text.push_str(content);
            empty = 0;
        }
        match chomping {
            Chomping::Strip => {}
            Chomping::Clip => push_breaks(&mut text, 1),
            Chomping::Keep => push_breaks(&mut text, empty + 1),
        }
        self.builder.scalar(position?, &Text::Owned(&text), false, 0).ok().map(|_| ())
    }

    /// `+`, `-` and an indentation behind the `|` or `>`, each at most once.
    fn indicators(&mut self, outer: usize) -> Sure<(Chomping, Option<usize>)> {
        let (mut chomping, mut indent) = (Chomping::Clip, None);
        while let Some(byte) = self.peek() {
            match byte {
                b'+' | b'-' if chomping == Chomping::Clip => {
                    chomping = if byte == b'+' { Chomping::Keep } else { Chomping::Strip };
                }
                b'1'..=b'9' if indent.is_none() => indent = Some(outer + usize::from(byte - b'0')),
                b' ' => break,
                _ => return None,
            }
            self.at += 1;
        }
        Some((chomping, indent))
    }
}

fn push_breaks(text: &mut String, count: usize) {
    text.extend(std::iter::repeat_n('\n', count));
}
