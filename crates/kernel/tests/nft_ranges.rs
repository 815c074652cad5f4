//! Sets of ranges, asked with real packets: a packet that the output chain drops makes the sender's call fail.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says so by panicking")]
mod common;

use std::net::{IpAddr, UdpSocket};

use common::{in_namespaces, run};
use netloom_kernel::nft::Expr::{Dport, Ip4Daddr, L4Proto};
use netloom_kernel::nft::Field::{InetProto, InetService, Ipv4Addr, Mark};
use netloom_kernel::nft::{
    Batch, Chain, ChainKind, Element, HookPoint, Key, Netfilter, Rule, Set, Source, Table,
};

const UDP: u8 = 17;

fn is_dropped(socket: &UdpSocket, to: (IpAddr, u16)) -> bool {
    match socket.send_to(b"x", to) {
        Ok(_) => false,
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => true,
        Err(error) => panic!("{to:?}: {error}"),
    }
}

fn ports(from: u16, to: u16) -> Element {
    Element::range(Key::new().port(from), Key::new().port(to))
}

fn classes(from: u16, to: u16, class: u32) -> Element {
    Element::range(Key::new().proto(UDP).port(from), Key::new().proto(UDP).port(to))
        .with(Key::new().mark(class))
}

fn table(rules: Vec<Rule>, sets: Vec<Set>) -> Table {
    let output = Chain::base("output", ChainKind::Filter, HookPoint::Output, 0, rules);
    Table { name: "ranges".into(), sets, chains: vec![output] }
}

/// All orders of four things.
fn orders() -> Vec<[usize; 4]> {
    let mut orders = Vec::new();
    for code in 0..256 {
        let order = [code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6];
        if (0..4).all(|n| order.contains(&n)) {
            orders.push(order);
        }
    }
    orders
}

#[test]
fn port_ranges_hold_at_their_edges_in_any_order() {
    in_namespaces("port_ranges_hold_at_their_edges_in_any_order", || {
        let set = Set::new("ports", &[InetService]).interval();
        let rules = vec![Rule::new().l4proto(UDP).in_set(&[Dport], "ports").drop()];
        Netfilter::open().unwrap().load(&table(rules, vec![set.clone()])).unwrap();
        let ranges = [(1, 79), (80, 90), (443, 443), (60000, 65535)];
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let check = |present: &[usize]| {
            for port in [1, 2, 78, 79, 80, 81, 89, 90, 91, 442, 443, 444, 59999, 60000, 65534, 65535] {
                let expected = present.iter().any(|n| (ranges[*n].0..=ranges[*n].1).contains(&port));
                assert_eq!(
                    is_dropped(&socket, ([127, 0, 0, 1].into(), port)),
                    expected,
                    "{port} with {present:?}"
                );
            }
        };
        let orders = orders();
        assert_eq!(orders.len(), 24);
        let mut netfilter = Netfilter::open().unwrap();
        let mut change = |add: bool, index: usize| {
            let mut batch = Batch::new("ranges");
            let element = [ports(ranges[index].0, ranges[index].1)];
            if add {
                batch.add_elements(&set, element)
            } else {
                batch.delete_elements(&set, element)
            };
            netfilter.commit(batch).unwrap_or_else(|error| panic!("{add} {index}: {error}"));
        };
        for order in orders {
            for count in 1..=4 {
                change(true, order[count - 1]);
                check(&order[..count]);
            }
            for first in 1..=4 {
                change(false, order[first - 1]);
                check(&order[first..]);
            }
        }
    });
}

#[test]
fn address_ranges_reach_the_highest_address() {
    in_namespaces("address_ranges_reach_the_highest_address", || {
        run("ip", &["route", "add", "default", "dev", "lo"], "");
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let elements = [
            Element::net("1.0.0.0/8".parse().unwrap()),
            Element::net("2.0.0.0/7".parse().unwrap()),
            Element::addresses(ip("10.0.0.5"), ip("10.0.0.5")),
            Element::addresses(ip("200.0.0.1"), ip("255.255.255.255")),
        ];
        let map = Set::map("cid", &[Ipv4Addr], &[Mark]).interval().elements(
            elements.into_iter().zip(1..).map(|(element, class)| element.with(Key::new().mark(class))),
        );
        let drop = |class| Rule::new().mark(class).drop();
        let classify = Rule::new().set_mark(Source::map(&[Ip4Daddr], "cid"));
        let rules = vec![Rule::new().set_mark(0), classify, drop(1), drop(3), drop(4)];
        Netfilter::open().unwrap().load(&table(rules, vec![map])).unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let expected = [
            ("1.0.0.0", true),
            ("1.255.255.255", true),
            ("2.0.0.0", false),
            ("3.255.255.255", false),
            ("4.0.0.0", false),
            ("10.0.0.4", false),
            ("10.0.0.5", true),
            ("10.0.0.6", false),
            ("200.0.0.0", false),
            ("200.0.0.1", true),
            ("223.255.255.255", true),
            ("254.255.255.255", true),
        ];
        for (address, dropped) in expected {
            assert_eq!(is_dropped(&socket, (ip(address), 9)), dropped, "{address}");
        }
    });
}

#[test]
fn concatenated_ranges_are_found_and_deleted() {
    in_namespaces("concatenated_ranges_are_found_and_deleted", || {
        let map = Set::map("pc", &[InetProto, InetService], &[Mark]).interval();
        let rules = vec![
            Rule::new().set_mark(0),
            Rule::new().set_mark(Source::map(&[L4Proto, Dport], "pc")),
            Rule::new().mark(7).drop(),
        ];
        let ranges = [(0, 79, 7), (80, 80, 1), (81, 99, 7), (60000, 65535, 7)];
        let all = map.clone().elements(ranges.map(|(from, to, class)| classes(from, to, class)));
        let mut netfilter = Netfilter::open().unwrap();
        netfilter.load(&table(rules, vec![all])).unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let check = |present: &[(u16, u16, u32)]| {
            for port in [1, 79, 80, 81, 82, 98, 99, 100, 59999, 60000, 65535] {
                let expected =
                    present.iter().any(|(from, to, class)| (*from..=*to).contains(&port) && *class == 7);
                assert_eq!(
                    is_dropped(&socket, ([127, 0, 0, 1].into(), port)),
                    expected,
                    "{port} with {present:?}"
                );
            }
        };
        check(&ranges);
        let mut batch = Batch::new("ranges");
        batch
            .delete_elements(&map, [classes(81, 99, 7)])
            .add_elements(&map, [classes(81, 81, 7), classes(82, 99, 2)]);
        netfilter.commit(batch).unwrap();
        check(&[(0, 79, 7), (81, 81, 7), (82, 99, 2), (60000, 65535, 7)]);
        let mut batch = Batch::new("ranges");
        batch.delete_elements(&map, [classes(60000, 65535, 7)]);
        netfilter.commit(batch).unwrap();
        check(&[(0, 79, 7), (81, 81, 7)]);

        let mut batch = Batch::new("ranges");
        batch.add_elements(&map, [classes(70, 90, 9)]);
        let error = netfilter.commit(batch).unwrap_err().to_string();
        assert!(
            error.contains("elements of set pc in table ranges") && error.contains("udp . 70"),
            "{error}"
        );
        check(&[(0, 79, 7), (81, 81, 7)]);
    });
}
