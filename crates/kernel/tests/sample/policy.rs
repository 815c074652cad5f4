//! Policies by identity: marks from addresses and ports, then a set of allowed rows.
use netloom_kernel::nft::Expr::{CtMark, Dport, Ip4Daddr, Ip4Saddr, L4Proto, Mark};
use netloom_kernel::nft::Field::{InetProto, InetService, Ipv4Addr};
use netloom_kernel::nft::{
    Chain, ChainKind, CtState, Element, Field, HookPoint, Key, Log, Policy, Rule, Set,
};
use netloom_kernel::nft::{Source, Table, Verdict};

use super::{ip, key, mark, net};

const M: Field = Field::Mark;

pub fn add(table: &mut Table) {
    let ports = |proto, from, to| {
        Element::range(Key::new().proto(proto).port(from), Key::new().proto(proto).port(to))
    };
    table.sets.extend([
        Set::map("subi4", &[Ipv4Addr], &[M]).elements([Element::new(key("10.244.0.3")).with(mark(1))]),
        Set::map("pc", &[InetProto, InetService], &[M]).interval().elements([
            ports(6, 0, 79).with(mark(1)),
            ports(6, 80, 80).with(mark(2)),
            ports(6, 81, 65535).with(mark(3)),
            ports(17, 0, 65535).with(mark(4)),
        ]),
        Set::map("rows", &[M, M], &[M]).elements([Element::new(mark(1).mark(2)).with(mark(7))]),
        Set::map("cid4", &[Ipv4Addr], &[M]).interval().elements([
            net("0.0.0.0/8").with(mark(1)),
            net("10.0.0.0/8").with(mark(2)),
            Element::addresses(ip("11.0.0.0"), ip("11.0.0.6")).with(mark(3)),
            Element::new(key("12.0.0.1")).with(mark(4)),
            net("128.0.0.0/1").with(mark(5)),
        ]),
        Set::map("id4", &[Ipv4Addr], &[M]).elements([Element::new(key("10.244.0.3")).with(mark(1))]),
        Set::new("members", &[M, M]).elements([Element::new(mark(7).mark(2))]),
        Set::verdict_map("special", &[Ipv4Addr, M, InetProto, InetService])
            .elements([
                Element::new(key("10.0.0.1").mark(5).proto(6).port(80)).with(Verdict::Jump("ingress".into()))
            ]),
    ]);
    let mut forward = Chain::base(
        "forward",
        ChainKind::Filter,
        HookPoint::Forward,
        0,
        vec![
            Rule::new().ct_state(CtState::ESTABLISHED.or(CtState::RELATED)).accept(),
            Rule::new().ct_state(CtState::INVALID).drop(),
            Rule::new().vmap(&[Ip4Daddr, Mark, L4Proto, Dport], "special"),
            Rule::new().jump("ingress"),
        ],
    );
    if let Some(hook) = &mut forward.hook {
        hook.policy = Policy::Drop;
    }
    let established = || vec![Rule::new().ct_state(CtState::ESTABLISHED).accept()];
    table.chains.extend([
        Chain::base("input", ChainKind::Filter, HookPoint::Input, 0, established()),
        Chain::base("output", ChainKind::Filter, HookPoint::Output, 0, established()),
        forward,
        Chain::regular(
            "ingress",
            vec![
                Rule::new().set_ct_mark(Source::map(&[Ip4Daddr], "subi4")),
                Rule::new().set_mark(Source::map(&[L4Proto, Dport], "pc")),
                Rule::new().set_ct_mark(Source::map(&[CtMark, Mark], "rows")),
                Rule::new().set_mark(Source::map(&[Ip4Saddr], "cid4")),
                Rule::new().set_mark(Source::map(&[Ip4Saddr], "id4")),
                Rule::new().in_set(&[CtMark, Mark], "members").accept(),
                Rule::new().ct_mark(1).accept().comment("the only row"),
                Rule::new().mark(2).goto("deny"),
            ],
        ),
        Chain::regular(
            "deny",
            vec![
                Rule::new().log(Log {
                    prefix: "netloom ingress".into(),
                    group: 100,
                    snaplen: Some(128),
                    queue_threshold: Some(1),
                }),
                Rule::new().counter().drop(),
            ],
        ),
    ]);
}
