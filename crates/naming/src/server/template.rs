//! `template`: answers made of the question.
use std::{net::IpAddr, sync::Arc};

use netloom_corefile::Word;
use netloom_objects::ObjectRef;
use regex::Regex;

use super::{
    read::Reader,
    template_text::{Text, Values},
};
use crate::{
    names::{longest, within},
    presentation,
    record::{Record, RecordType},
    response::Response,
    types,
};

/// One `template`.
#[derive(Debug)]
pub(super) struct Template {
    pub at: Arc<ObjectRef>,
    zones: Vec<String>,
    /// All types where it is none.
    rtype: Option<u16>,
    patterns: Vec<Regex>,
    answer: Vec<Text>,
    additional: Vec<Text>,
    authority: Vec<Text>,
    rcode: u16,
    fall: Vec<String>,
}

/// What a template makes of a question.
pub(super) enum Made {
    /// It is for other questions.
    Next,
    /// It answers nothing, and lets nobody else; whether the question fits its patterns.
    Failed(bool),
    Answer(Response),
}

impl Template {
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let args = reader.args().to_vec();
        let [class, rtype, ..] = args.as_slice() else {
            let name = reader.name();
            return reader.refuse(&name, "`template` is followed by a class and a type");
        };
        if class.text != "IN" && class.text != "ANY" {
            return reader
                .refuse(class, "only questions of class IN are answered here: this template is left out");
        }
        let number = match rtype.text.as_str() {
            "ANY" => None,
            name => match types::number_of(name) {
                Some(number) => Some(number),
                None => return reader.refuse(rtype, "this is not a record type"),
            },
        };
        let mut template = Self {
            at: reader.place(),
            zones: reader.zones(2),
            rtype: number,
            patterns: Vec::new(),
            answer: Vec::new(),
            additional: Vec::new(),
            authority: Vec::new(),
            rcode: types::NOERROR,
            fall: Vec::new(),
        };
        for words in reader.properties() {
            let rest = &words[1..];
            match words[0].text.as_str() {
                "match" => {
                    for word in rest {
                        match Regex::new(&word.text) {
                            Ok(pattern) => template.patterns.push(pattern),
                            Err(_) => return reader.refuse(word, "this is not a pattern that can be used"),
                        }
                    }
                }
                "answer" => template.answer.extend(texts(reader, rest)?),
                "additional" => template.additional.extend(texts(reader, rest)?),
                "authority" => template.authority.extend(texts(reader, rest)?),
                "rcode" => match rest.first().and_then(|word| types::rcode_of(&word.text)) {
                    Some(rcode) => template.rcode = rcode,
                    None => return reader.refuse(&words[0], "this is not a response code"),
                },
                "fallthrough" => template.fall = super::read::zones_or_root(rest),
                "upstream" => {}
                "expr" | "var" => {
                    return reader
                        .refuse(&words[0], "expressions are not evaluated: this template is left out");
                }
                _ => reader.unread(&words[0]),
            }
        }
        Some(template)
    }

    pub fn depends_on_client(&self) -> bool {
        [&self.answer, &self.additional, &self.authority].into_iter().flatten().any(Text::depends_on_client)
    }

    /// The longest of its zones that has a name.
    pub fn zone_of(&self, name: &str) -> Option<Arc<str>> {
        longest(name, &self.zones).map(|zone| format!("{zone}.").into())
    }

    pub fn make(&self, name: &str, rtype: RecordType, client: Option<IpAddr>) -> Made {
        let Some(zone) = longest(name, &self.zones) else { return Made::Next };
        let fits = self.rtype.is_none_or(|own| own == rtype.number() || rtype == RecordType::ANY);
        if !fits {
            return Made::Next;
        }
        let (dotted, zone) = (format!("{name}."), format!("{zone}."));
        let remote = client.map(|ip| ip.to_string()).unwrap_or_default();
        let rtype = rtype.to_string();
        let mut values =
            Values { name: &dotted, zone: &zone, rtype: &rtype, remote: &remote, ..Values::default() };
        if self.patterns.is_empty() {
            values.matches.push(&dotted);
        } else {
            let found = self.patterns.iter().find_map(|pattern| Some((pattern, pattern.captures(&dotted)?)));
            let Some((pattern, groups)) = found else {
                return if within(name, &self.fall) { Made::Next } else { Made::Failed(false) };
            };
            values.regex = pattern.as_str();
            values.matches = groups.iter().map(|group| group.map_or("", |g| g.as_str())).collect();
            let named = pattern.capture_names().zip(&values.matches);
            values.groups = named.filter_map(|(name, value)| Some((name?, *value))).collect();
        }
        if self.rcode == types::SERVFAIL {
            return Made::Failed(true);
        }
        let records = |texts: &[Text]| -> Option<Vec<Record>> {
            texts.iter().map(|text| presentation::record(&text.fill(&values)).ok()).collect()
        };
        let sections = (records(&self.answer), records(&self.additional), records(&self.authority));
        let (Some(answers), Some(additionals), Some(authorities)) = sections else {
            return Made::Failed(true);
        };
        Made::Answer(Response {
            rcode: self.rcode,
            additionals,
            authorities,
            ..Response::authoritative(answers)
        })
    }
}

fn texts(reader: &mut Reader<'_>, words: &[Word]) -> Option<Vec<Text>> {
    let mut texts = Vec::new();
    for word in words {
        match Text::read(&word.text) {
            Ok(text) => texts.push(text),
            Err(why) => return reader.refuse(word, &format!("{why}: this template is left out")),
        }
    }
    Some(texts)
}
