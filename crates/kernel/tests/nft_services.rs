//! Services as netloom writes them, with real connections; and what the connection table and NFLOG say of them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says so by panicking")]
mod common;
mod sample;

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};

use common::{in_namespaces, run};
use netloom_kernel::conntrack::{Conntrack, Tuple};
use netloom_kernel::nflog::{Nflog, Packet, Transport};
use netloom_kernel::nft::{Batch, Chain, ChainKind, Element, HookPoint, Key, Log, Netfilter, Rule, Table};
use sample::{ip, key, mark};

const TCP: u8 = 6;

/// A server that answers each connection with its own name.
fn serve(address: &str, name: &'static str) -> SocketAddr {
    let listener = TcpListener::bind((ip(address), 0)).unwrap();
    let at = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            stream.unwrap().write_all(name.as_bytes()).unwrap();
        }
    });
    at
}

fn ask(to: &str) -> std::io::Result<String> {
    let mut answer = String::new();
    TcpStream::connect(to.parse::<SocketAddr>().unwrap())?.read_to_string(&mut answer)?;
    Ok(answer)
}

fn endpoint(view: u32, slot: u32, to: SocketAddr) -> Element {
    Element::new(mark(view).mark(slot)).with(Key::new().ip(to.ip()).port(to.port()))
}

#[test]
fn services_lead_to_their_endpoints() {
    in_namespaces("services_lead_to_their_endpoints", || {
        // Not merely a route out of the loopback: there the kernel sends no ICMP for what is rejected.
        run("ip", &["route", "add", "local", "10.96.0.0/16", "dev", "lo", "src", "127.0.0.1"], "");
        run("ip", &["-6", "addr", "add", "fd00::1/128", "dev", "lo", "nodad"], "");
        run("ip", &["-6", "route", "add", "local", "fd00:96::/64", "dev", "lo", "src", "fd00::1"], "");
        let mut table = Table::new("netloom");
        sample::services::add(&mut table);
        // The sample also tries every form of translation there is; here only the Service's own may act.
        table.chains.retain(|chain| &*chain.name != "nat_post");
        for chain in table.chains.iter_mut().filter(|chain| &*chain.name == "go") {
            chain.rules.truncate(6);
        }
        let mut netfilter = Netfilter::open().unwrap();
        netfilter.load(&table).unwrap();

        let names = ["a", "b", "c"];
        let v4 = names.map(|name| serve("127.0.0.1", name));
        let v6 = names.map(|name| serve("fd00::1", name));
        let (eps4, eps6) = (table.set("eps4").unwrap(), table.set("eps6").unwrap());
        let slots =
            |at: [SocketAddr; 3], view| (0..3).zip(at).map(move |(slot, to)| endpoint(view, slot, to));
        let mut batch = Batch::new("netloom");
        batch
            .delete_elements(eps4, eps4.elements.clone())
            .delete_elements(eps6, eps6.elements.clone())
            .add_elements(eps4, slots(v4, 0x403))
            .add_elements(eps6, slots(v6, 0x403))
            .add_elements(
                table.set("svc4").unwrap(),
                [
                    Element::new(key("10.96.0.11").proto(TCP).port(80)).with(mark(1)),
                    Element::new(key("10.96.0.12").proto(TCP).port(80)).with(mark(0x1004)),
                ],
            )
            .add_elements(eps4, (0..251).map(|slot| endpoint(0x1004, slot, v4[slot as usize % 3])));
        netfilter.commit(batch).unwrap();

        for to in ["10.96.0.10:80", "[fd00:96::10]:80"] {
            let mut seen: Vec<String> = (0..60).map(|_| ask(to).unwrap()).collect();
            seen.sort();
            seen.dedup();
            assert_eq!(seen, names, "{to} spreads over its endpoints");
        }
        let refused = ask("10.96.0.11:80").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused, "no endpoints: refused, {refused}");
        let first = ask("10.96.0.12:80").unwrap();
        assert!((0..20).all(|_| ask("10.96.0.12:80").unwrap() == first), "affinity keeps the endpoint");

        forget_connections(v6[0].ip());
    });
}

