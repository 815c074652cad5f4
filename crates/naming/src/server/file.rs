//! `file`: zones as zone files have them.
use std::{collections::BTreeMap, sync::Arc};

use super::read::Reader;
use crate::{
    names::{below, longest},
    presentation::ZoneFile,
    record::{Record, RecordData, RecordType},
    response::Response,
    types,
};

/// The zones of one `file`.
#[derive(Debug)]
pub(super) struct ZoneFiles {
    zones: Vec<Zone>,
    names: Vec<String>,
    pub fall: Vec<String>,
}

#[derive(Debug)]
struct Zone {
    name: String,
    records: BTreeMap<Arc<str>, Vec<Record>>,
}

/// What a zone file says.
pub(super) enum Said {
    /// The name is in none of its zones.
    NotOurs,
    /// There is no such name.
    NoName(Response),
    Answer(Response),
    /// The name is an alias of one that another plugin or server has.
    Alias(Vec<Record>, Arc<str>),
}

/// The longest chain of aliases that is followed.
const MAX_ALIASES: usize = 8;

impl ZoneFiles {
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let Some(path) = reader.args().first().cloned() else {
            let name = reader.name();
            return reader.refuse(&name, "`file` names no file");
        };
        let names = reader.zones(1);
        let Some(file) = reader.file(&path.text).cloned() else {
            return reader
                .refuse(&path, "this file is in no ConfigMap that the DNS mounts: its zone is not served");
        };
        let mut zones = Vec::new();
        for name in &names {
            let read = ZoneFile::read(file.lines.iter().map(|line| line.text.as_str()), name);
            for (line, why) in &read.faults {
                let at = file.lines.get(*line).map_or(&file.origin.at, |line| &line.at);
                reader.note_at(
                    Arc::new(file.origin.at(at.clone())),
                    format!("a zone file's entry is left out: {why}"),
                );
            }
            let mut records: BTreeMap<Arc<str>, Vec<Record>> = BTreeMap::new();
            for record in read.records.into_iter().filter(|r| below(&r.name, name).is_some()) {
                records.entry(record.name.clone()).or_default().push(record);
            }
            zones.push(Zone { name: name.clone(), records });
        }
        let mut read = Self { zones, names, fall: Vec::new() };
        for words in reader.properties() {
            match words[0].text.as_str() {
                "reload" | "upstream" => {}
                "fallthrough" => read.fall = super::read::zones_or_root(&words[1..]),
                _ => reader.unread(&words[0]),
            }
        }
        Some(read)
    }

    pub fn say(&self, name: &str, rtype: RecordType) -> Said {
        let Some(zone) = longest(name, &self.names) else { return Said::NotOurs };
        match self.zones.iter().find(|z| z.name == zone) {
            Some(zone) => zone.say(name, rtype),
            None => Said::NotOurs,
        }
    }
}

impl Zone {
    fn say(&self, name: &str, rtype: RecordType) -> Said {
        let mut chain: Vec<Record> = Vec::new();
        let mut name: Arc<str> = name.into();
        loop {
            if let Some(cut) = self.delegation(&name) {
                let authorities = self.of_type(cut, RecordType::Ns);
                let additionals = self.addresses(&authorities);
                let response = Response { answers: chain, authorities, additionals, ..Response::default() };
                return Said::Answer(response);
            }
            let Some(found) = self.at(&name) else {
                let (rcode, authorities) = (types::NXDOMAIN, self.soa());
                let denied = Response { rcode, authorities, ..Response::authoritative(chain.clone()) };
                return if chain.is_empty() { Said::NoName(denied) } else { Said::Answer(denied) };
            };
            let fits = |r: &&Record| r.data.rtype() == rtype || rtype == RecordType::ANY;
            let own = |r: &Record| Record { name: name.clone(), ..r.clone() };
            let answers: Vec<Record> = found.iter().filter(fits).map(own).collect();
            if !answers.is_empty() {
                let additionals = self.addresses(&answers);
                let authorities =
                    if answers.iter().all(|r| r.data.rtype() == RecordType::Ns && *r.name == *self.name) {
                        Vec::new()
                    } else {
                        self.of_type(&self.name, RecordType::Ns)
                    };
                chain.extend(answers);
                return Said::Answer(Response { authorities, additionals, ..Response::authoritative(chain) });
            }
            let alias = found.iter().find_map(|r| match &r.data {
                RecordData::Cname(target) => Some((own(r), target.clone())),
                _ => None,
            });
            let Some((record, target)) = alias else {
                let denies = chain.is_empty();
                let ns = || self.of_type(&self.name, RecordType::Ns);
                let authorities = if denies { self.soa() } else { ns() };
                return Said::Answer(Response { authorities, ..Response::authoritative(chain) });
            };
            chain.push(record);
            if below(&target, &self.name).is_none() {
                return Said::Alias(chain, target);
            }
            if chain.len() > MAX_ALIASES {
                return Said::Answer(Response { rcode: types::SERVFAIL, ..Response::default() });
            }
            name = target;
        }
    }

