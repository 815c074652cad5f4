//! Counters, for the caller to read (CoreDNS's `coredns_dns_requests_total` and its kin).
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How a query came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
}

/// The query types with a counter of their own; everything else is `other`, so that clients cannot make counters.
const TYPES: [(u16, &str); 11] = [
    (1, "A"),
    (28, "AAAA"),
    (33, "SRV"),
    (12, "PTR"),
    (5, "CNAME"),
    (16, "TXT"),
    (2, "NS"),
    (6, "SOA"),
    (15, "MX"),
    (65, "HTTPS"),
    (255, "ANY"),
];

/// Response codes with a counter of their own, by number.
const RCODES: [(u16, &str); 7] = [
    (0, "NOERROR"),
    (1, "FORMERR"),
    (2, "SERVFAIL"),
    (3, "NXDOMAIN"),
    (4, "NOTIMP"),
    (5, "REFUSED"),
    (16, "BADVERS"),
];

/// What a server did so far.
#[derive(Debug, Default)]
pub struct Metrics {
    requests: [[AtomicU64; TYPES.len() + 1]; 2],
    responses: [AtomicU64; RCODES.len() + 1],
    pub(crate) dropped: AtomicU64,
    pub(crate) truncated: AtomicU64,
    pub(crate) prebuilt: AtomicU64,
    pub(crate) forwarded: AtomicU64,
    pub(crate) forward_failures: AtomicU64,
}

/// A reading of [`Metrics`]. Counters that are zero are left out of the lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Queries by transport and type.
    pub requests: Vec<(Transport, &'static str, u64)>,
    /// Responses by code.
    pub responses: Vec<(&'static str, u64)>,
    /// Packets that got no response: responses sent to us, and what is no DNS message at all.
    pub dropped: u64,
    /// Responses that did not fit and say so.
    pub truncated: u64,
    /// Responses taken from the store of ready ones.
    pub prebuilt: u64,
    /// Queries given to the upstream server.
    pub forwarded: u64,
    /// Those that it did not answer.
    pub forward_failures: u64,
}

impl Metrics {
    /// Reads all counters.
    #[must_use]
    pub fn report(&self) -> Report {
        let mut report = Report {
            dropped: self.dropped.load(Relaxed),
            truncated: self.truncated.load(Relaxed),
            prebuilt: self.prebuilt.load(Relaxed),
            forwarded: self.forwarded.load(Relaxed),
            forward_failures: self.forward_failures.load(Relaxed),
            ..Report::default()
        };
        for (transport, counters) in [Transport::Udp, Transport::Tcp].into_iter().zip(&self.requests) {
            for (i, counter) in counters.iter().enumerate() {
                let name = TYPES.get(i).map_or("other", |(_, name)| name);
                report.requests.push((transport, name, counter.load(Relaxed)));
            }
        }
        for (i, counter) in self.responses.iter().enumerate() {
            report.responses.push((RCODES.get(i).map_or("other", |(_, name)| name), counter.load(Relaxed)));
        }
        report.requests.retain(|(.., count)| *count > 0);
        report.responses.retain(|(_, count)| *count > 0);
        report
    }

    pub(crate) fn request(&self, transport: Transport, rtype: u16) {
        add(&self.requests[transport as usize][index(&TYPES, rtype)]);
    }

    pub(crate) fn response(&self, rcode: u16) {
        add(&self.responses[index(&RCODES, rcode)]);
    }
}

/// Adds one.
pub(crate) fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

/// Where a number is in a table; behind its end where it is not.
fn index(table: &[(u16, &str)], number: u16) -> usize {
    table.iter().position(|(known, _)| *known == number).unwrap_or(table.len())
}
