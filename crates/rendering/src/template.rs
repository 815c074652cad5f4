//! Which line of a Helm template a rendered line comes from.
//!
//! A line of a template is text with actions in it. It may have made a rendered line if its text stands there in the same
//! order. The lines of a document are matched with those of the template so that both go forward and as much text as
//! possible is matched; what is left over comes from a loop, or from what an action between the matched lines included.
use netloom_objects::Origin;

use crate::trace::indent;

/// More pairs of lines than this are not compared for one document.
const MOST_PAIRS: usize = 4 << 20;

/// The lines of a template.
pub struct Template<'t> {
    lines: Vec<Line<'t>>,
}

struct Line<'t> {
    text: &'t str,
    /// The text around its actions.
    parts: Vec<&'t str>,
    /// Whether an action may print more than the line that it is in.
    includes: bool,
}

impl<'t> Template<'t> {
    pub fn new(text: &'t str) -> Self {
        let mut open = false;
        let lines = text.lines().map(|text| {
            let parts = parts(text.trim(), &mut open);
            let includes = ["include", "template", "toYaml", "tpl", "range", ".Files"]
                .iter()
                .any(|word| text.contains("{{") && text.contains(word));
            Line { text, parts, includes }
        });
        Self { lines: lines.collect() }
    }

    /// Where the lines of a document come from.
    pub fn origins(&self, file: u32, document: &str) -> Vec<Origin> {
        let rendered: Vec<&str> = document.lines().collect();
        let matched = self.matched(&rendered);
        let mut before = None;
        rendered
            .iter()
            .enumerate()
            .map(|(nth, text)| {
                if let Some(line) = matched[nth] {
                    before = Some(line);
                    return self.origin(file, line, text);
                }
                let Some(last) = before else { return Origin { file, line: 0, shift: i32::MIN } };
                let next = matched[nth..].iter().flatten().next().copied().unwrap_or(self.lines.len());
                if let Some(line) = self.alike(text, last) {
                    return self.origin(file, line, text);
                }
                let between = self.lines.get(last..next).unwrap_or_default();
                let line = between.iter().position(|line| line.includes).map_or(last, |nth| last + nth);
                Origin { file, line: number(line), shift: i32::MIN }
            })
            .collect()
    }

    fn origin(&self, file: u32, line: usize, rendered: &str) -> Origin {
        let begins = self.lines[line].parts.first().is_some_and(|part| !part.is_empty());
        let shift = if begins { indent(self.lines[line].text) - indent(rendered) } else { i32::MIN };
        Origin { file, line: number(line), shift }
    }

    /// The line of the template that each rendered line was made of; none where that is not certain.
    fn matched(&self, rendered: &[&str]) -> Vec<Option<usize>> {
        let (rows, columns) = (rendered.len(), self.lines.len());
        if rows.saturating_mul(columns) > MOST_PAIRS {
            return vec![None; rows];
        }
        // The most text that can be matched of the lines from here on.
        let width = columns + 1;
        let mut best = vec![0_u32; (rows + 1) * width];
        for row in (0..rows).rev() {
            for column in (0..columns).rev() {
                let skipped = best[(row + 1) * width + column].max(best[row * width + column + 1]);
                let score = self.lines[column].score(rendered[row]);
                let taken = if score > 0 { score + best[(row + 1) * width + column + 1] } else { 0 };
                best[row * width + column] = skipped.max(taken);
            }
        }
        let mut matched = vec![None; rows];
        let (mut row, mut column) = (0, 0);
        while row < rows && column < columns {
            let here = best[row * width + column];
            let score = self.lines[column].score(rendered[row]);
            if score > 0 && here == score + best[(row + 1) * width + column + 1] {
                matched[row] = Some(column);
                (row, column) = (row + 1, column + 1);
            } else if here == best[row * width + column + 1] {
                column += 1;
            } else {
                row += 1;
            }
        }
        matched
    }

