//! `rewrite`: another question is asked, and the answer is put as if it were to the first one.
//!
//! Names are written with their final dot here, for the rules' patterns are.
use std::{ops::ControlFlow, sync::Arc};

use netloom_objects::ObjectRef;
use regex::Regex;

use crate::{
    names::normal,
    record::{Record, RecordData, RecordType},
    response::{Did, Response, Step},
};

/// One rule.
#[derive(Debug)]
pub(super) struct Rule {
    pub at: Arc<ObjectRef>,
    /// Whether later rules are tried after this one.
    pub continues: bool,
    pub what: What,
}

/// What a rule rewrites.
#[derive(Debug)]
pub(super) enum What {
    Name { matcher: Matcher, replacement: String, auto: bool, answers: Vec<AnswerRule> },
    Type { from: u16, to: u16 },
    Ttl { matcher: Matcher, least: u32, most: u32 },
    Rcode { matcher: Matcher, old: u16, new: u16 },
    Cname { matcher: Matcher, replacement: String },
}

/// Which names a rule is for.
#[derive(Debug)]
pub(super) enum Matcher {
    Exact(String),
    Prefix(String),
    Suffix(String),
    Substring(String),
    Regex(Regex),
}

/// `answer name` and `answer value`.
#[derive(Debug)]
pub(super) struct AnswerRule {
    /// The names that records point to, instead of those that they have.
    pub values: bool,
    pub pattern: Regex,
    pub replacement: String,
}

/// What is done to the answer.
#[derive(Debug)]
pub(super) enum Reverter<'r> {
    /// Names at or below the first become those at or below the second.
    Remap(String, String),
    /// Names that end with the first end with the second.
    Suffix(&'r str, &'r str),
    Answer(&'r AnswerRule),
    Ttl(u32, u32),
    Rcode(u16, u16),
    /// Aliases that lead to a matching name lead to another one.
    Cname(&'r Matcher, &'r str),
}

/// A question on its way through the rules.
pub(super) struct Rewritten<'r> {
    /// With its final dot.
    pub name: String,
    pub rtype: RecordType,
    pub reverters: Vec<Reverter<'r>>,
    pub steps: Vec<Step>,
}

impl Matcher {
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::Exact(from) => name == from,
            Self::Prefix(prefix) => name.starts_with(prefix),
            Self::Suffix(suffix) => name.ends_with(suffix),
            Self::Substring(part) => name.contains(part),
            Self::Regex(pattern) => pattern.is_match(name),
        }
    }

    /// The name that a matching one becomes.
    pub fn replace(&self, name: &str, by: &str) -> Option<String> {
        match self {
            Self::Exact(from) => (name == from).then(|| by.to_owned()),
            Self::Prefix(prefix) => name.strip_prefix(prefix.as_str()).map(|rest| format!("{by}{rest}")),
            Self::Suffix(suffix) => name.strip_suffix(suffix.as_str()).map(|rest| format!("{rest}{by}")),
            Self::Substring(part) => name.contains(part.as_str()).then(|| name.replace(part.as_str(), by)),
            Self::Regex(pattern) => filled(pattern, name, by),
        }
    }
}

/// `{1}` and the like in a replacement are what the pattern's groups took; nothing where it does not match.
fn filled(pattern: &Regex, name: &str, replacement: &str) -> Option<String> {
    let groups = pattern.captures(name)?;
    let mut text = replacement.to_owned();
    for (i, group) in groups.iter().enumerate() {
        text = text.replace(&format!("{{{i}}}"), group.map_or("", |g| g.as_str()));
    }
    Some(text)
}

/// Puts a question through the rules; nothing where none of them is for it.
pub(super) fn question<'r>(rules: &'r [Rule], name: &str, rtype: RecordType) -> Option<Rewritten<'r>> {
    let original = format!("{name}.");
    let begin = Rewritten { name: original.clone(), rtype, reverters: Vec::new(), steps: Vec::new() };
    let ended = rules.iter().try_fold((begin, false), |(mut now, any), rule| match rule.apply(&mut now) {
        true if rule.continues => ControlFlow::Continue((now, true)),
        true => ControlFlow::Break((now, true)),
        false => ControlFlow::Continue((now, any)),
    });
    let (ControlFlow::Continue((now, any)) | ControlFlow::Break((now, any))) = ended;
    any.then_some(now)
}

