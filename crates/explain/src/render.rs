//! The explanation as people read it: the hops in their order, each with the line that decides, then what to change.
use std::fmt::Write as _;

use crate::{Explanation, Hop, Outcome, Stage, Verdict};

/// The widest line.
const WIDTH: usize = 100;
/// Where the words of a hop begin.
const INDENT: usize = 13;

const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const CYAN: &str = "36";
const BOLD: &str = "1";
const DIM: &str = "2";

struct Pen {
    color: bool,
    text: String,
}

impl Pen {
    fn paint(&self, codes: &[&str], text: &str) -> String {
        if self.color { format!("\u{1b}[{}m{text}\u{1b}[0m", codes.join(";")) } else { text.to_owned() }
    }

    /// Lines trimmed at their ends, for what is drawn on the left may be all that there is.
    fn line(&mut self, line: &str) {
        // Writing to a String cannot fail.
        _ = writeln!(self.text, "{}", line.trim_end());
    }
}

impl Explanation {
    /// The explanation as text, ended by a line break.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let mut pen = Pen { color, text: String::new() };
        let (word, hue) = match self.verdict {
            Verdict::Allowed => ("allowed", GREEN),
            Verdict::Denied => ("denied", RED),
        };
        let title = format!("{} → {}", self.from, self.to);
        let title = format!("{}  {}", pen.paint(&[BOLD], &title), pen.paint(&[BOLD, hue], word));
        pen.line(&title);
        if let Some(asking) = &self.asking {
            let asking = pen.paint(&[DIM], &format!("│  {asking}"));
            pen.line(&asking);
        }
        for (i, hop) in self.hops.iter().enumerate() {
            draw(&mut pen, hop, i + 1 == self.hops.len());
        }
        changes(&mut pen, &self.hops);
        pen.text
    }
}

fn draw(pen: &mut Pen, hop: &Hop, last: bool) {
    let (mark, hue) = match (hop.outcome, hop.stage, hop.fix.is_some()) {
        (Outcome::Denied, Stage::Note, _) | (Outcome::Ok, _, true) => ("!", YELLOW),
        (Outcome::Denied, ..) => ("✗", RED),
        (Outcome::Ok, ..) => ("✓", GREEN),
    };
    let (rail, branch) = if last { (" ", "╰") } else { ("│", "├") };
    let rail = format!("{}{}", pen.paint(&[DIM], rail), " ".repeat(INDENT - 1));
    for (i, words) in wrap(&hop.why, WIDTH - INDENT).iter().enumerate() {
        let start = match i {
            0 => format!(
                "{} {} {}",
                pen.paint(&[DIM], &format!("{branch}─")),
                pen.paint(&[BOLD, hue], mark),
                pen.paint(&[BOLD], &format!("{:<8}", hop.stage.name()))
            ),
            _ => rail.clone(),
        };
        pen.line(&format!("{start}{words}"));
    }
    let Some(object) = &hop.object else { return };
    let (place, title) = (object.at.to_string(), crate::policy_words::title(object));
    let painted = format!("{} {}", pen.paint(&[CYAN], &place), pen.paint(&[DIM], &title));
    let Some(excerpt) = &hop.excerpt else { return pen.line(&format!("{rail}{painted}")) };
    // Rules and what is to be changed are always shown; the rest as far as it fits.
    let text = pen.paint(&[DIM], &format!("│ {}", excerpt.text));
    let width = INDENT + place.chars().count() + title.chars().count() + excerpt.text.chars().count() + 4;
    if hop.is_ok() && hop.fix.is_none() {
        if width <= WIDTH && !excerpt.text.contains('\n') {
            return pen.line(&format!("{rail}{painted} {text}"));
        }
        if !matches!(hop.stage, Stage::Egress | Stage::Ingress) {
            return pen.line(&format!("{rail}{painted}"));
        }
    }
    pen.line(&format!("{rail}{painted}"));
    for (number, text) in (excerpt.line..).zip(excerpt.text.lines()) {
        pen.line(&format!("{rail}{} {text}", pen.paint(&[DIM], &format!("{number:>4} │"))));
    }
}

fn changes(pen: &mut Pen, hops: &[Hop]) {
    let fixes: Vec<(&Hop, &String)> = hops.iter().filter_map(|h| Some((h, h.fix.as_ref()?))).collect();
    if fixes.is_empty() {
        return;
    }
    pen.line("");
    pen.line(&pen.paint(&[BOLD], "To change"));
    for (hop, fix) in fixes {
        let place = hop.object.as_ref().filter(|o| hop.at_line && o.at.line > 0).map(|o| o.at.to_string());
        let mut lines = fix.lines();
        let first = lines.next().unwrap_or_default();
        let whole = place.as_ref().map_or_else(|| first.to_owned(), |place| format!("{place}: {first}"));
        for (i, words) in wrap(&whole, WIDTH - INDENT).iter().enumerate() {
            let stage = if i == 0 { hop.stage.name() } else { "" };
            let rest =
                place.as_ref().filter(|_| i == 0).and_then(|p| Some((p, words.strip_prefix(p.as_str())?)));
            let words = match rest {
                Some((place, rest)) => format!("{}{rest}", pen.paint(&[CYAN], place)),
                None => words.clone(),
            };
            pen.line(&format!("  {}{words}", pen.paint(&[BOLD], &format!("{stage:<11}"))));
        }
        for line in lines {
            pen.line(&format!("{}{line}", " ".repeat(INDENT + 2)));
        }
    }
}

/// Breaks words into lines; a word that is longer than a line stays whole.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let needed = line.chars().count() + 1 + word.chars().count();
        if !line.is_empty() && needed > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn lines_are_broken_between_words() {
        let table: [(&str, &[&str]); 4] = [
            ("", &[""]),
            ("a bb ccc", &["a bb", "ccc"]),
            ("abcdefghij k", &["abcdefghij", "k"]),
            ("äöü ßß x", &["äöü", "ßß x"]),
        ];
        for (text, expected) in table {
            assert_eq!(wrap(text, 5), expected, "{text}");
        }
    }
}
