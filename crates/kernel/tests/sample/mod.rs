//! One table with every shape that netloom writes: Services, translation, policy, and the odd ones.
#![allow(dead_code, reason = "each test file uses its own part")]
pub mod policy;
pub mod services;

use netloom_kernel::nft::{
    Chain, CmpOp, CtState, CtStatus, Element, Expr, Field, Key, Set, Statement, Table,
};
use netloom_kernel::nft::{
    ChainKind, HookPoint, IpVersion, Limit, NatFlags, Policy, Reject, Rule, Source, TimeUnit,
};

pub fn ip(text: &str) -> std::net::IpAddr {
    text.parse().unwrap()
}

pub fn key(text: &str) -> Key {
    Key::new().ip(ip(text))
}

pub fn mark(mark: u32) -> Key {
    Key::new().mark(mark)
}

pub fn net(text: &str) -> Element {
    Element::net(text.parse().unwrap())
}

pub fn table() -> Table {
    let mut table = Table::new("netloom");
    services::add(&mut table);
    policy::add(&mut table);
    odd(&mut table);
    table
}

/// Shapes that no design needs yet but that are offered.
fn odd(table: &mut Table) {
    table.sets.extend([
        Set::new("ifs", &[Field::IfName, Field::Ipv4Addr])
            .elements([Element::new(Key::new().ifname("eth0").ip(ip("10.0.0.1")))]),
        Set::new("links", &[Field::IfIndex]).elements([Element::new(Key::new().ifindex(1))]),
        Set::new("ports", &[Field::InetService]).interval().elements([
            Element::range(Key::new().port(0), Key::new().port(79)),
            Element::range(Key::new().port(80), Key::new().port(90)),
            Element::new(Key::new().port(443)),
            Element::range(Key::new().port(60000), Key::new().port(65535)),
        ]),
        Set::new("seen", &[Field::Ipv6Addr]).dynamic(1000, None),
        Set::new("pairs", &[Field::Mark, Field::Ipv6Addr])
            .elements([Element::new(mark(1).ip(ip("fd00::1")))]),
    ]);
    let any = CtState::NEW.or(CtState::UNTRACKED);
    let second = Limit { rate: 5, per: TimeUnit::Second, burst: 7, over: false };
    let rules = vec![
        Rule::new().in_set(&[Expr::Iifname, Expr::Ip4Saddr], "ifs").accept(),
        Rule::new().in_set(&[Expr::Iif], "links").ret(),
        Rule::new().ne(Expr::Oif, Key::new().ifindex(1)).eq(Expr::Iif, Key::new().ifindex(1)).accept(),
        Rule::new().oifname("eth0").in_set(&[Expr::Dport], "ports").accept(),
        Rule::new().l4proto(6).dports(80, 90).accept(),
        Rule::new().l4proto(17).eq(Expr::Sport, Key::new().port(53)).accept(),
        Rule::new().l4proto(6).reject(Reject::TcpReset),
        Rule::new().l4proto(47).reject(Reject::AdminProhibited),
        Rule::new().reject(Reject::NoRoute),
        Rule::new().reject(Reject::HostUnreachable),
        Rule::new().eq(Expr::Icmpv6Type, Key::new().proto(135)).accept(),
        Rule::new().eq(Expr::IcmpType, Key::new().proto(8)).accept(),
        Rule::new().push(Statement::CtState(any, CmpOp::Ne)).drop(),
        Rule::new().push(Statement::CtStatus(CtStatus::SNAT.or(CtStatus::DNAT), CmpOp::Ne)).drop(),
        Rule::new().push(Statement::CtDirection { reply: true }).accept(),
        Rule::new().push(Statement::LocalDestination(CmpOp::Ne)).accept(),
        Rule::new().limit(second).accept(),
        Rule::new().limit(Limit { per: TimeUnit::Minute, over: true, ..second }).drop(),
        Rule::new().limit(Limit { per: TimeUnit::Hour, ..second }).counter(),
        Rule::new().in_net(Expr::Ip4Saddr, "10.0.0.0/8".parse().unwrap()).accept(),
        Rule::new().not_in_net(Expr::Ip4Daddr, "10.128.0.0/9".parse().unwrap()).accept(),
        Rule::new().in_net(Expr::Ip6Saddr, "fd00::/61".parse().unwrap()).accept(),
        Rule::new().in_net(Expr::Ip6Daddr, "fd00::1/128".parse().unwrap()).accept(),
        Rule::new().set_mark(Source::Bits { expr: Expr::Mark, and: 0xff, or: 0x100 }),
        Rule::new().set_ct_mark(Source::Bits { expr: Expr::CtMark, and: 0xffff_fe00, or: 0x8000_0000 }),
        Rule::new().set_ct_mark(Expr::Mark),
        Rule::new().set_mark(Expr::CtMarkAnd(0xff00)),
        Rule::new().set_mark(Source::Random { modulus: 7, offset: 3 }),
        Rule::new().mark_bits(0x800, 0).eq(Expr::CtMarkAnd(3), mark(1)).ne(Expr::CtMark, mark(9)).accept(),
        Rule::new().in_set(&[Expr::MarkAnd(0xff), Expr::Ip6Saddr], "pairs").accept(),
        Rule::new().eq(Expr::CtOriginalIp4Saddr, key("10.0.0.1")).accept(),
        Rule::new().eq(Expr::CtOriginalIp6Daddr, key("fd00::1")).accept(),
        Rule::new().l4proto(17).eq(Expr::CtOriginalSport, Key::new().port(53)).accept(),
        Rule::new().update("seen", &[Expr::Ip6Saddr], None, None),
        Rule::new().comment("it's a \u{00fc}ser's comment").counter(),
    ];
    table.chains.push(Chain::regular("odd", rules));
    let nat = vec![
        Rule::new().version(IpVersion::V6).snat(ip("fd00::9"), NatFlags::NONE),
        Rule::new().snat(ip("172.18.0.2"), NatFlags { random: true, fully_random: false, persistent: true }),
        Rule::new().masquerade(NatFlags { random: true, fully_random: true, persistent: true }),
    ];
    table.chains.push(Chain::base("odd_post", ChainKind::Nat, HookPoint::Postrouting, 300, nat));
    let mut last = Chain::base("odd_route", ChainKind::Route, HookPoint::Output, -1, vec![]);
    last.hook.as_mut().unwrap().policy = Policy::Drop;
    table.chains.push(last);
}
