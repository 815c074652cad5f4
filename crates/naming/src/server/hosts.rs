//! `hosts`: names and addresses as a hosts file has them.
use std::{collections::HashMap, net::IpAddr, sync::Arc};

use super::read::Reader;
use crate::{
    names::{normal, within},
    record::{Record, RecordData, RecordType},
    response::Response,
    reverse::ReverseName,
};

/// The entries of one `hosts`.
#[derive(Debug)]
pub(super) struct HostsTable {
    /// The file.
    pub path: Box<str>,
    zones: Vec<String>,
    /// The zones in which a name that is not here goes on to the next plugin.
    fall: Vec<String>,
    ttl: u32,
    by_name: HashMap<Box<str>, Vec<IpAddr>>,
    /// `*.example.com`, by what stands behind the star.
    wild: HashMap<Box<str>, Vec<IpAddr>>,
    by_ip: HashMap<IpAddr, Vec<Arc<str>>>,
}

/// What the kubelet writes into every pod's hosts file.
const LOCAL: [&str; 2] = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"];

impl HostsTable {
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let file = reader.args().first().cloned();
        let path = file.as_ref().map_or("/etc/hosts", |word| &word.text);
        let mut table = Self {
            path: path.into(),
            zones: reader.zones(1),
            fall: Vec::new(),
            ttl: 3600,
            by_name: HashMap::new(),
            wild: HashMap::new(),
            by_ip: HashMap::new(),
        };
        let mut reverse = true;
        let mut inline = Vec::new();
        for words in reader.properties() {
            match words[0].text.as_str() {
                "fallthrough" => table.fall = super::read::zones_or_root(&words[1..]),
                "no_reverse" => reverse = false,
                "ttl" => {
                    let ttl =
                        words.get(1).and_then(|w| w.text.parse().ok()).filter(|t| (1..=65_535).contains(t));
                    match ttl {
                        Some(ttl) => table.ttl = ttl,
                        None => reader.note(&words[0], "`ttl` is followed by 1 to 65535 seconds"),
                    }
                }
                "reload" | "fallthrough_unsupported" => {}
                _ => inline.push(words),
            }
        }
        match file.as_ref().map(|word| (word, reader.file(&word.text))) {
            Some((_, Some(found))) => found.lines.iter().for_each(|line| table.add(&line.text, reverse)),
            Some((word, None)) if word.text != "/etc/hosts" => {
                reader.note(word, "this file is in no ConfigMap that the DNS mounts: it has no names here");
            }
            _ => LOCAL.iter().for_each(|line| table.add(line, reverse)),
        }
        for words in inline {
            let line: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
            if line[0].parse::<IpAddr>().is_err() {
                reader.note(&words[0], "this is not an address: the line names nothing");
            }
            table.add(&line.join(" "), reverse);
        }
        table
    }

    fn add(&mut self, line: &str, reverse: bool) {
        let mut words = line.split('#').next().unwrap_or_default().split_ascii_whitespace();
        let address = words.next().and_then(|ip| ip.split('%').next()?.parse::<IpAddr>().ok());
        let Some(ip) = address else { return };
        for name in words.map(normal) {
            if let Some(parent) = name.strip_prefix("*.") {
                self.wild.entry(parent.into()).or_default().push(ip);
                continue;
            }
            if !within(&name, &self.zones) {
                continue;
            }
            if reverse {
                self.by_ip.entry(ip).or_default().push(name.as_str().into());
            }
            self.by_name.entry(name.into()).or_default().push(ip);
        }
    }

    /// As CoreDNS counts them: the addresses of names, and the names of addresses.
    pub fn entries(&self) -> usize {
        let names = self.by_name.values().chain(self.wild.values()).map(Vec::len);
        names.chain(self.by_ip.values().map(Vec::len)).sum()
    }

    /// Its answer; nothing where the next plugin is asked.
    pub fn answer(&self, name: &str, rtype: RecordType) -> Option<Result<Response, u16>> {
        let ours = within(name, &self.zones);
        let records = match rtype {
            RecordType::Ptr => {
                let Some(ReverseName::Address(ip)) = ReverseName::parse(name) else { return None };
                let names = self.by_ip.get(&ip)?;
                names.iter().map(|n| self.record(name, RecordData::Ptr(n.clone()))).collect()
            }
            _ if !ours => return None,
            RecordType::A | RecordType::Aaaa => {
                let fitting = self.addresses(name).filter(|ip| ip.is_ipv4() == (rtype == RecordType::A));
                fitting.map(|ip| self.record(name, RecordData::address(ip))).collect()
            }
            _ => Vec::new(),
        };
        if records.is_empty() && self.addresses(name).next().is_none() {
            // It has no SOA to deny a name with.
            return if within(name, &self.fall) { None } else { Some(Err(crate::types::SERVFAIL)) };
        }
        Some(Ok(Response::authoritative(records)))
    }

    fn addresses(&self, name: &str) -> impl Iterator<Item = IpAddr> {
        let exact = self.by_name.get(name);
        // A star stands for one label.
        let wild = || name.split_once('.').and_then(|(_, parent)| self.wild.get(parent));
        exact.or_else(wild).into_iter().flatten().copied()
    }

    fn record(&self, name: &str, data: RecordData) -> Record {
        Record { name: name.into(), ttl: self.ttl, data }
    }
}
