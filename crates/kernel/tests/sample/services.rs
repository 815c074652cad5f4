//! Services: raw, classification, translation, masquerade.
use std::time::Duration;

use netloom_kernel::nft::Expr::{
    self, CtMark, Dport, Ip4Daddr, Ip4Saddr, Ip6Daddr, Ip6Saddr, L4Proto, Mark, MarkAnd,
};
use netloom_kernel::nft::Field::{InetProto, InetService, Ipv4Addr, Ipv6Addr};
use netloom_kernel::nft::{Chain, ChainKind, CtState, CtStatus, Element, Field, HookPoint, IpVersion, Key};
use netloom_kernel::nft::{NatFlags, Reject, Rule, Set, Source, Table, Verdict};

use super::{ip, key, mark, net};

const M: Field = Field::Mark;
const TCP: u8 = 6;

fn three(addr: &str, port: u16) -> Key {
    key(addr).proto(TCP).port(port)
}

pub fn add(table: &mut Table) {
    table.sets.extend(sets());
    table.chains.extend(chains());
}

fn sets() -> Vec<Set> {
    let hours = Some(Duration::from_secs(3 * 3600));
    vec![
        Set::map("svc4", &[Ipv4Addr, InetProto, InetService], &[M]).elements([Element::new(three(
            "10.96.0.10",
            80,
        ))
        .with(mark(0x403))]),
        Set::map("svc6", &[Ipv6Addr, InetProto, InetService], &[M]).elements([Element::new(three(
            "fd00:96::10",
            80,
        ))
        .with(mark(0x403))]),
        Set::map("np4", &[InetProto, InetService], &[M])
            .elements([Element::new(Key::new().proto(17).port(30080)).with(mark(0x403))]),
        Set::map("eps4", &[M, M], &[Ipv4Addr, InetService])
            .elements([Element::new(mark(0x403).mark(2)).with(key("10.244.0.3").port(8080))]),
        Set::map("eps6", &[M, M], &[Ipv6Addr, InetService])
            .elements([Element::new(mark(0x403).mark(2)).with(key("fd00:244::3").port(8080))]),
        Set::map("aff4", &[Ipv4Addr, M], &[M]).dynamic(262_144, hours),
        Set::new("hair4", &[Ipv4Addr, Ipv4Addr])
            .elements([Element::new(key("10.244.0.3").ip(ip("10.244.0.3")))]),
        Set::new("l4", &[InetProto])
            .constant()
            .elements([6, 17, 132].map(|p| Element::new(Key::new().proto(p)))),
        Set::new("lbres4", &[Ipv4Addr, InetProto, InetService])
            .elements([Element::new(three("192.0.2.1", 443))]),
        Set::new("lbok4", &[Ipv4Addr, InetProto, InetService, Ipv4Addr]).interval().elements([
            Element::range(
                three("192.0.2.1", 443).ip(ip("10.0.0.0")),
                three("192.0.2.1", 443).ip(ip("10.255.255.255")),
            ),
            Element::range(
                three("192.0.2.1", 443).ip(ip("192.168.1.7")),
                three("192.0.2.1", 443).ip(ip("255.255.255.255")),
            ),
            Element::new(three("192.0.2.1", 444).ip(ip("192.168.1.7"))),
        ]),
        Set::new("cluster4", &[Ipv4Addr]).interval().elements([net("10.244.0.0/16"), net("172.18.0.2/32")]),
        Set::map("alt", &[M], &[M]).elements([Element::new(mark(0xc03)).with(mark(0x1403))]),
        Set::verdict_map("cls", &[M]).elements([
            Element::new(mark(3)).with(Verdict::Goto("lb3".into())),
            Element::new(mark(4)).with(Verdict::Jump("af".into())),
            Element::new(mark(5)).with(Verdict::Accept),
            Element::new(mark(6)).with(Verdict::Drop),
            Element::new(mark(7)).with(Verdict::Return),
            Element::new(mark(8)).with(Verdict::Continue),
        ]),
        Set::new("masq4", &[Ipv4Addr, InetProto, InetService])
            .elements([Element::new(three("10.96.0.10", 80))]),
        Set::new("local4", &[Ipv4Addr]).elements([Element::new(key("10.244.0.3"))]),
        Set::new("pods4", &[Ipv4Addr]).interval().elements([net("10.244.0.0/16")]),
    ]
}

