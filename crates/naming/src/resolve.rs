//! What a pod's stub resolver makes of a name: the candidates in their order, and the one that answers.
use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use netloom_cluster::Family;
use netloom_objects::ObjectRef;

use crate::{
    hosts::Hosts,
    names::normal,
    record::{Answer, Ending, RecordData, RecordType},
    resolv_conf::ResolvConf,
    response::Step,
    server::Forward,
    servers::Servers,
};

/// The absolute names (without final dots) that a stub resolver asks for, in its order.
///
/// A name with at least `ndots` dots is tried as it is first, then below each search domain; a shorter one the
/// other way round. One with a final dot is tried only as it is. This is glibc's way; musl does not search at all
/// for a name with `ndots` dots or more, and gives up at the first name that exists without the type asked for.
#[must_use]
pub fn expand(conf: &ResolvConf, name: &str) -> Vec<String> {
    if let Some(absolute) = name.strip_suffix('.') {
        return vec![absolute.to_owned()];
    }
    let mut candidates: Vec<String> = vec![];
    let mut push = |candidate: String| {
        if !candidates.contains(&candidate) {
            candidates.push(candidate);
        }
    };
    let as_is_first = name.matches('.').count() >= conf.ndots();
    if as_is_first {
        push(name.to_owned());
    }
    for search in &conf.searches {
        match search.trim_matches('.') {
            "" => push(name.to_owned()),
            domain => push(format!("{name}.{domain}")),
        }
    }
    push(name.to_owned());
    candidates
}

/// One question that the stub resolver asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The candidate.
    pub name: String,
    /// A or AAAA.
    pub rtype: RecordType,
    /// What the cluster's DNS says.
    pub answer: Answer,
    /// The lines of Corefiles that had a part in it.
    pub steps: Vec<Step>,
    /// The `forward` that asks a server that is not known here.
    pub asks: Option<Arc<Forward>>,
}

/// What `getaddrinfo` gets in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The name was an address already; nothing was asked.
    Literal(IpAddr),
    /// The hosts file has the name; nothing was asked.
    File(Vec<IpAddr>),
    /// Addresses.
    Addresses {
        /// The candidate that answered.
        name: String,
        /// IPv4 first.
        addresses: Vec<IpAddr>,
        /// The Service or Pod that has the name.
        source: Option<Arc<ObjectRef>>,
    },
    /// The name is an alias of one that only an upstream server can resolve.
    Alias {
        /// The candidate that answered.
        name: String,
        /// The name outside.
        target: Arc<str>,
        /// The Service that has the name.
        source: Option<Arc<ObjectRef>>,
    },
    /// Nothing in the cluster has the name, and only an upstream server can say whether one of these exists.
    Outside(Vec<String>),
    /// The name exists, but without an address of the family.
    NoAddress {
        /// The candidate that exists.
        name: String,
        /// The object that has the name.
        source: Option<Arc<ObjectRef>>,
    },
    /// The server refuses or fails, and no candidate exists.
    Failed {
        /// The candidate.
        name: String,
        /// The response code.
        rcode: u16,
        /// The lines of Corefiles that had a part in it.
        steps: Vec<Step>,
    },
    /// There is no such name.
    NotFound {
        /// The Service that would have the name if it had anything to answer with.
        source: Option<Arc<ObjectRef>>,
    },
}

/// How a pod resolves one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// Every question, in order; the last is the one that settled it.
    pub tried: Vec<Attempt>,
    /// What came of it.
    pub outcome: Outcome,
}

impl Resolution {
    /// The addresses; none unless the name resolves inside the cluster.
    #[must_use]
    pub fn addresses(&self) -> &[IpAddr] {
        match &self.outcome {
            Outcome::Literal(ip) => std::slice::from_ref(ip),
            Outcome::File(addresses) | Outcome::Addresses { addresses, .. } => addresses,
            _ => &[],
        }
    }
}

