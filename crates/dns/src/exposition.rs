//! The counters as Prometheus reads them, by CoreDNS' names and labels.
use std::{fmt::Write as _, sync::atomic::Ordering::Relaxed};

use crate::{
    Responder, plugin_metrics,
    stats::{BlockStats, Histogram, PLUGINS, RCODES, TYPES},
};

const TRANSPORTS: [&str; 2] = ["udp", "tcp"];

/// Everything that a server counted.
pub(crate) fn text(responder: &Responder) -> String {
    let mut out = Text::default();
    let blocks = responder.inner.registry.all();
    out.family("coredns_build_info", "gauge", "A metric with a constant '1' value labeled by version.");
    out.sample(
        "coredns_build_info",
        concat!("goversion=\"\",revision=\"\",version=\"netloom-", env!("CARGO_PKG_VERSION"), "\""),
        1,
    );
    requests(&mut out, &blocks);
    histograms(&mut out, &blocks);
    responses(&mut out, &blocks);
    plugin_metrics::write(&mut out, responder);
    out.family("coredns_panics_total", "counter", "A metrics that counts the number of panics.");
    out.sample("coredns_panics_total", "", 0);
    out.0
}

/// The page.
#[derive(Default)]
pub(crate) struct Text(String);

impl Text {
    pub(crate) fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a String cannot fail.
        _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    pub(crate) fn sample(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        _ = match labels {
            "" => writeln!(self.0, "{name} {value}"),
            labels => writeln!(self.0, "{name}{{{labels}}} {value}"),
        };
    }

    fn histogram<const N: usize>(
        &mut self,
        name: &str,
        labels: &str,
        bounds: &[f64; N],
        histogram: &Histogram<N>,
        unit: f64,
    ) {
        self.buckets(name, labels, bounds, histogram.read(), unit);
    }

    /// The counts up to each bound, that of everything, and the sum.
    pub(crate) fn buckets<const N: usize>(
        &mut self,
        name: &str,
        labels: &str,
        bounds: &[f64; N],
        (counts, total, sum): ([u64; N], u64, u64),
        unit: f64,
    ) {
        if total == 0 {
            return;
        }
        for (bound, count) in bounds.iter().zip(counts) {
            self.sample(&format!("{name}_bucket"), &format!("{labels},le=\"{bound}\""), count);
        }
        self.sample(&format!("{name}_bucket"), &format!("{labels},le=\"+Inf\""), total);
        self.sample(&format!("{name}_sum"), labels, sum as f64 * unit);
        self.sample(&format!("{name}_count"), labels, total);
    }
}

type Blocks = [std::sync::Arc<BlockStats>];

fn requests(out: &mut Text, blocks: &Blocks) {
    let name = "coredns_dns_requests_total";
    out.family(name, "counter", "Counter of DNS requests made per zone, protocol and family.");
    for block in blocks {
        for (transport, families) in TRANSPORTS.iter().zip(&block.requests) {
            for (family, types) in families.iter().enumerate() {
                for (i, count) in types.iter().enumerate() {
                    let count = count.load(Relaxed);
                    let rtype = TYPES.get(i).map_or("other", |(_, name)| name);
                    if count > 0 {
                        let labels = format!(
                            "family=\"{}\",proto=\"{transport}\",{},type=\"{rtype}\"",
                            family + 1,
                            block.labels()
                        );
                        out.sample(name, &labels, count);
                    }
                }
            }
        }
    }
    let name = "coredns_dns_do_requests_total";
    out.family(name, "counter", "Counter of DNS requests with DO bit set per zone.");
    for block in blocks.iter().filter(|b| b.with_do.load(Relaxed) > 0) {
        out.sample(name, &block.labels(), block.with_do.load(Relaxed));
    }
}

/// The upper ends of the time buckets.
pub(crate) fn seconds() -> [f64; 16] {
    crate::stats::TIMES.map(|nanos| nanos as f64 / 1e9)
}

fn histograms(out: &mut Text, blocks: &Blocks) {
    let times = seconds();
    let sizes = crate::stats::SIZES.map(|bytes| bytes as f64);
    let name = "coredns_dns_request_duration_seconds";
    out.family(name, "histogram", "Histogram of the time (in seconds) each request took per zone.");
    for block in blocks {
        out.histogram(name, &block.labels(), &times, &block.duration, 1e-9);
    }
    let name = "coredns_dns_request_size_bytes";
    out.family(
        name,
        "histogram",
        "Size of the EDNS0 UDP buffer in bytes (64K for TCP) per zone and protocol.",
    );
    for block in blocks {
        for (transport, size) in TRANSPORTS.iter().zip(&block.request_size) {
            out.histogram(name, &format!("proto=\"{transport}\",{}", block.labels()), &sizes, size, 1.0);
        }
    }
    let name = "coredns_dns_response_size_bytes";
    out.family(name, "histogram", "Size of the returned response in bytes.");
    for block in blocks {
        for (transport, size) in TRANSPORTS.iter().zip(&block.response_size) {
            out.histogram(name, &format!("proto=\"{transport}\",{}", block.labels()), &sizes, size, 1.0);
        }
    }
}

fn responses(out: &mut Text, blocks: &Blocks) {
    let name = "coredns_dns_responses_total";
    out.family(name, "counter", "Counter of response status codes.");
    for block in blocks {
        for (plugin, codes) in PLUGINS.iter().zip(&block.responses) {
            for (i, count) in codes.iter().enumerate() {
                let count = count.load(Relaxed);
                let rcode = RCODES.get(i).map_or("other", |(_, name)| name);
                if count > 0 {
                    let labels = format!("plugin=\"{plugin}\",rcode=\"{rcode}\",{}", block.labels());
                    out.sample(name, &labels, count);
                }
            }
        }
    }
}