    /// The records at a name: its own, none where only names below it have some, else those of the nearest wildcard.
    fn at(&self, name: &str) -> Option<&[Record]> {
        if let Some(records) = self.records.get(name) {
            return Some(records);
        }
        if self.has_below(name) {
            return Some(&[]);
        }
        let mut parent = name;
        while let Some((_, up)) = parent.split_once('.') {
            below(up, &self.name)?;
            if let Some(records) = self.records.get(format!("*.{up}").as_str()) {
                return Some(records);
            }
            // A name that exists ends the search for wildcards above it (RFC 4592).
            if self.records.contains_key(up) || self.has_below(up) {
                return None;
            }
            parent = up;
        }
        None
    }

    fn has_below(&self, name: &str) -> bool {
        let suffix = format!(".{name}");
        self.records.keys().any(|owner| owner.ends_with(&suffix))
    }

    /// The name at or above this one, below the zone's own, that other servers have.
    fn delegation<'n>(&self, name: &'n str) -> Option<&'n str> {
        let mut cut = None;
        let mut at = name;
        while at != self.name && below(at, &self.name).is_some() {
            if self.records.get(at).is_some_and(|rs| rs.iter().any(|r| matches!(r.data, RecordData::Ns(_)))) {
                cut = Some(at);
            }
            at = at.split_once('.').map_or("", |(_, up)| up);
        }
        cut
    }

    fn of_type(&self, name: &str, rtype: RecordType) -> Vec<Record> {
        let records = self.records.get(name).into_iter().flatten();
        records.filter(|r| r.data.rtype() == rtype).cloned().collect()
    }

    fn soa(&self) -> Vec<Record> {
        self.of_type(&self.name, RecordType::Soa)
    }

    /// The addresses of the hosts that records name, as far as they are here.
    fn addresses(&self, records: &[Record]) -> Vec<Record> {
        let targets = records.iter().filter_map(|r| match &r.data {
            RecordData::Srv { target, .. } => Some(target),
            RecordData::Mx { exchange, .. } => Some(exchange),
            RecordData::Ns(target) => Some(target),
            _ => None,
        });
        let addresses = targets.flat_map(|t| self.records.get(t).into_iter().flatten());
        addresses.filter(|r| r.data.ip().is_some()).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_answer() {
        let text = "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nns 60 A 10.0.0.1\nwww 60 CNAME web\nweb 60 A 10.0.0.2\nweb 60 A 10.0.0.3\n*.wild 60 A 10.0.0.4\na.b 60 A 10.0.0.5\nsub 60 NS ns.sub\nns.sub 60 A 10.0.0.6\nout 60 CNAME x.other.\n@ 60 MX 5 web\n";
        let read = ZoneFile::read(text.lines(), "z.example");
        let mut records: BTreeMap<Arc<str>, Vec<Record>> = BTreeMap::new();
        for record in read.records {
            records.entry(record.name.clone()).or_default().push(record);
        }
        let zone = Zone { name: "z.example".to_owned(), records };
        let shown = |name: &str, rtype: RecordType| match zone.say(name, rtype) {
            Said::NotOurs => "not ours".to_owned(),
            Said::NoName(_) => "no name".to_owned(),
            Said::Alias(chain, target) => format!("{} → {target}", chain.len()),
            Said::Answer(r) => {
                format!("{} {}/{}/{}", r.rcode, r.answers.len(), r.authorities.len(), r.additionals.len())
            }
        };
        for (name, rtype, expected) in [
            ("web.z.example", RecordType::A, "0 2/1/0"),
            ("www.z.example", RecordType::A, "0 3/1/0"),
            ("web.z.example", RecordType::Aaaa, "0 0/1/0"),
            ("no.z.example", RecordType::A, "no name"),
            ("x.wild.z.example", RecordType::A, "0 1/1/0"),
            ("x.y.wild.z.example", RecordType::A, "0 1/1/0"),
            ("b.z.example", RecordType::A, "0 0/1/0"),
            ("x.sub.z.example", RecordType::A, "0 0/1/1"),
            ("out.z.example", RecordType::A, "1 → x.other"),
            ("z.example", RecordType::MX, "0 1/1/2"),
            ("z.example", RecordType::Soa, "0 1/1/0"),
        ] {
            assert_eq!(shown(name, rtype), expected, "{name} {rtype}");
        }
    }
}