/// Resolves a name as a pod with this configuration does, in one family or in both: the hosts file before the DNS, as
/// nsswitch.conf has it where nobody changed it. A name in the file with an address of one family only has none of the
/// other, since clients ask for both at once.
///
/// It presumes that the first nameserver is the cluster's, or one of its nodes'. A candidate outside the cluster's zones is taken not to
/// exist upstream as long as a later one exists here.
#[must_use]
pub fn resolve(
    servers: &Servers,
    conf: &ResolvConf,
    hosts: &Hosts,
    name: &str,
    family: Option<Family>,
    client: Option<IpAddr>,
) -> Resolution {
    if let Some(ip) = literal(name) {
        let fits = family.is_none_or(|f| f == Family::of(ip));
        let no_address = Outcome::NoAddress { name: name.to_owned(), source: None };
        return Resolution { tried: vec![], outcome: if fits { Outcome::Literal(ip) } else { no_address } };
    }
    let mut written = hosts.lookup(name);
    if !written.is_empty() {
        written.retain(|ip| family.is_none_or(|f| f == Family::of(*ip)));
        let no_address = Outcome::NoAddress { name: name.to_owned(), source: None };
        return Resolution {
            tried: vec![],
            outcome: if written.is_empty() { no_address } else { Outcome::File(written) },
        };
    }
    let types: &[RecordType] = match family {
        Some(Family::V4) => &[RecordType::A],
        Some(Family::V6) => &[RecordType::Aaaa],
        None => &[RecordType::A, RecordType::Aaaa],
    };
    let mut tried: Vec<Attempt> = vec![];
    for candidate in expand(conf, name) {
        let start = tried.len();
        for rtype in types {
            let said = servers.predict(conf.nameservers.first().copied(), &candidate, *rtype, client);
            let (answer, steps, asks) = (said.answer, said.steps, said.asks);
            tried.push(Attempt { name: candidate.clone(), rtype: *rtype, answer, steps, asks });
        }
        if let Some(outcome) = success(&tried[start..]) {
            return Resolution { tried, outcome };
        }
    }
    let outcome = failure(&tried);
    Resolution { tried, outcome }
}

fn literal(name: &str) -> Option<IpAddr> {
    let plain = name.strip_prefix('[').and_then(|n| n.strip_suffix(']'));
    match plain {
        Some(inner) => inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => name.parse().ok(),
    }
}

fn success(attempts: &[Attempt]) -> Option<Outcome> {
    let addresses: Vec<IpAddr> = attempts.iter().flat_map(|a| a.answer.addresses()).collect();
    let answered = attempts.iter().find(|a| !a.answer.records().is_empty())?;
    let (name, source) = (answered.name.clone(), answered.answer.source().cloned());
    if !addresses.is_empty() {
        return Some(Outcome::Addresses { name, addresses, source });
    }
    match &answered.answer {
        Answer::Records { ending: Ending::Outside(target), .. } => {
            Some(Outcome::Alias { name, target: target.clone(), source })
        }
        _ => None,
    }
}

fn failure(tried: &[Attempt]) -> Outcome {
    let exists = |a: &&Attempt| match &a.answer {
        Answer::NoData { .. } => true,
        Answer::Records { records, .. } => {
            matches!(records.last().map(|r| &r.data), Some(RecordData::Cname(_)))
        }
        _ => false,
    };
    if let Some(attempt) = tried.iter().find(exists) {
        return Outcome::NoAddress { name: attempt.name.clone(), source: attempt.answer.source().cloned() };
    }
    if let Some(source) = tried.iter().find_map(|a| a.answer.source()) {
        return Outcome::NotFound { source: Some(source.clone()) };
    }
    let failed = tried.iter().find_map(|a| match a.answer {
        Answer::Failed { rcode } => Some((a, rcode)),
        _ => None,
    });
    if let Some((attempt, rcode)) = failed {
        return Outcome::Failed { name: attempt.name.clone(), rcode, steps: attempt.steps.clone() };
    }
    let mut outside: Vec<String> =
        tried.iter().filter(|a| a.answer == Answer::NotOurs).map(|a| normal(&a.name)).collect();
    outside.dedup();
    if outside.is_empty() { Outcome::NotFound { source: None } } else { Outcome::Outside(outside) }
}
