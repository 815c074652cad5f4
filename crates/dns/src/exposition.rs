//! The counters as Prometheus reads them, by CoreDNS' names and labels.
use std::{
    collections::BTreeSet,
    fmt::Write as _,
    sync::{PoisonError, atomic::Ordering::Relaxed},
};

use crate::{
    Responder,
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
    live(&mut out, responder);
    out.family("coredns_panics_total", "counter", "A metrics that counts the number of panics.");
    out.sample("coredns_panics_total", "", 0);
    out.0
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a String cannot fail.
        _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn sample(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
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
        let (counts, total, sum) = histogram.read();
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

fn of(block: &BlockStats) -> String {
    format!("server=\"{}\",view=\"\",zone=\"{}\"", block.server, block.zone)
}

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
                            of(block)
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
        out.sample(name, &of(block), block.with_do.load(Relaxed));
    }
}

fn histograms(out: &mut Text, blocks: &Blocks) {
    let times = crate::stats::TIMES.map(|nanos| nanos as f64 / 1e9);
    let sizes = crate::stats::SIZES.map(|bytes| bytes as f64);
    let name = "coredns_dns_request_duration_seconds";
    out.family(name, "histogram", "Histogram of the time (in seconds) each request took per zone.");
    for block in blocks {
        out.histogram(name, &of(block), &times, &block.duration, 1e-9);
    }
    let name = "coredns_dns_request_size_bytes";
    out.family(
        name,
        "histogram",
        "Size of the EDNS0 UDP buffer in bytes (64K for TCP) per zone and protocol.",
    );
    for block in blocks {
        for (transport, size) in TRANSPORTS.iter().zip(&block.request_size) {
            out.histogram(name, &format!("proto=\"{transport}\",{}", of(block)), &sizes, size, 1.0);
        }
    }
    let name = "coredns_dns_response_size_bytes";
    out.family(name, "histogram", "Size of the returned response in bytes.");
    for block in blocks {
        for (transport, size) in TRANSPORTS.iter().zip(&block.response_size) {
            out.histogram(name, &format!("proto=\"{transport}\",{}", of(block)), &sizes, size, 1.0);
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
                    let labels = format!("plugin=\"{plugin}\",rcode=\"{rcode}\",{}", of(block));
                    out.sample(name, &labels, count);
                }
            }
        }
    }
}

/// What the current plan's plugins count.
fn live(out: &mut Text, responder: &Responder) {
    let Some(live) = responder.inner.live.load_full() else { return };
    let name = "coredns_plugin_enabled";
    out.family(
        name,
        "gauge",
        "A metric that indicates whether a plugin is enabled on per server and zone basis.",
    );
    for (block, stats) in live.dns.blocks().iter().zip(&live.stats) {
        // A plugin may stand in a block several times; a series stands on the page once.
        let plugins: BTreeSet<&str> = block.plugins.iter().map(|plugin| &**plugin).collect();
        for plugin in plugins {
            out.sample(name, &format!("name=\"{plugin}\",{}", of(stats)), 1);
        }
    }
    let server = live.stats.first().map_or_else(|| "dns://:53".into(), |stats| stats.server.clone());
    let mut caches: Vec<[String; 5]> = Vec::new();
    for store in &live.caches {
        let zones = &store.options().label;
        let labels = format!("server=\"{server}\",view=\"\",zones=\"{zones}\"");
        let typed = |kind: &str| format!("server=\"{server}\",type=\"{kind}\",view=\"\",zones=\"{zones}\"");
        let ([answers, denials], misses, prefetches, stale) = store.counts();
        let [kept, denied] = store.sizes();
        let (success, denial) = (typed("success"), typed("denial"));
        caches.push([
            format!("{{{success}}} {kept}\ncoredns_cache_entries{{{denial}}} {denied}"),
            format!("{{{success}}} {answers}\ncoredns_cache_hits_total{{{denial}}} {denials}"),
            format!("{{{labels}}} {misses}"),
            format!("{{{labels}}} {}", answers + denials + misses + stale),
            format!("{{{labels}}} {prefetches}\ncoredns_cache_served_stale_total{{{labels}}} {stale}"),
        ]);
    }
    let families = [
        ("coredns_cache_entries", "gauge", "The number of elements in the cache."),
        ("coredns_cache_hits_total", "counter", "The count of cache hits."),
        ("coredns_cache_misses_total", "counter", "The count of cache misses."),
        ("coredns_cache_requests_total", "counter", "The count of cache requests."),
        (
            "coredns_cache_prefetch_total",
            "counter",
            "The number of times the cache has prefetched a cached item.",
        ),
    ];
    for (i, (name, kind, help)) in families.into_iter().enumerate() {
        out.family(name, kind, help);
        for cache in &caches {
            _ = writeln!(out.0, "{name}{}", cache[i]);
        }
    }
    forwards(out, &live);
}

fn forwards(out: &mut Text, live: &crate::live::Live) {
    let name = "coredns_forward_max_concurrent_rejects_total";
    out.family(
        name,
        "counter",
        "Counter of the number of queries rejected because the concurrent queries were at maximum.",
    );
    let sum = |count: fn(&crate::forwarder::Forwarder) -> u64| {
        live.forwarders.iter().map(|f| count(f)).sum::<u64>()
    };
    out.sample(name, "", sum(|f| f.rejected.load(Relaxed)));
    let name = "coredns_forward_healthcheck_broken_total";
    out.family(name, "counter", "Counter of the number of complete failures of the healthchecks.");
    out.sample(name, "", sum(|f| f.broken.load(Relaxed)));
    let name = "coredns_proxy_request_duration_seconds";
    out.family(name, "summary", "Time of the requests to each server.");
    for forwarder in &live.forwarders {
        let asked = forwarder.asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for ((server, rcode), (count, nanos)) in asked {
            let rcode = netloom_naming::types::rcode_name(rcode);
            let labels = format!("proxy_name=\"forward\",rcode=\"{rcode}\",to=\"{server}\"");
            out.sample(&format!("{name}_sum"), &labels, nanos as f64 / 1e9);
            out.sample(&format!("{name}_count"), &labels, count);
        }
    }
}
