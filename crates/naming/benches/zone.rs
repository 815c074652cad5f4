//! The zone at scale: `cargo bench -p netloom-naming --bench zone [SERVICES]`.
//!
//! Times are those that the thread was on a processor, the best of ten, so that neighbours do not count.
#![allow(clippy::expect_used, reason = "a measurement that cannot run has to fail")]
#[path = "../tests/common/mod.rs"]
mod common;

use std::{hint::black_box, sync::Arc, time::Duration};

use common::{Cluster, addrs, endpoint, pod, service};
use netloom_cluster::{Service, ServiceKind, Snapshot};
use netloom_naming::{RecordType, Zone};

fn main() {
    let services = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(50_000);
    let snapshot = cluster(services);
    let (zone, time) = best(1, || Zone::compile(&snapshot));
    println!("compile {services} Services of 4 endpoints, {services} pods: {time:?}");

    let mut next = snapshot.clone();
    let mut list = (*next.services).clone();
    let changed = Arc::make_mut(&mut list[services / 2]);
    changed.endpoints = Arc::new(vec![endpoint(&["10.0.255.1", "fd00:10:244::ffff"], &[80])]);
    next.services = Arc::new(list);
    println!("update with one changed Service: {:?}", best(100, || zone.update(&next)).1);
    println!("update with nothing changed: {:?}", best(10_000, || zone.update(&snapshot)).1);

    let names: Vec<String> =
        (0..services).step_by(7).map(|i| format!("svc-{i}.production.svc.cluster.local.")).collect();
    let (_, time) = best(20, || {
        for name in &names {
            black_box(zone.lookup(name, RecordType::A));
        }
    });
    println!("lookup: {:?} each, over {} names", time / names.len() as u32, names.len());
}

fn cluster(services: usize) -> Snapshot {
    let mut cluster = Cluster::default().namespace("production");
    for i in 0..services {
        let ip = |j: usize| format!("10.{}.{}.{}", j / 65536, j / 256 % 256, j % 256);
        let ip6 = |j: usize| format!("fd00:10:244::{:x}:{:x}", j / 65536, j % 65536);
        let endpoints = (0..4).map(|e| (i * 4 + e) % (4 * services));
        let endpoints = endpoints.map(|j| endpoint(&[&ip(j), &ip6(j)], &[8080])).collect();
        let mut next =
            service("production", &format!("svc-{i}"), ServiceKind::Headless, &["http/TCP:80"], endpoints);
        if i % 10 > 0 {
            next.kind = ServiceKind::Virtual(addrs(&[&format!(
                "10.{}.{}.{}",
                96 + i / 65536,
                i / 256 % 256,
                i % 256
            )]));
        }
        cluster = cluster.service(next).pod(pod("production", &format!("pod-{i}"), &[&ip(i), &ip6(i)]));
    }
    let snapshot = cluster.snapshot();
    assert!(snapshot.services.windows(2).all(|w: &[Arc<Service>]| w[0].name < w[1].name));
    snapshot
}

/// The best mean of ten rounds. The kernel counts in ticks, so a round must be long.
fn best<T>(times: u32, mut work: impl FnMut() -> T) -> (T, Duration) {
    let mut round = || {
        let start = on_cpu();
        (1..times).for_each(|_| drop(work()));
        let made = work();
        (made, (on_cpu() - start) / times)
    };
    let first = round();
    (1..10).map(|_| round()).fold(first, |best, next| if next.1 < best.1 { next } else { best })
}

/// For how long this thread was on a processor.
fn on_cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux with schedstat");
    let nanos = text.split(' ').next().and_then(|n| n.parse().ok()).expect("schedstat begins with a number");
    Duration::from_nanos(nanos)
}
