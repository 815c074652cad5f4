//! Queries a second over loopback: `cargo bench -p netloom-dns --bench qps [SECONDS]`.
//!
//! The server has one thread. Beside the rate that the machine gave it, the rate for a whole core is told, by the
//! time that the thread was on a processor: the client and the neighbours take their share of this machine too.
#![allow(clippy::expect_used, reason = "a measurement that cannot run has to fail")]
#[path = "../../naming/tests/common/mod.rs"]
mod common;

use std::{
    net::{TcpListener, UdpSocket},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use common::{Cluster, addrs, endpoint, everything, service, vip};
use hickory_proto::{
    op::{Edns, Message, Query},
    rr::{Name, RecordType},
};
use netloom_cluster::ServiceKind;
use netloom_dns::{Inside, Responder, serve};
use netloom_naming::{Dns, Zone};

/// Questions under way at once: a socket's receive buffer holds them all.
const WINDOW: usize = 128;

fn main() {
    let seconds = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(3);
    let zone = Zone::compile(&cluster(10_000).snapshot());
    let known = |i: usize| format!("svc-{i}.production.svc.cluster.local.");
    let one: Vec<Vec<u8>> = vec![query("web.production.svc.cluster.local.", RecordType::A, None)];
    let many = (0..10_000).map(|i| query(&known(i), RecordType::A, None)).collect();
    let absent =
        (0..10_000).map(|i| query(&format!("no-{i}.production.svc.cluster.local."), RecordType::A, None));
    let cookie = (0..10_000).map(|i| query(&known(i), RecordType::A, Some(i as u64)));
    let headless = vec![query("hundred.production.svc.cluster.local.", RecordType::A, Some(1))];
    println!("{:<44} {:>12} {:>16}", "questions", "per second", "per core second");
    run("one name, ready", &zone, one, seconds);
    run("10,000 names, more than are kept ready", &zone, many, seconds);
    run("10,000 names, EDNS cookie, never ready", &zone, cookie.collect(), seconds);
    run("10,000 names that do not exist", &zone, absent.collect(), seconds);
    run("headless with 60 endpoints, never ready", &zone, headless, seconds);
}

fn cluster(services: usize) -> Cluster {
    let hundred = (0..60).map(|i| endpoint(&[&format!("10.244.3.{i}")], &[80])).collect();
    let mut cluster = everything().service(service(
        "production",
        "hundred",
        ServiceKind::Headless,
        &["http/TCP:80"],
        hundred,
    ));
    for i in 0..services {
        let mut next = service("production", &format!("svc-{i}"), vip(&[]), &["http/TCP:80"], vec![]);
        next.kind = ServiceKind::Virtual(addrs(&[&format!("10.100.{}.{}", i / 250, i % 250)]));
        cluster = cluster.service(next);
    }
    cluster
}

fn query(name: &str, rtype: RecordType, cookie: Option<u64>) -> Vec<u8> {
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_ascii(name).expect("a name of this file"), rtype));
    if let Some(cookie) = cookie {
        let mut edns = Edns::new();
        edns.set_max_payload(1232);
        let option = hickory_proto::rr::rdata::opt::EdnsOption::Unknown(10, cookie.to_be_bytes().to_vec());
        edns.options_mut().insert(option);
        message.edns = Some(edns);
    }
    message.to_vec().expect("a short message")
}

fn run(what: &str, zone: &Zone, queries: Vec<Vec<u8>>, seconds: u64) {
    let udp = UdpSocket::bind("127.0.0.1:0").expect("loopback");
    let tcp = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let address = udp.local_addr().expect("bound");
    let responder = Responder::new(None, None);
    responder.publish(Arc::new(Dns::plain(Arc::new(zone.clone()))), Inside::default());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let before = on_cpu();
        let shutdown = async { _ = stopped.await };
        runtime.block_on(serve(udp, tcp, responder, shutdown)).expect("served");
        on_cpu() - before
    });
    let client = UdpSocket::bind("127.0.0.1:0").expect("loopback");
    client.connect(address).expect("loopback");
    client.set_read_timeout(Some(Duration::from_millis(200))).expect("a timeout");
    let start = Instant::now();
    let mut answered = 0u64;
    let mut buffer = [0; 4096];
    let mut next = queries.iter().cycle();
    let mut send = || _ = client.send(next.next().expect("a cycle"));
    (0..WINDOW).for_each(|_| send());
    while start.elapsed() < Duration::from_secs(seconds) {
        match client.recv(&mut buffer) {
            Ok(_) => {
                answered += 1;
                send();
            }
            // Lost packets leave the window; a silence means that all of it went.
            Err(_) => (0..WINDOW).for_each(|_| send()),
        }
    }
    let elapsed = start.elapsed();
    _ = stop.send(());
    let cpu = server.join().expect("the server ended well");
    println!(
        "{what:<44} {:>12.0} {:>16.0}",
        answered as f64 / elapsed.as_secs_f64(),
        answered as f64 / cpu.as_secs_f64()
    );
}

/// For how long this thread was on a processor.
fn on_cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux with schedstat");
    let nanos = text.split(' ').next().and_then(|n| n.parse().ok()).expect("schedstat begins with a number");
    Duration::from_nanos(nanos)
}
