//! Reads the text of a query.
use super::query::{Aggregation, Binary, Grouping, Many, Matcher, Query, Series};

/// How deep a query may nest, and how many operators may stand in a row. Deeper ones are not read.
const DEEPEST: usize = 200;

/// Reads a query; nothing where it is not one.
pub(super) fn read(text: &str) -> Option<Query<'_>> {
    let mut reader = Reader { text, at: 0 };
    let query = reader.expression(0, 0)?;
    reader.skip();
    (reader.at == text.len()).then_some(query)
}

const AGGREGATIONS: [&str; 14] = [
    "sum",
    "avg",
    "min",
    "max",
    "count",
    "group",
    "stddev",
    "stdvar",
    "topk",
    "bottomk",
    "count_values",
    "quantile",
    "limitk",
    "limit_ratio",
];

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// Goes over white space and comments.
    fn skip(&mut self) {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start().len();
            if !self.rest().starts_with('#') {
                return;
            }
            self.at += self.rest().find('\n').unwrap_or(self.rest().len());
        }
    }

    fn eat(&mut self, token: &str) -> bool {
        self.skip();
        let there = self.rest().starts_with(token);
        if there {
            self.at += token.len();
        }
        there
    }

    /// The word that comes next, which stays there.
    fn peek_word(&mut self) -> &'t str {
        self.skip();
        let rest = self.rest();
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        let end = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        if rest.starts_with(|c: char| c.is_ascii_digit()) { "" } else { &rest[..end] }
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let there = self.peek_word().eq_ignore_ascii_case(word);
        if there {
            self.at += word.len();
        }
        there
    }

    fn expression(&mut self, least: u8, depth: usize) -> Option<Query<'t>> {
        let mut left = self.operand(depth)?;
        let mut row = depth;
        while let Some((operator, strength, right_first)) = self.operator().filter(|(_, s, _)| *s >= least) {
            row += 1;
            if row > DEEPEST {
                return None;
            }
            self.at += operator.len();
            self.eat_word("bool");
            let matching = if self.eat_word("on") {
                Some((true, self.labels()?))
            } else if self.eat_word("ignoring") {
                Some((false, self.labels()?))
            } else {
                None
            };
            let many = if self.eat_word("group_left") {
                Many::Left
            } else if self.eat_word("group_right") {
                Many::Right
            } else {
                Many::Neither
            };
            // The labels that are taken over stand in brackets; without any, brackets begin the operand.
            if many != Many::Neither && self.is_list_of_labels() {
                self.labels()?;
            }
            let right = self.expression(if right_first { strength } else { strength + 1 }, row)?;
            left = Query::Binary(Box::new(Binary { operator, matching, many, left, right }));
        }
        Some(left)
    }

    /// The operator that comes next, how strongly it binds, and whether from the right.
    fn operator(&mut self) -> Option<(&'t str, u8, bool)> {
        self.skip();
        let words = [("or", 1), ("and", 2), ("unless", 2), ("atan2", 5)];
        let word = self.peek_word();
        if let Some((_, strength)) = words.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)) {
            return Some((word, *strength, false));
        }
        let signs =
            [("==", 3), ("!=", 3), ("<=", 3), (">=", 3), ("<", 3), (">", 3), ("+", 4), ("-", 4), ("*", 5)];
        let more = [("/", 5), ("%", 5), ("^", 6)];
        let (sign, strength) =
            signs.into_iter().chain(more).find(|(sign, _)| self.rest().starts_with(sign))?;
        Some((&self.rest()[..sign.len()], strength, sign == "^"))
    }

    fn operand(&mut self, depth: usize) -> Option<Query<'t>> {
        if depth > DEEPEST {
            return None;
        }
        while self.eat("-") || self.eat("+") {}
        self.skip();
        let first = self.rest().chars().next()?;
        let query = match first {
            '(' => {
                self.at += 1;
                let inside = self.expression(0, depth + 1)?;
                self.eat(")").then_some(inside)?
            }
            '"' | '\'' | '`' => Query::Text(self.quoted()?),
            '{' => Query::Series(self.series("")?),
            '0'..='9' | '.' => self.number()?,
            _ => self.named(depth)?,
        };
        self.ranges(query)
    }

    fn named(&mut self, depth: usize) -> Option<Query<'t>> {
        let word = self.peek_word();
        let start = self.at;
        self.at += word.len();
        if word.is_empty() {
            return None;
        }
        if let Some(operator) = AGGREGATIONS.iter().find(|name| word.eq_ignore_ascii_case(name)) {
            let before = self.grouping();
            if self.eat("(") {
                let arguments = self.arguments(depth)?;
                let grouping = before.or_else(|| self.grouping());
                let at = start..start + word.len();
                return Some(Query::Aggregation(Aggregation { operator, grouping, at, arguments }));
            }
        }
        if matches!(word.to_ascii_lowercase().as_str(), "inf" | "nan") {
            return Some(Query::Number);
        }
        if self.eat("(") {
            return Some(Query::Call(word, self.arguments(depth)?));
        }
        Some(Query::Series(self.series(word)?))
    }

    fn arguments(&mut self, depth: usize) -> Option<Vec<Query<'t>>> {
        let mut found = Vec::new();
        while !self.eat(")") {
            found.push(self.expression(0, depth + 1)?);
            if !self.eat(",") {
                return self.eat(")").then_some(found);
            }
        }
        Some(found)
    }

    fn grouping(&mut self) -> Option<Grouping<'t>> {
        let keeps = match self.peek_word() {
            word if word.eq_ignore_ascii_case("by") => true,
            word if word.eq_ignore_ascii_case("without") => false,
            _ => return None,
        };
        self.at += self.peek_word().len();
        self.skip();
        let start = self.at;
        let labels = self.labels()?;
        Some(Grouping { keeps, labels, at: start..self.at })
    }

    /// Whether what comes next is a list of labels, and not an operand in brackets.
    fn is_list_of_labels(&self) -> bool {
        let mut ahead = Reader { text: self.text, at: self.at };
        if ahead.labels().is_none() {
            return false;
        }
        // `(a) (b)`, `(a) b` and `(a) {…}`: an operand follows the list.
        ahead.skip();
        ahead.operator().is_none() && !ahead.rest().is_empty() && !ahead.rest().starts_with([')', ',', '['])
            || ahead.rest().starts_with(['-', '+'])
    }

    fn labels(&mut self) -> Option<Vec<&'t str>> {
        self.eat("(").then_some(())?;
        let mut found = Vec::new();
        while !self.eat(")") {
            let label = match self.rest().starts_with(['"', '\'', '`']) {
                true => self.quoted()?,
                false => {
                    let word = self.peek_word();
                    self.at += word.len();
                    word
                }
            };
            (!label.is_empty()).then(|| found.push(label))?;
            if !self.eat(",") {
                return self.eat(")").then_some(found);
            }
        }
        Some(found)
    }

    fn series(&mut self, name: &'t str) -> Option<Series<'t>> {
        let mut series = Series { name, ..Series::default() };
        if !self.eat("{") {
            return Some(series);
        }
        while !self.eat("}") {
            let is_quoted = self.rest().starts_with(['"', '\'', '`']);
            let label = if is_quoted { self.quoted()? } else { self.peek_word() };
            self.at += if is_quoted { 0 } else { label.len() };
            let operator = ["=~", "!~", "!=", "="].into_iter().find(|operator| self.eat(operator));
            match operator {
                Some(operator) => {
                    self.skip();
                    let matcher = Matcher { label, operator, value: self.quoted()? };
                    if label == "__name__" && operator != "!=" && operator != "!~" {
                        series.name = matcher.value;
                    }
                    series.matchers.push(matcher);
                }
                None if is_quoted => series.name = label,
                None => return None,
            }
            if !self.eat(",") {
                return self.eat("}").then_some(series);
            }
        }
        Some(series)
    }

    /// What stands between quotes, escapes as they are written.
    fn quoted(&mut self) -> Option<&'t str> {
        let rest = self.rest();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
        let mut characters = rest.char_indices().skip(1);
        while let Some((at, c)) = characters.next() {
            if c == '\\' && quote != '`' {
                characters.next();
            } else if c == quote {
                self.at += at + 1;
                return Some(&rest[1..at]);
            }
        }
        None
    }

    fn number(&mut self) -> Option<Query<'t>> {
        let rest = self.rest();
        let mut end = 0;
        for (at, c) in rest.char_indices() {
            let is_hex = rest.starts_with("0x");
            let signed = matches!(c, '+' | '-') && !is_hex && rest[..at].ends_with(['e', 'E']);
            if !c.is_ascii_alphanumeric() && c != '.' && c != '_' && !signed {
                break;
            }
            end = at + c.len_utf8();
        }
        self.at += end;
        (end > 0).then_some(Query::Number)
    }

    /// `[5m]`, `[1h:5m]`, `offset 5m` and `@ 1609746000` behind an operand.
    fn ranges(&mut self, mut query: Query<'t>) -> Option<Query<'t>> {
        let mut number = 0;
        loop {
            number += 1;
            if number > DEEPEST {
                return None;
            }
            if self.eat("[") {
                let end = self.rest().find(']')?;
                let is_sub = self.rest()[..end].contains(':');
                self.at += end + 1;
                query = match query {
                    Query::Series(series) if !is_sub => Query::Series(Series { ranged: true, ..series }),
                    other => Query::Subquery(Box::new(other)),
                };
            } else if self.eat_word("offset") {
                self.eat("-");
                self.skip();
                self.number()?;
            } else if self.eat("@") {
                self.eat("-");
                self.skip();
                match self.peek_word() {
                    "" => drop(self.number()?),
                    word => {
                        self.at += word.len();
                        (self.eat("(") && self.eat(")")).then_some(())?;
                    }
                }
            } else {
                return Some(query);
            }
        }
    }
}
