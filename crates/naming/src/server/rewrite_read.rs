//! Reading `rewrite` rules.
use netloom_corefile::Word;
use regex::Regex;

use super::{
    read::Reader,
    rewrite::{AnswerRule, Matcher, Rule, What},
};
use crate::types;

/// What CoreDNS takes a TTL without an end for.
const MAX_TTL: u32 = 2_147_483_647;

/// CoreDNS' bound of a pattern's length.
const MAX_PATTERN: usize = 10_000;

/// Reads one `rewrite`, on one line or in a block.
pub(super) fn rule(reader: &mut Reader<'_>) -> Option<Rule> {
    let mut words = reader.args().to_vec();
    if words.len() < 2 {
        words.extend(reader.properties().into_iter().flatten());
    }
    let mode = words.first().map(|word| word.text.to_ascii_lowercase());
    let continues = mode.as_deref() == Some("continue");
    let skipped = usize::from(continues || mode.as_deref() == Some("stop"));
    let Some(kind) = words.get(skipped).cloned() else {
        let name = reader.name();
        return reader.refuse(&name, "`rewrite` does not say what it rewrites");
    };
    let args = &words[skipped + 1..];
    let what = match kind.text.to_ascii_lowercase().as_str() {
        "name" => name_rule(reader, &kind, args)?,
        "type" => match args {
            [from, to] => match (types::number_of(&from.text), types::number_of(&to.text)) {
                (Some(from), Some(to)) => What::Type { from, to },
                _ => return reader.refuse(from, "these are not two record types"),
            },
            _ => return reader.refuse(&kind, "`rewrite type` has two arguments"),
        },
        "ttl" => {
            let (matcher, value) = matched(reader, &kind, args, 1)?;
            let Some((least, most)) = value.first().and_then(|word| ttls(&word.text)) else {
                return reader.refuse(&kind, "this is not a TTL: write 30, 5-60, 5- or -60");
            };
            What::Ttl { matcher, least, most }
        }
        "rcode" => {
            let (matcher, value) = matched(reader, &kind, args, 2)?;
            match (types::rcode_of(&value[0].text), types::rcode_of(&value[1].text)) {
                (Some(old), Some(new)) => What::Rcode { matcher, old, new },
                _ => return reader.refuse(&value[0], "these are not two response codes"),
            }
        }
        "cname" => {
            let (matcher, value) = matched(reader, &kind, args, 1)?;
            What::Cname { matcher, replacement: value[0].text.to_ascii_lowercase() }
        }
        _ => {
            return reader
                .refuse(&kind, "netloom rewrites name, type, ttl, rcode and cname: this rule is left out");
        }
    };
    Some(Rule { at: reader.place(), continues, what })
}

/// Reads `[exact|prefix|…] NAME VALUE…`.
fn matched<'w>(
    reader: &mut Reader<'_>,
    kind: &Word,
    args: &'w [Word],
    values: usize,
) -> Option<(Matcher, &'w [Word])> {
    let (how, rest) =
        if args.len() == values + 2 { (args[0].text.as_str(), &args[1..]) } else { ("exact", args) };
    if rest.len() != values + 1 {
        return reader.refuse(kind, "it has too few or too many arguments");
    }
    Some((matcher(reader, how, &rest[0])?, &rest[1..]))
}

fn matcher(reader: &mut Reader<'_>, how: &str, word: &Word) -> Option<Matcher> {
    let name = dotted(&word.text);
    Some(match how.to_ascii_lowercase().as_str() {
        "exact" => Matcher::Exact(name),
        "prefix" => Matcher::Prefix(name),
        "suffix" => Matcher::Suffix(name),
        "substring" => Matcher::Substring(name),
        "regex" => Matcher::Regex(pattern(reader, word)?),
        _ => return reader.refuse(word, "names are matched by exact, prefix, suffix, substring and regex"),
    })
}

fn pattern(reader: &mut Reader<'_>, word: &Word) -> Option<Regex> {
    match Regex::new(&word.text) {
        Ok(pattern) if word.text.len() <= MAX_PATTERN => Some(pattern),
        _ => reader.refuse(word, "this is not a pattern that can be used"),
    }
}

fn name_rule(reader: &mut Reader<'_>, kind: &Word, args: &[Word]) -> Option<What> {
    let (how, from, to, rest) = match args {
        [from, to] => ("exact", from, to, &[][..]),
        [how, from, to, rest @ ..] => (how.text.as_str(), from, to, rest),
        _ => return reader.refuse(kind, "`rewrite name` has too few arguments"),
    };
    let matcher = matcher(reader, how, from)?;
    let replacement = dotted(&to.text);
    let (auto, answers) = answers(reader, rest)?;
    let auto = auto || matches!(matcher, Matcher::Exact(_));
    Some(What::Name { matcher, replacement, auto, answers })
}

/// Reads `answer auto`, `answer name FROM TO` and `answer value FROM TO`, several in a row.
fn answers(reader: &mut Reader<'_>, words: &[Word]) -> Option<(bool, Vec<AnswerRule>)> {
    let mut auto = false;
    let mut rules = Vec::new();
    let mut rest = words.iter().filter(|word| word.text != "answer");
    while let Some(word) = rest.next() {
        match word.text.as_str() {
            "auto" => auto = true,
            kind @ ("name" | "value") => {
                let (Some(from), Some(to)) = (rest.next(), rest.next()) else {
                    return reader.refuse(word, "it is followed by a pattern and a replacement");
                };
                let pattern = pattern(reader, from)?;
                rules.push(AnswerRule { values: kind == "value", pattern, replacement: dotted(&to.text) });
            }
            _ => return reader.refuse(word, "answers are rewritten by auto, name and value"),
        }
    }
    Some((auto, rules))
}

/// `30`, `5-60`, `5-`, `-60`.
fn ttls(text: &str) -> Option<(u32, u32)> {
    let Some((least, most)) = text.split_once('-') else {
        let ttl = text.parse().ok()?;
        return Some((ttl, ttl));
    };
    let bound = |text: &str, open: u32| if text.is_empty() { Some(open) } else { text.parse().ok() };
    let (least, most) = (bound(least, 0)?, bound(most, MAX_TTL)?);
    (text != "-" && least <= most).then_some((least, most))
}

fn dotted(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    if name.ends_with('.') { name } else { name + "." }
}
