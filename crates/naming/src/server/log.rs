//! `log`: which questions are logged, and how a line looks.
use std::sync::Arc;

use super::read::Reader;
use crate::{names::below, response::Response, types};

const COMMON: &str = "{remote}:{port} - {>id} \"{type} {class} {name} {proto} {size} {>do} {>bufsize}\" {rcode} \
                      {>rflags} {rsize} {duration}";

/// A kind of response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Success,
    Denial,
    Error,
}

/// One zone of a `log`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    zone: String,
    /// A line, with CoreDNS' placeholders: `{remote}`, `{>id}`.
    pub format: Arc<str>,
    /// All where there is none.
    classes: Vec<Class>,
}

impl Log {
    /// Reads a `log`: zones, a format behind two words or more, and classes in its block.
    pub(super) fn read(reader: &mut Reader<'_>) -> Vec<Self> {
        let args = reader.args().to_vec();
        let (mut format, mut zones) = (COMMON.to_owned(), args.as_slice());
        if let [named @ .., last] = args.as_slice()
            && !named.is_empty()
            && last.text.contains('{')
        {
            let combined = format!("{COMMON} \"{{>opcode}}\"");
            format = last.text.replace("{common}", COMMON).replace("{combined}", &combined);
            zones = named;
            if format.contains("{local}") || format.contains("{/") {
                reader.note(last, "netloom's DNS writes `-` for `{local}` and for metadata");
            }
        }
        let mut classes = Vec::new();
        for words in reader.properties() {
            if words[0].text != "class" {
                reader.unread(&words[0]);
                continue;
            }
            for word in &words[1..] {
                match word.text.as_str() {
                    "all" => classes.extend([Class::Success, Class::Denial, Class::Error]),
                    "success" => classes.push(Class::Success),
                    "denial" => classes.push(Class::Denial),
                    "error" => classes.push(Class::Error),
                    _ => reader.note(word, "`class` is followed by all, success, denial or error"),
                }
            }
        }
        let format: Arc<str> = format.into();
        let zones = super::read::zones_or_root(zones).into_iter();
        zones.map(|zone| Self { zone, format: format.clone(), classes: classes.clone() }).collect()
    }

    pub(super) fn is_for(&self, name: &str) -> bool {
        below(name, &self.zone).is_some()
    }

    /// Whether a response to a question is logged; no response is an error.
    #[must_use]
    pub fn takes(&self, rcode: u16, response: Option<&Response>) -> bool {
        self.classes.is_empty() || self.classes.contains(&class(rcode, response))
    }
}

/// As CoreDNS sorts them: without answers, it is the SOA that tells a denial from an empty success.
fn class(rcode: u16, response: Option<&Response>) -> Class {
    let Some(response) = response else { return Class::Error };
    let has_soa = || response.authorities.iter().any(|record| record.data.rtype().number() == 6);
    match rcode {
        types::NOERROR if response.answers.is_empty() && has_soa() => Class::Denial,
        types::NOERROR => Class::Success,
        types::NXDOMAIN if response.answers.is_empty() => Class::Denial,
        _ => Class::Error,
    }
}