impl Rule {
    fn apply<'r>(&'r self, now: &mut Rewritten<'r>) -> bool {
        match &self.what {
            What::Name { matcher, replacement, auto, answers } => {
                let Some(next) = matcher.replace(&now.name, replacement) else { return false };
                let next = next.to_ascii_lowercase();
                match matcher {
                    Matcher::Suffix(suffix) if *auto => {
                        now.reverters.push(Reverter::Suffix(replacement, suffix))
                    }
                    _ if *auto => now.reverters.push(Reverter::Remap(next.clone(), now.name.clone())),
                    _ => {}
                }
                now.reverters.extend(answers.iter().map(Reverter::Answer));
                self.step(now, Did::Renamed(next.trim_end_matches('.').into()));
                now.name = next;
            }
            What::Type { from, to } => {
                if now.rtype.number() != *from {
                    return false;
                }
                now.rtype = RecordType::from_number(*to);
                self.step(now, Did::Retyped(now.rtype));
            }
            What::Ttl { matcher, least, most } if matcher.matches(&now.name) => {
                now.reverters.push(Reverter::Ttl(*least, *most));
            }
            What::Rcode { matcher, old, new } if matcher.matches(&now.name) => {
                now.reverters.push(Reverter::Rcode(*old, *new));
            }
            What::Ttl { .. } | What::Rcode { .. } => return false,
            What::Cname { matcher, replacement } => now.reverters.push(Reverter::Cname(matcher, replacement)),
        }
        true
    }

    fn step(&self, now: &mut Rewritten<'_>, did: Did) {
        now.steps.push(Step { plugin: "rewrite", at: self.at.clone(), zone: None, did });
    }
}

impl Reverter<'_> {
    /// Puts a response as one to the first question. Aliases with another end are the caller's.
    pub fn revert(&self, response: &mut Response) {
        match self {
            Self::Rcode(old, new) => {
                if response.rcode == *old {
                    response.rcode = *new;
                }
            }
            Self::Ttl(least, most) => {
                response.records_mut().for_each(|r| r.ttl = r.ttl.max(*least).min(*most));
            }
            Self::Remap(from, to) => {
                let map = |name: &str| {
                    let head = name.strip_suffix(from.as_str())?;
                    (head.is_empty() || head.ends_with('.')).then(|| format!("{head}{to}"))
                };
                response.records_mut().for_each(|r| rename(r, true, true, map));
            }
            Self::Suffix(from, to) => {
                let map = |name: &str| name.strip_suffix(from).map(|head| format!("{head}{to}"));
                response.records_mut().for_each(|r| rename(r, true, true, map));
            }
            Self::Answer(rule) => {
                let map = |name: &str| filled(&rule.pattern, name, &rule.replacement);
                response.records_mut().for_each(|r| rename(r, !rule.values, rule.values, map));
            }
            Self::Cname(..) => {}
        }
    }
}

/// Renames a record's owner, the name that it points to, or both.
fn rename(record: &mut Record, owner: bool, value: bool, map: impl Fn(&str) -> Option<String>) {
    let rename = |name: &mut Arc<str>| {
        if let Some(new) = map(&format!("{name}.")) {
            *name = normal(&new).into();
        }
    };
    if owner {
        rename(&mut record.name);
    }
    if !value {
        return;
    }
    match &mut record.data {
        RecordData::Cname(name) | RecordData::Ptr(name) | RecordData::Ns(name) => rename(name),
        RecordData::Srv { target, .. } => rename(target),
        RecordData::Mx { exchange, .. } => rename(exchange),
        RecordData::Soa { mname, .. } => rename(mname),
        RecordData::A(_) | RecordData::Aaaa(_) | RecordData::Txt(_) | RecordData::Other { .. } => {}
    }
}
