//! What the plugins of the current plan count, as Prometheus reads it.
//!
//! Two blocks may share labels; the format has each series once, so theirs are added up.
use std::{
    collections::BTreeMap,
    sync::{PoisonError, atomic::Ordering::Relaxed},
};

use crate::{
    Responder,
    exposition::{Text, seconds},
    live::Live,
    plugin_counts::{ALLOWED, BLOCKED, DROPPED, FILTERED, MATCHES},
};

pub(crate) fn write(out: &mut Text, responder: &Responder) {
    counted(out, responder);
    // The files are read again as a whole; one that cannot be read is not applied.
    family(
        out,
        "coredns_reload_failed_total",
        "counter",
        "Counter of the number of failed reload attempts.",
        [(String::new(), 0)],
    );
    let Some(live) = responder.inner.live.load_full() else { return };
    enabled(out, &live);
    hosts(out, &live);
    caches(out, &live);
    forwards(out, &live);
}

fn family(
    out: &mut Text,
    name: &str,
    kind: &str,
    help: &str,
    samples: impl IntoIterator<Item = (String, u64)>,
) {
    let mut summed: BTreeMap<String, u64> = BTreeMap::new();
    for (labels, value) in samples {
        *summed.entry(labels).or_default() += value;
    }
    if summed.is_empty() {
        return;
    }
    out.family(name, kind, help);
    for (labels, value) in summed {
        out.sample(name, &labels, value);
    }
}

fn counted(out: &mut Text, responder: &Responder) {
    for (name, help) in [
        (ALLOWED, "Counter of DNS requests being allowed."),
        (BLOCKED, "Counter of DNS requests being blocked."),
        (DROPPED, "Counter of DNS requests being dropped."),
        (FILTERED, "Counter of DNS requests being filtered."),
        (MATCHES, "Counter of template regex matches."),
    ] {
        family(out, name, "counter", help, responder.inner.plugins.all(name));
    }
}

fn enabled(out: &mut Text, live: &Live) {
    let name = "coredns_plugin_enabled";
    out.family(
        name,
        "gauge",
        "A metric that indicates whether a plugin is enabled on per server and zone basis.",
    );
    for (block, stats) in live.dns.blocks().iter().zip(&live.stats) {
        for plugin in &*block.plugins {
            out.sample(name, &format!("name=\"{plugin}\",{}", stats.labels()), 1);
        }
    }
}

fn hosts(out: &mut Text, live: &Live) {
    let entries = live.dns.blocks().iter().flat_map(netloom_naming::Block::hosts_entries);
    let entries = entries.map(|(path, count)| (format!("hostsfile=\"{path}\""), count as u64));
    let help = "The combined number of entries in hosts and Corefile.";
    family(out, "coredns_hosts_entries", "gauge", help, entries);
}

fn caches(out: &mut Text, live: &Live) {
    let plain = |count: fn(&crate::cache::Store) -> u64| {
        live.caches.iter().map(move |(server, store)| {
            let zones = &store.options().label;
            (format!("server=\"{server}\",view=\"\",zones=\"{zones}\""), count(store))
        })
    };
    let typed = |count: fn(&crate::cache::Store) -> [u64; 2]| {
        live.caches.iter().flat_map(move |(server, store)| {
            let zones = &store.options().label;
            ["success", "denial"].into_iter().zip(count(store)).map(move |(kind, count)| {
                (format!("server=\"{server}\",type=\"{kind}\",view=\"\",zones=\"{zones}\""), count)
            })
        })
    };
    let name = "coredns_cache_entries";
    let sizes = typed(|store| store.sizes().map(|count| count as u64));
    family(out, name, "gauge", "The number of elements in the cache.", sizes);
    let name = "coredns_cache_hits_total";
    family(out, name, "counter", "The count of cache hits.", typed(|store| store.counts().0));
    let name = "coredns_cache_evictions_total";
    let evictions = typed(|store| [store.evictions[0].load(Relaxed), store.evictions[1].load(Relaxed)]);
    family(out, name, "counter", "The count of cache evictions.", evictions);
    let name = "coredns_cache_misses_total";
    family(out, name, "counter", "The count of cache misses.", plain(|store| store.counts().1));
    let name = "coredns_cache_requests_total";
    let all = plain(|store| {
        let ([answers, denials], misses, _, stale) = store.counts();
        answers + denials + misses + stale
    });
    family(out, name, "counter", "The count of cache requests.", all);
    let name = "coredns_cache_prefetch_total";
    let help = "The number of times the cache has prefetched a cached item.";
    family(out, name, "counter", help, plain(|store| store.counts().2));
    let name = "coredns_cache_served_stale_total";
    let help = "The number of requests served from stale cache entries.";
    family(out, name, "counter", help, plain(|store| store.counts().3));
}

fn forwards(out: &mut Text, live: &Live) {
    let sum = |count: fn(&crate::forwarder::Forwarder) -> u64| {
        [(String::new(), live.forwarders.iter().map(|f| count(f)).sum::<u64>())]
    };
    let name = "coredns_forward_max_concurrent_rejects_total";
    let help = "Counter of the number of queries rejected because the concurrent queries were at maximum.";
    family(out, name, "counter", help, sum(|f| f.rejected.load(Relaxed)));
    let name = "coredns_forward_healthcheck_broken_total";
    let help = "Counter of the number of complete failures of the healthchecks.";
    family(out, name, "counter", help, sum(|f| f.broken.load(Relaxed)));
    let mut times: BTreeMap<String, ([u64; 16], u64, u64)> = BTreeMap::new();
    for forwarder in &live.forwarders {
        let asked = forwarder.asked.lock().unwrap_or_else(PoisonError::into_inner);
        for ((server, rcode), taken) in &*asked {
            let rcode = netloom_naming::types::rcode_name(*rcode);
            let labels = format!("proxy_name=\"forward\",rcode=\"{rcode}\",to=\"{server}\"");
            let (counts, total, sum) = taken.read();
            let all = times.entry(labels).or_default();
            all.0.iter_mut().zip(counts).for_each(|(all, count)| *all += count);
            (all.1, all.2) = (all.1 + total, all.2 + sum);
        }
    }
    let name = "coredns_proxy_request_duration_seconds";
    out.family(name, "histogram", "Histogram of the time each request took.");
    for (labels, read) in times {
        out.buckets(name, &labels, &seconds(), read, 1e-9);
    }
}