fn chains() -> Vec<Chain> {
    use ChainKind::{Filter, Nat};
    use HookPoint::{Output, Postrouting, Prerouting};
    let vxlan = || Rule::new().l4proto(17).dport(4789);
    let fresh = || vec![Rule::new().ct_state(CtState::NEW).jump("svc")];
    let class = || vec![Rule::new().vmap(&[MarkAnd(0x3ff)], "cls")];
    vec![
        Chain::base(
            "raw_pre",
            Filter,
            Prerouting,
            -300,
            vec![Rule::new().iifname("eth0").l4proto(17).dport(4789).notrack()],
        ),
        Chain::base("raw_out", Filter, Output, -300, vec![vxlan().set_mark(0).notrack()]),
        Chain::base("pre", Filter, Prerouting, -110, fresh()),
        Chain::base("out", Filter, Output, -110, fresh()),
        Chain::base("nat_pre", Nat, Prerouting, -100, class()),
        Chain::base("nat_out", Nat, Output, -100, class()),
        Chain::base("nat_post", Nat, Postrouting, 100, masquerade()),
        Chain::regular("svc", classify()),
        Chain::regular("noep", vec![Rule::new().reject(Reject::PortUnreachable)]),
        Chain::regular("lb3", vec![Rule::new().set_ct_mark(Source::random(3)).goto("go")]),
        Chain::regular("af", affinity()),
        Chain::regular("go", translate()),
    ]
}

fn classify() -> Vec<Rule> {
    vec![
        Rule::new().set_mark(Source::map(&[Ip4Daddr, L4Proto, Dport], "svc4")),
        Rule::new().set_mark(Source::map(&[Ip6Daddr, L4Proto, Dport], "svc6")),
        Rule::new().local_destination().set_mark(Source::map(&[L4Proto, Dport], "np4")),
        Rule::new().mark_bits(0x3ff, 1).goto("noep"),
        Rule::new()
            .in_set(&[Ip4Daddr, L4Proto, Dport], "lbres4")
            .not_in_set(&[Ip4Daddr, L4Proto, Dport, Ip4Saddr], "lbok4")
            .drop(),
        Rule::new()
            .mark_bits_ne(0x800, 0)
            .in_set(&[Ip4Saddr], "cluster4")
            .set_mark(Source::map(&[Mark], "alt")),
    ]
}

fn affinity() -> Vec<Rule> {
    vec![
        Rule::new().set_ct_mark(Source::random(251)),
        Rule::new().set_ct_mark(Source::map(&[Ip4Saddr, Mark], "aff4")),
        Rule::new().update("aff4", &[Ip4Saddr, Mark], CtMark, Some(Duration::from_secs(3 * 3600))),
        Rule::new().goto("go"),
    ]
}

fn translate() -> Vec<Rule> {
    let mut rules = Vec::new();
    for (version, map) in [(IpVersion::V4, "eps4"), (IpVersion::V6, "eps6")] {
        for proto in [6, 17, 132] {
            rules.push(Rule::new().version(version).l4proto(proto).dnat_map(version, &[Mark, CtMark], map));
        }
    }
    rules.push(Rule::new().l4proto(6).dnat(ip("10.0.0.1"), Some(80)));
    rules.push(Rule::new().l4proto(6).dnat(ip("fd00::1"), Some(80)));
    rules.push(Rule::new().in_set(&[L4Proto], "l4").dnat(ip("10.0.0.2"), None));
    rules
}

fn masquerade() -> Vec<Rule> {
    let node = ip("172.18.0.2");
    let original = [Expr::CtOriginalIp4Daddr, L4Proto, Expr::CtOriginalDport];
    let mut rules = vec![
        Rule::new().in_set(&[Ip4Saddr, Ip4Daddr], "hair4").snat(node, NatFlags::NONE),
        Rule::new().in_set(&[Ip4Saddr, Ip4Daddr], "hair4").masquerade(NatFlags::NONE),
        Rule::new().in_set(&[Ip4Saddr], "local4").not_in_set(&[Ip4Daddr], "pods4").snat(node, NatFlags::NONE),
        Rule::new().ct_status(CtStatus::DNAT).in_set(&[Ip6Saddr], "seen").masquerade(NatFlags::FULLY_RANDOM),
    ];
    for proto in [6, 17, 132] {
        rules.push(
            Rule::new()
                .ct_status(CtStatus::DNAT)
                .l4proto(proto)
                .in_set(&original, "masq4")
                .snat(node, NatFlags::FULLY_RANDOM),
        );
    }
    rules
}
