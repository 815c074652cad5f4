//! What each server block did: CoreDNS' counters, by its labels.
use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use crate::metrics::{Transport, add};

/// The query types that are told apart, as in CoreDNS; everything else is `other`.
#[rustfmt::skip]
pub(crate) const TYPES: [(u16, &str); 19] = [
    (1, "A"), (28, "AAAA"), (33, "SRV"), (12, "PTR"), (5, "CNAME"), (16, "TXT"), (2, "NS"), (6, "SOA"), (15, "MX"),
    (65, "HTTPS"), (64, "SVCB"), (43, "DS"), (46, "RRSIG"), (47, "NSEC"), (48, "DNSKEY"), (50, "NSEC3"), (251, "IXFR"),
    (252, "AXFR"), (255, "ANY"),
];

/// Response codes that are told apart.
#[rustfmt::skip]
pub(crate) const RCODES: [(u16, &str); 7] = [
    (0, "NOERROR"), (1, "FORMERR"), (2, "SERVFAIL"), (3, "NXDOMAIN"), (4, "NOTIMP"), (5, "REFUSED"), (16, "BADVERS"),
];

/// The plugins that make responses; the first stands for none.
pub(crate) const PLUGINS: [&str; 10] =
    ["", "kubernetes", "forward", "cache", "hosts", "template", "file", "acl", "any", "whoami"];

/// The upper ends of the size buckets, in bytes.
pub(crate) const SIZES: [u64; 14] =
    [0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16_000, 32_000, 48_000, 64_000];

/// The upper ends of the time buckets: a quarter of a millisecond, doubled each time.
pub(crate) const TIMES: [u64; 16] = {
    let mut times = [0; 16];
    let mut i = 0;
    while i < 16 {
        times[i] = 250_000 << i;
        i += 1;
    }
    times
};

/// A histogram with N bounds, and what is above them.
#[derive(Debug)]
pub(crate) struct Histogram<const N: usize> {
    bounds: &'static [u64; N],
    buckets: [AtomicU64; N],
    above: AtomicU64,
    sum: AtomicU64,
}

/// A histogram of times, in nanoseconds.
pub(crate) type Times = Histogram<16>;

impl Default for Times {
    fn default() -> Self {
        Self::new(&TIMES)
    }
}

impl<const N: usize> Histogram<N> {
    const fn new(bounds: &'static [u64; N]) -> Self {
        Self {
            bounds,
            buckets: [const { AtomicU64::new(0) }; N],
            above: AtomicU64::new(0),
            sum: AtomicU64::new(0),
        }
    }

    pub(crate) fn observe(&self, value: u64) {
        let at = self.bounds.iter().position(|bound| value <= *bound);
        add(at.map_or(&self.above, |i| &self.buckets[i]));
        self.sum.fetch_add(value, Relaxed);
    }

    /// The counts up to each bound, that of everything, and the sum.
    pub(crate) fn read(&self) -> ([u64; N], u64, u64) {
        let mut total = 0;
        let counts = std::array::from_fn(|i| {
            total += self.buckets[i].load(Relaxed);
            total
        });
        (counts, total + self.above.load(Relaxed), self.sum.load(Relaxed))
    }
}

/// The counters of one server block's zone.
#[derive(Debug)]
pub struct BlockStats {
    /// `dns://:53`.
    pub(crate) server: Arc<str>,
    /// `cluster.local.`
    pub(crate) zone: Arc<str>,
    /// By transport, family and type.
    pub(crate) requests: [[[AtomicU64; TYPES.len() + 1]; 2]; 2],
    pub(crate) with_do: AtomicU64,
    /// By plugin and code.
    pub(crate) responses: [[AtomicU64; RCODES.len() + 1]; PLUGINS.len()],
    pub(crate) request_size: [Histogram<14>; 2],
    pub(crate) response_size: [Histogram<14>; 2],
    pub(crate) duration: Times,
}

/// One question and its response, as they are counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Served {
    pub transport: Transport,
    pub client: IpAddr,
    pub rtype: u16,
    pub with_do: bool,
    pub asked: usize,
    pub plugin: usize,
    pub rcode: u16,
    pub answered: usize,
    pub took: Duration,
}

impl BlockStats {
    pub(crate) fn new(server: Arc<str>, zone: Arc<str>) -> Self {
        Self {
            server,
            zone,
            requests: std::array::from_fn(|_| {
                std::array::from_fn(|_| std::array::from_fn(|_| AtomicU64::new(0)))
            }),
            with_do: AtomicU64::new(0),
            responses: std::array::from_fn(|_| std::array::from_fn(|_| AtomicU64::new(0))),
            request_size: [Histogram::new(&SIZES), Histogram::new(&SIZES)],
            response_size: [Histogram::new(&SIZES), Histogram::new(&SIZES)],
            duration: Times::default(),
        }
    }

    /// Its labels on the page of metrics.
    pub(crate) fn labels(&self) -> String {
        format!("server=\"{}\",view=\"\",zone=\"{}\"", self.server, self.zone)
    }

    pub(crate) fn count(&self, served: &Served) {
        let transport = served.transport as usize;
        let family = usize::from(served.client.to_canonical().is_ipv6());
        add(&self.requests[transport][family][index(&TYPES, served.rtype)]);
        if served.with_do {
            add(&self.with_do);
        }
        add(&self.responses[served.plugin][index(&RCODES, served.rcode)]);
        self.request_size[transport].observe(served.asked as u64);
        self.response_size[transport].observe(served.answered as u64);
        self.duration.observe(u64::try_from(served.took.as_nanos()).unwrap_or(u64::MAX));
    }
}

/// A plugin's place among those that are counted.
pub(crate) fn plugin_index(name: &str) -> usize {
    PLUGINS.iter().position(|known| *known == name).unwrap_or(0)
}

fn index(table: &[(u16, &str)], number: u16) -> usize {
    table.iter().position(|(known, _)| *known == number).unwrap_or(table.len())
}