    /// The line with most of a rendered line's text; of several the nearest to a line.
    fn alike(&self, rendered: &str, near: usize) -> Option<usize> {
        let scored = self.lines.iter().enumerate().map(|(nth, line)| (line.score(rendered), nth));
        let best = scored.filter(|(score, _)| *score > 0);
        best.max_by_key(|(score, nth)| (*score, std::cmp::Reverse(nth.abs_diff(near)))).map(|(_, nth)| nth)
    }
}

fn number(line: usize) -> u32 {
    u32::try_from(line + 1).unwrap_or(u32::MAX)
}

/// The text around the actions of a line; nothing where it is only part of one. `open` is whether an action goes on from
/// line to line.
fn parts<'t>(text: &'t str, open: &mut bool) -> Vec<&'t str> {
    let mut parts = Vec::new();
    let mut rest = text;
    if *open {
        let Some((_, behind)) = rest.split_once("}}") else { return parts };
        *open = false;
        parts.push("");
        rest = behind;
    }
    while let Some((before, action)) = rest.split_once("{{") {
        parts.push(before.trim());
        match action.split_once("}}") {
            Some((_, behind)) => rest = behind,
            None => {
                *open = true;
                return parts;
            }
        }
    }
    parts.push(rest.trim());
    parts
}

impl Line<'_> {
    /// How much of a rendered line is this line's own text; 0 where it cannot be made of it.
    fn score(&self, rendered: &str) -> u32 {
        let rendered = rendered.trim();
        let (Some((first, others)), false) = (self.parts.split_first(), rendered.is_empty()) else {
            return 0;
        };
        if others.is_empty() {
            return if *first == rendered { 2 * len(first) + 1 } else { 0 };
        }
        let Some(mut rest) = rendered.strip_prefix(first) else { return 0 };
        let mut score = len(first);
        for (nth, part) in others.iter().enumerate() {
            let is_last = nth + 1 == others.len();
            let found = if is_last {
                rest.strip_suffix(part).map(|_| rest.len())
            } else {
                rest.find(part).map(|at| at + part.len())
            };
            let Some(end) = found else { return 0 };
            rest = &rest[end..];
            score += len(part);
        }
        score
    }
}

fn len(text: &str) -> u32 {
    u32::try_from(text.chars().filter(|c| !c.is_whitespace()).count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rendered_lines_lead_to_the_lines_of_the_template() {
        let template = "{{- if .Values.on }}\napiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Release.Name }}-web\n  labels:\n    {{- include \
                        \"x.labels\" . | nindent 4 }}\nspec:\n  ports:\n  {{- range .Values.ports }}\n  - port: {{ .port }}\n    name: {{ .name \
                        }}\n  {{- end }}\n  selector: {app: {{ .Values.app }}}\n{{- end }}\n";
        let rendered = "---\n# Source: shop/templates/x.yaml\napiVersion: v1\nkind: Service\nmetadata:\n  name: shop-web\n  labels:\n    app: a\n    \
                        part-of: b\nspec:\n  ports:\n  - port: 80\n    name: http\n  - port: 443\n    name: https\n  selector: {app: x}\n";
        let found: Vec<(u32, i32)> =
            Template::new(template).origins(0, rendered).iter().map(|o| (o.line, o.shift)).collect();
        let far = i32::MIN;
        let expected = [
            (0, far),
            (0, far),
            (2, 0),
            (3, 0),
            (4, 0),
            (5, 0),
            (6, 0),
            (7, far),
            (7, far),
            (8, 0),
            (9, 0),
            (11, 0),
            (12, 0),
            (11, 0),
            (12, 0),
            (14, 0),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_line_is_made_of_its_text_in_order() {
        for (line, rendered, fits) in [
            ("name: {{ a }}-web", "name: shop-web", true),
            ("name: {{ a }}-web", "name: shop-db", false),
            ("- {{ a }}: {{ b }}", "- x: y", true),
            ("{{ a }}", "anything", false),
            ("a: b", "a: b", true),
            ("a: b", "a: bc", false),
            ("a: {{ b }}", "", false),
        ] {
            let template = Template::new(line);
            assert_eq!(template.lines[0].score(rendered) > 0, fits, "{line} {rendered}");
        }
    }
}
