//! Which rules are wanted: by code, by the beginning of codes, by name, by group.
use std::{fmt, str::FromStr};

use netloom_objects::edit_distance;

use crate::{AREAS, Group, Rule, find_rule, rules};

/// Names some rules.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Selector {
    /// `all`.
    All,
    /// `security`.
    Group(Group),
    /// `NP` or `NP0`: what codes begin with.
    Prefix(&'static str),
    /// `NP003` or `egress-without-dns`.
    Rule(&'static Rule),
}

/// No rule is called so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is no rule, no group and no beginning of a code{}", Meant(.nearest.as_deref()))]
pub struct UnknownRule {
    /// What was asked for.
    pub given: String,
    /// What was probably meant.
    pub nearest: Option<String>,
}

struct Meant<'a>(Option<&'a str>);

impl fmt::Display for Meant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(f, "; did you mean `{name}`?"),
            None => f.write_str("; `netloom check --list-rules` lists the rules"),
        }
    }
}

impl Selector {
    /// Whether it names a rule.
    #[must_use]
    pub fn names(&self, rule: &Rule) -> bool {
        match self {
            Self::All => true,
            Self::Group(group) => rule.group == *group,
            Self::Prefix(prefix) => rule.code.starts_with(prefix),
            Self::Rule(named) => *named == rule,
        }
    }

    /// The more specific of two selectors decides.
    fn weight(&self) -> usize {
        match self {
            Self::All => 1,
            Self::Group(_) => 2,
            Self::Prefix(prefix) => 2 + prefix.len(),
            Self::Rule(_) => 100,
        }
    }
}

impl FromStr for Selector {
    type Err = UnknownRule;

    fn from_str(text: &str) -> Result<Self, UnknownRule> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("all") {
            return Ok(Self::All);
        }
        if let Some(rule) = find_rule(text) {
            return Ok(Self::Rule(rule));
        }
        if let Some(group) = Group::ALL.into_iter().find(|group| group.name().eq_ignore_ascii_case(text)) {
            return Ok(Self::Group(group));
        }
        // Codes are ASCII, so a prefix of one that equals the text ends between characters.
        let codes = AREAS.iter().map(|area| area.prefix).chain(rules().map(|rule| rule.code));
        codes
            .filter_map(|code| code.get(..text.len()))
            .find(|prefix| text.len() >= 2 && prefix.eq_ignore_ascii_case(text))
            .map(Self::Prefix)
            .ok_or_else(|| UnknownRule { given: text.to_owned(), nearest: nearest(text) })
    }
}

/// The code, name or group that comes nearest to what was written, if any comes near.
#[must_use]
pub fn nearest(text: &str) -> Option<String> {
    if text.len() > 64 {
        return None;
    }
    let names = rules().flat_map(|rule| [rule.code, rule.name]).chain(Group::ALL.map(Group::name));
    names
        .map(|name| (edit_distance(&text.to_ascii_lowercase(), &name.to_ascii_lowercase()), name))
        .filter(|(distance, name)| *distance <= (name.len() / 3).clamp(1, 4))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name.to_owned())
}

/// What is wanted and what is not. Of several selectors that name a rule the most specific decides; between equals,
/// `ignore` does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// What is wanted; empty for everything.
    pub select: Vec<Selector>,
    /// What is not.
    pub ignore: Vec<Selector>,
}

impl Selection {
    /// Whether a rule is wanted.
    #[must_use]
    pub fn wants(&self, rule: &Rule) -> bool {
        let wanted = if self.select.is_empty() { 1 } else { weight(&self.select, rule) };
        wanted > weight(&self.ignore, rule)
    }

    /// Whether a rule is wanted by name, group or code, and not because everything is.
    #[must_use]
    pub fn asks_for(&self, rule: &Rule) -> bool {
        !self.select.is_empty() && self.wants(rule)
    }
}

fn weight(selectors: &[Selector], rule: &Rule) -> usize {
    selectors.iter().filter(|s| s.names(rule)).map(Selector::weight).max().unwrap_or_default()
}

/// The value that the most specific selector gives to a rule; the later of two equal ones.
#[must_use]
pub fn most_specific<'v, V>(values: &'v [(Selector, V)], rule: &Rule) -> Option<&'v V> {
    let naming = values.iter().filter(|(selector, _)| selector.names(rule));
    naming.max_by_key(|(selector, _)| selector.weight()).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(list: &[&str]) -> Vec<Selector> {
        list.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn the_most_specific_selector_decides() {
        let rule = find_rule("NP001").unwrap();
        let table: [(&[&str], &[&str], bool); 9] = [
            (&[], &[], true),
            (&[], &["NP"], false),
            (&["SV"], &[], false),
            (&["NP"], &[], true),
            (&["np001"], &["NP"], true),
            (&["NP"], &["egress-without-dns"], false),
            (&["NP"], &["correctness"], true),
            (&["NP001"], &["NP001"], false),
            (&["all"], &["correctness"], false),
        ];
        for (select, ignore, wanted) in table {
            let selection = Selection { select: read(select), ignore: read(ignore) };
            assert_eq!(selection.wants(rule), wanted, "{select:?} {ignore:?}");
        }
    }

    #[test]
    fn a_slip_is_named() {
        for (text, nearest) in [
            ("NP01", None),
            ("egress-without-dsn", Some("egress-without-dns")),
            ("securty", Some("security")),
        ] {
            let found = text.parse::<Selector>();
            if let Some(nearest) = nearest {
                assert_eq!(found.unwrap_err().nearest.as_deref(), Some(nearest), "{text}");
            }
        }
        for text in ["", "N", "ä", "NPä", "what-is-this-even"] {
            assert!(text.parse::<Selector>().is_err(), "{text}");
        }
        assert_eq!("np".parse::<Selector>().unwrap(), Selector::Prefix("NP"));
    }
}
