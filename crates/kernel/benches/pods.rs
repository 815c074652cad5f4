//! How long it takes to make namespaces, links, addresses and routes for pods on three nodes, dual stack, with VXLAN.
//! `cargo bench -p netloom-kernel --bench pods [-- PODS…]`
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::{
    fs,
    net::{Ipv4Addr, Ipv6Addr},
    time::{Duration, Instant},
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use netloom_kernel::{
    fabric::{Attached, Attachment, Overlay, OverlayPeer, Router, overlay_mtu},
    netns::{Here, Worker},
    sandbox,
};

const NODES: u8 = 3;
const UNDERLAY_MTU: u32 = 1500;

fn main() {
    let asked: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let sizes = if asked.is_empty() { vec![10, 100, 1000] } else { asked };
    println!("pods  workers   nodes        pods   CPU/pod    process          kernel    gone after");
    for pods in sizes {
        for workers in [1, 2] {
            let before = kernel_kib();
            let code = sandbox::run(|| bring_up(pods, workers, before)).unwrap();
            assert_eq!(code, 0);
            let gone = Instant::now();
            while kernel_kib() > before + 4096 && gone.elapsed() < Duration::from_secs(10) {
                std::thread::sleep(Duration::from_millis(5));
            }
            println!("  {:>8.1} ms", gone.elapsed().as_secs_f64() * 1e3);
        }
    }
}

fn node_v4(node: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 168, 0, node + 1)
}

fn node_v6(node: u8) -> Ipv6Addr {
    Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, u16::from(node) + 1)
}

fn peer(node: u8) -> OverlayPeer {
    let v4 = Ipv4Net::new_assert(Ipv4Addr::new(10, 244, node * 4, 0), 22);
    let v6 = Ipv6Net::new_assert(Ipv6Addr::new(0xfd00, 0x10, 0, u16::from(node), 0, 0, 0, 0), 64);
    OverlayPeer { underlay: node_v4(node).into(), nets: vec![IpNet::V4(v4), IpNet::V6(v6)] }
}

fn pod(node: u8, number: usize) -> Attachment {
    let host = u16::try_from(number + 2).unwrap();
    let v4 = u32::from(Ipv4Addr::new(10, 244, node * 4, 0)) + u32::from(host);
    Attachment {
        of: format!("pod bench/p{node}-{number}"),
        link: None,
        v4: Some(v4.into()),
        v6: Some(Ipv6Addr::new(0xfd00, 0x10, 0, u16::from(node), 0, 0, 0, host)),
        mtu: overlay_mtu(UNDERLAY_MTU, node_v4(node).into()),
    }
}

fn nodes(here: &mut Here) -> (Router, Vec<Router>) {
    let mut fabric = Router::create(here, "the fabric").unwrap();
    let mut nodes = Vec::new();
    for number in 0..NODES {
        let mut node = Router::create(here, &format!("node n{number}")).unwrap();
        let attachment = Attachment {
            of: format!("node n{number}"),
            link: None,
            v4: Some(node_v4(number)),
            v6: Some(node_v6(number)),
            mtu: UNDERLAY_MTU,
        };
        fabric.attach_existing(here, node.ns().try_clone().unwrap(), &attachment).unwrap();
        here.enter(node.ns()).unwrap();
        let mtu = overlay_mtu(UNDERLAY_MTU, node_v4(number).into());
        node.join_overlay(&Overlay { vni: 1, local: node_v4(number).into(), mtu }).unwrap();
        for other in (0..NODES).filter(|other| *other != number) {
            node.add_overlay_peer(&peer(other)).unwrap();
        }
        nodes.push(node);
    }
    (fabric, nodes)
}

fn bring_up(pods: usize, workers: usize, before: u64) -> u8 {
    let pool: Vec<Worker> = (0..workers).map(|_| Worker::spawn().unwrap()).collect();
    let start = Instant::now();
    let (_fabric, nodes) = pool[0].run(nodes).unwrap();
    let ready = start.elapsed();
    let (start, cpu) = (Instant::now(), cpu_time());
    let pending: Vec<_> = nodes
        .into_iter()
        .enumerate()
        .map(|(number, mut node)| {
            let number = u8::try_from(number).unwrap();
            let mine =
                pods / usize::from(NODES) + usize::from(usize::from(number) < pods % usize::from(NODES));
            pool[usize::from(number) % workers].submit(move |here| {
                let attachments: Vec<_> = (0..mine).map(|i| pod(number, i)).collect();
                let attached: Vec<Attached> = node.attach_all(here, &attachments).unwrap();
                (node, attached)
            })
        })
        .collect();
    let all: Vec<_> = pending.into_iter().map(|p| p.wait().unwrap()).collect();
    let took = start.elapsed();
    assert_eq!(all.iter().map(|(_, attached)| attached.len()).sum::<usize>(), pods);
    let per_pod = (cpu_time() - cpu).as_secs_f64() * 1e6 / pods as f64;
    let rss = field("/proc/self/status", "VmRSS:");
    let kernel = kernel_kib().saturating_sub(before) / pods as u64;
    print!(
        "{pods:>4}  {workers:>7}  {:>6.1} ms  {:>7.1} ms  {per_pod:>6.0} µs  {rss:>6} KiB  {kernel:>4} KiB/pod",
        ready.as_secs_f64() * 1e3,
        took.as_secs_f64() * 1e3,
    );
    use std::io::Write;
    std::io::stdout().flush().unwrap();
    0
}

/// What this process has used: beside other work on the machine it says more than the clock.
fn cpu_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum();
    // USER_HZ is 100 on every architecture that Rust's std supports.
    Duration::from_millis(ticks * 10)
}

fn field(file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(file).unwrap();
    let line = text.lines().find_map(|l| l.strip_prefix(name)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// What the kernel itself uses: slabs, per-CPU memory and page tables.
fn kernel_kib() -> u64 {
    ["Slab:", "Percpu:", "KernelStack:"].iter().map(|name| field("/proc/meminfo", name)).sum()
}