fn forget_connections(v6: IpAddr) {
    let mut conntrack = Conntrack::open().unwrap();
    let entries = conntrack.dump().unwrap();
    let of_service =
        |entry: &netloom_kernel::conntrack::Entry| entry.original.destination == ip("10.96.0.10");
    let service: Vec<_> = entries.iter().filter(|entry| of_service(entry)).collect();
    assert_eq!(service.len(), 60);
    for entry in service {
        assert!(entry.is_dnat() && !entry.is_snat(), "{entry:?}");
        assert_eq!((entry.original.protocol, entry.original.destination_port), (TCP, 80));
        assert_eq!(entry.reply.source, ip("127.0.0.1"));
        assert!(entry.mark < 3, "the slot is the mark: {entry:?}");
    }
    assert!(entries.iter().any(|entry| entry.is_dnat() && entry.reply.source == v6));
    let one = entries.iter().find(|entry| of_service(entry)).unwrap();
    assert!(conntrack.delete(&one.original).unwrap());
    assert!(!conntrack.delete(&one.original).unwrap(), "it is gone already");
    assert_eq!(conntrack.delete_matching(of_service).unwrap(), 59);
    assert!(!conntrack.dump().unwrap().iter().any(of_service));
    let nothing = Tuple::new((ip("fd00::7"), 1), (ip("fd00::8"), 2), 17);
    assert!(!conntrack.delete(&nothing).unwrap());
}

#[test]
fn denials_are_reported_and_losses_counted() {
    in_namespaces("denials_are_reported_and_losses_counted", || {
        let log = Log { prefix: "netloom deny".into(), group: 100, snaplen: None, queue_threshold: Some(1) };
        let rules = vec![Rule::new().l4proto(17).dport(9).set_mark(5).log(log).drop()];
        let output = Chain::base("output", ChainKind::Filter, HookPoint::Output, 0, rules);
        let table = Table { chains: vec![output], ..Table::new("netloom") };
        let mut log = Nflog::bind(100).unwrap();
        let error = Nflog::bind(100).unwrap_err().to_string();
        assert!(error.contains("another process reads this group"), "{error}");
        Netfilter::open().unwrap().load(&table).unwrap();

        let mut events = Vec::new();
        let mut expect = |from: &str, to: &str| {
            let socket = UdpSocket::bind((ip(from), 0)).unwrap();
            let refused = socket.send_to(b"hello", (ip(to), 9)).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
            events.clear();
            let read = log.read_events(&mut events).unwrap();
            assert!(read.drained && read.lost == 0 && events.len() == 1, "{read:?} {events:?}");
            assert_eq!((&*events[0].prefix, events[0].mark, events[0].output), ("netloom deny", 5, Some(1)));
            let len = if from.contains(':') { 53 } else { 33 };
            let transport = Transport::Ports { source: socket.local_addr().unwrap().port(), destination: 9 };
            let (source, destination) = (ip(from), ip(to));
            assert_eq!(events[0].packet, Some(Packet { source, destination, protocol: 17, transport, len }));
        };
        expect("127.0.0.1", "127.0.0.2");
        expect("::1", "::1");

        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let send = || assert!(socket.send_to(b"x", ("127.0.0.1", 9)).is_err());
        let flood = 40_000;
        (0..flood).for_each(|_| send());
        let mut drain = || {
            let (mut events, mut lost) = (Vec::new(), 0);
            loop {
                let read = log.read_events(&mut events).unwrap();
                lost += read.lost;
                if read.drained {
                    return (events.len() as u64, lost);
                }
            }
        };
        let (seen, lost) = drain();
        assert!(seen < flood, "the flood did not overflow the queue, so this shows nothing");
        send();
        let (one, more) = drain();
        assert_eq!((seen + lost + more, one), (flood, 1));
    });
}
