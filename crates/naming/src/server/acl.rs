//! `acl`: who may ask.
use std::net::IpAddr;

use ipnet::IpNet;

use super::read::Reader;
use crate::{names::longest, record::RecordType, types};

/// What becomes of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Allow,
    /// REFUSED.
    Block,
    /// An empty answer.
    Filter,
    /// Silence.
    Drop,
}

/// One `acl` with its policies.
#[derive(Debug)]
pub(super) struct Acl {
    zones: Vec<String>,
    policies: Vec<Policy>,
}

#[derive(Debug)]
struct Policy {
    action: Action,
    /// All types where it is none.
    types: Option<Vec<u16>>,
    /// All addresses where it is none.
    nets: Option<Vec<IpNet>>,
}

impl Acl {
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let zones = reader.zones(0);
        let policies = reader.properties();
        let policies = policies.iter().filter_map(|words| {
            let action = match words[0].text.to_ascii_lowercase().as_str() {
                "allow" => Action::Allow,
                "block" => Action::Block,
                "filter" => Action::Filter,
                "drop" => Action::Drop,
                _ => return reader.refuse(&words[0], "`acl` knows allow, block, filter and drop"),
            };
            let mut policy = Policy { action, types: None, nets: None };
            let mut section = "";
            for word in &words[1..] {
                match (section, word.text.as_str()) {
                    (_, "type" | "TYPE") => section = "type",
                    (_, "net" | "NET") => section = "net",
                    ("type" | "net", "*") => section = "done",
                    ("type", name) => match types::number_of(name) {
                        Some(number) => policy.types.get_or_insert_default().push(number),
                        None => return reader.refuse(word, "this is not a record type"),
                    },
                    ("net", net) => match net.parse::<IpNet>().or_else(|_| net.parse().map(IpAddr::into)) {
                        Ok(net) => policy.nets.get_or_insert_default().push(net),
                        Err(_) => return reader.refuse(word, "this is not a network"),
                    },
                    ("done", _) => {}
                    _ => return reader.refuse(word, "`type` or `net` is expected here"),
                }
            }
            Some(policy)
        });
        let policies = policies.collect();
        Self { zones, policies }
    }

    /// What these rules make of a question, and the zone that they speak of; nothing where none of them speaks of it.
    pub fn judge<'r>(
        rules: &'r [Self],
        name: &str,
        rtype: RecordType,
        client: Option<IpAddr>,
    ) -> Option<(Action, &'r str)> {
        let mut found = rules.iter().filter_map(|rule| {
            let zone = longest(name, &rule.zones)?;
            let fits = |p: &&Policy| {
                p.types.as_ref().is_none_or(|types| types.contains(&rtype.number()))
                    && p.nets
                        .as_ref()
                        .is_none_or(|nets| client.is_some_and(|ip| nets.iter().any(|net| net.contains(&ip))))
            };
            rule.policies.iter().find(fits).map(|policy| (policy.action, zone))
        });
        found.next()
    }
}
