//! How long the Service maps take to load, and how long one endpoint takes to change: `cargo bench --bench nft_load`.
//!
//! Runs itself in user and network namespaces of its own, so that no right is needed and nothing is left behind.
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use netloom_kernel::nft::Field::{InetProto, InetService, Ipv4Addr as Ip4, Mark};
use netloom_kernel::nft::{Batch, Element, Key, Netfilter, NftError, Set, Table};

const INSIDE: &str = "NETLOOM_BENCH_INSIDE";
const ENDPOINTS: u32 = 4;
const CHANGES: u32 = 2000;

fn main() -> ExitCode {
    if std::env::var_os(INSIDE).is_none() {
        return inside();
    }
    println!(
        "Services x{ENDPOINTS} |  sets | elements |   load s |  encoding s | replace p50 us |  p99 us | peak RSS MB"
    );
    let sizes = [1_000, 10_000, 50_000].into_iter();
    for (services, sized) in sizes.flat_map(|services| [(services, false), (services, true)]) {
        if let Err(error) = measure(services, sized) {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn inside() -> ExitCode {
    let started = std::env::current_exe().and_then(|this| {
        Command::new("unshare")
            .args(["--user", "--map-root-user", "--net", "--"])
            .arg(this)
            .env(INSIDE, "1")
            .status()
    });
    match started {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) => {
            eprintln!("the benchmark ended with {status}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("cannot run `unshare` (util-linux): {error}");
            ExitCode::FAILURE
        }
    }
}

struct Sets {
    services: Set,
    endpoints: Set,
    hairpin: Set,
}

impl Sets {
    fn new(services: u32, sized: bool) -> Self {
        let room = |set: Set, count: u32| if sized { set.sized(count * 2) } else { set };
        Self {
            services: room(Set::map("svc4", &[Ip4, InetProto, InetService], &[Mark]), services),
            endpoints: room(Set::map("eps4", &[Mark, Mark], &[Ip4, InetService]), services * ENDPOINTS),
            hairpin: room(Set::new("hair4", &[Ip4, Ip4]), services * ENDPOINTS),
        }
    }
}

fn service(index: u32) -> Element {
    let address = Ipv4Addr::from(0xac00_0000 + index + 1);
    Element::new(Key::new().ip4(address).proto(6).port(80)).with(Key::new().mark(index << 10 | ENDPOINTS))
}

fn address(number: u32) -> IpAddr {
    Ipv4Addr::from(0x0a00_0000 + number + 1).into()
}

fn endpoint(number: u32, at: IpAddr) -> Element {
    let (index, slot) = (number / ENDPOINTS, number % ENDPOINTS);
    Element::new(Key::new().mark(index << 10 | ENDPOINTS).mark(slot)).with(Key::new().ip(at).port(8080))
}

fn hairpin(at: IpAddr) -> Element {
    Element::new(Key::new().ip(at).ip(at))
}

fn measure(services: u32, sized: bool) -> Result<(), NftError> {
    let sets = Sets::new(services, sized);
    let all = vec![sets.services.clone(), sets.endpoints.clone(), sets.hairpin.clone()];
    let table = Table { sets: all, ..Table::new("netloom") };
    let mut netfilter = Netfilter::open()?;
    netfilter.load(&table)?;
    let endpoints = services * ENDPOINTS;

    let start = Instant::now();
    let mut count = netfilter.fill("netloom", &sets.services, (0..services).map(service))?;
    count += netfilter.fill("netloom", &sets.endpoints, (0..endpoints).map(|n| endpoint(n, address(n))))?;
    count += netfilter.fill("netloom", &sets.hairpin, (0..endpoints).map(|n| hairpin(address(n))))?;
    let load = start.elapsed();

    let encoding = encode(&sets, services, endpoints);
    let mut times = replace(&mut netfilter, &sets, endpoints)?;
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    println!(
        "{services:>11} | {:>5} | {count:>8} | {:>8.3} | {:>11.3} | {:>14.1} | {:>7.1} | {:>12}",
        if sized { "sized" } else { "grow" },
        load.as_secs_f64(),
        encoding.as_secs_f64(),
        at(0.5),
        at(0.99),
        peak_memory() / 1024
    );
    let mut batch = Batch::new("netloom");
    batch.delete_table();
    netfilter.commit(batch)
}

/// The share of the load that is our own: the same messages, built and dropped.
fn encode(sets: &Sets, services: u32, endpoints: u32) -> Duration {
    let start = Instant::now();
    let mut batch = Batch::new("netloom");
    batch
        .add_elements(&sets.services, (0..services).map(service))
        .add_elements(&sets.endpoints, (0..endpoints).map(|n| endpoint(n, address(n))))
        .add_elements(&sets.hairpin, (0..endpoints).map(|n| hairpin(address(n))));
    black_box(batch.len());
    start.elapsed()
}

/// One endpoint moves to another address, again and again: three maps' worth of change in one transaction.
fn replace(netfilter: &mut Netfilter, sets: &Sets, endpoints: u32) -> Result<Vec<Duration>, NftError> {
    let mut times = Vec::new();
    for change in 0..CHANGES {
        let number = change.wrapping_mul(7919) % endpoints;
        let (old, new) = (address(number), address(endpoints + change));
        for (from, to) in [(old, new), (new, old)] {
            let start = Instant::now();
            let mut batch = Batch::new("netloom");
            batch
                .delete_elements(&sets.endpoints, [endpoint(number, from)])
                .delete_elements(&sets.hairpin, [hairpin(from)])
                .add_elements(&sets.endpoints, [endpoint(number, to)])
                .add_elements(&sets.hairpin, [hairpin(to)]);
            netfilter.commit(batch)?;
            times.push(start.elapsed());
        }
    }
    Ok(times)
}

/// In kilobytes; 0 where the kernel does not say.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
