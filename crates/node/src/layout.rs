//! The constant part of a node's table: hooks, chains, and the shape of its maps. Everything that varies is elements.
use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use netloom_cluster::Addrs;
use netloom_kernel::nft::{
    Chain, ChainKind, CtState, CtStatus, Element, Expr, Field, HookPoint, IpVersion, Key, Log, NatFlags,
    Reject, Rule, Set, Source, Table,
};
use netloom_policy::{SET_ALL, SET_NONE};

use crate::marks::{CLASS_DROP, CLASS_MASK, CLASS_REJECT, HAS_INSIDE};

/// The name of the table.
pub const TABLE: &str = "netloom";
/// The NFLOG group that denials are sent to.
pub const LOG_GROUP: u16 = 100;
const UNDERLAY: &str = "eth0";
const VXLAN_PORT: u16 = 4789;
const TCP: u8 = 6;
const UDP: u8 = 17;
const SCTP: u8 = 132;
/// Clients with an affinity that are remembered at most.
const AFFINITY_CLIENTS: u32 = 262_144;
/// Kubernetes' default of `timeoutSeconds`; each Service's own stands in its class's chain.
const AFFINITY_TIMEOUT: Duration = Duration::from_secs(10800);

/// Which rule of the table logged a packet before it was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogPrefix {
    /// A policy at the destination.
    Ingress,
    /// A policy at the source.
    Egress,
    /// `loadBalancerSourceRanges`.
    Source,
    /// A traffic policy leaves no endpoint on this node.
    NoLocalEndpoint,
}

impl LogPrefix {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ingress, Self::Egress, Self::Source, Self::NoLocalEndpoint];

    /// The text that the kernel puts before each logged packet.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Ingress => "netloom ingress",
            Self::Egress => "netloom egress",
            Self::Source => "netloom source",
            Self::NoLocalEndpoint => "netloom no-local",
        }
    }

    /// Reads a prefix back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.text() == text.trim_end())
    }
}

/// What differs between the IPv4 and the IPv6 half of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Half {
    pub version: IpVersion,
    pub suffix: &'static str,
    pub address: Field,
    pub saddr: Expr,
    pub daddr: Expr,
    pub original_daddr: Expr,
}

pub(crate) const V4: Half = Half {
    version: IpVersion::V4,
    suffix: "4",
    address: Field::Ipv4Addr,
    saddr: Expr::Ip4Saddr,
    daddr: Expr::Ip4Daddr,
    original_daddr: Expr::CtOriginalIp4Daddr,
};
pub(crate) const V6: Half = Half {
    version: IpVersion::V6,
    suffix: "6",
    address: Field::Ipv6Addr,
    saddr: Expr::Ip6Saddr,
    daddr: Expr::Ip6Daddr,
    original_daddr: Expr::CtOriginalIp6Daddr,
};

impl Half {
    pub const BOTH: [Self; 2] = [V4, V6];

    pub const fn of(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(_) => V4,
            IpAddr::V6(_) => V6,
        }
    }

    /// The name of this half's set.
    pub fn name(&self, base: &str) -> String {
        format!("{base}{}", self.suffix)
    }
}

/// The protocols whose masqueraded frontends have a set each: nft prints a connection's original port only behind a
/// match of one protocol.
pub(crate) const MASQUERADED: [(u8, &str); 3] = [(TCP, "masqtcp"), (UDP, "masqudp"), (SCTP, "masqsctp")];

/// The table of a node without its elements.
pub(crate) fn table(node: Addrs) -> Table {
    let mut table = Table::new(TABLE);
    table.sets = sets();
    table.chains = chains(node);
    table
}

/// The shape of a set of the table.
pub(crate) fn set(name: &str) -> Option<&'static Set> {
    static SETS: OnceLock<BTreeMap<Arc<str>, Set>> = OnceLock::new();
    SETS.get_or_init(|| sets().into_iter().map(|set| (set.name.clone(), set)).collect()).get(name)
}

fn sets() -> Vec<Set> {
    use Field::{InetProto, InetService, Mark};
    let proto = |number, class| Element::new(Key::new().proto(number)).with(Key::new().mark(class));
    let mut sets = vec![
        Set::verdict_map("cls", &[Mark]),
        Set::map("alt", &[Mark], &[Mark]),
        Set::map("protos", &[InetProto], &[Mark]).elements([proto(TCP, 1), proto(UDP, 2), proto(SCTP, 3)]),
        Set::map("pc", &[InetProto, InetService], &[Mark]).interval(),
        Set::map("rows", &[Mark, Mark], &[Mark]),
        Set::new("members", &[Mark, Mark]),
    ];
    for half in Half::BOTH {
        let ip = half.address;
        sets.extend([
            Set::map(half.name("svc"), &[ip, InetProto, InetService], &[Mark]),
            Set::map(half.name("eps"), &[Mark, Mark], &[ip, InetService]),
            // The mark first: nft 1.0.6 aborts when it reads an update whose key begins with an IPv6 address.
            Set::map(half.name("aff"), &[Mark, ip], &[Mark])
                .dynamic(AFFINITY_CLIENTS, Some(AFFINITY_TIMEOUT)),
            Set::new(half.name("vips"), &[ip]),
            Set::new(half.name("lbres"), &[ip, InetProto, InetService]),
            Set::new(half.name("lbok"), &[ip, InetProto, InetService, ip]).interval(),
            Set::new(half.name("inside"), &[ip]).interval(),
            Set::new(half.name("hair"), &[ip, ip]),
            Set::new(half.name("local"), &[ip]),
            Set::new(half.name("pods"), &[ip]).interval(),
            Set::new(half.name("announced"), &[ip]),
            Set::map(half.name("subi"), &[ip], &[Mark]),
            Set::map(half.name("sube"), &[ip], &[Mark]),
            Set::map(half.name("id"), &[ip], &[Mark]),
            Set::map(half.name("cid"), &[ip], &[Mark]).interval(),
        ]);
        sets.extend(MASQUERADED.map(|(_, name)| Set::new(half.name(name), &[ip, InetService])));
    }
    sets
}

fn chains(node: Addrs) -> Vec<Chain> {
    let mut chains = vec![
        raw("raw_pre", HookPoint::Prerouting, Rule::new().iifname(UNDERLAY)),
        raw("raw_out", HookPoint::Output, Rule::new().oifname(UNDERLAY)),
    ];
    chains.extend(service_chains());
    chains.push(Chain::base("nat_post", ChainKind::Nat, HookPoint::Postrouting, 100, source_nat(node)));
    chains.extend(denials());
    for half in Half::BOTH {
        chains.extend(judgement("egress", half, half.daddr));
        chains.extend(judgement("ingress", half, half.saddr));
    }
    chains.push(subjects("egress", "sube", |half| half.saddr));
    chains.push(subjects("ingress", "subi", |half| half.daddr));
    let established = || Rule::new().ct_state(CtState::ESTABLISHED.or(CtState::RELATED)).accept();
    let forward = vec![
        established(),
        Rule::new().ct_state(CtState::INVALID).drop(),
        Rule::new().jump("egress"),
        Rule::new().jump("ingress"),
    ];
    let forward = forward.into_iter().chain(nowhere()).collect();
    chains.push(Chain::base("forward", ChainKind::Filter, HookPoint::Forward, 0, forward));
    chains.push(Chain::base("output", ChainKind::Filter, HookPoint::Output, 0, nowhere()));
    // A pod that speaks to its own node is judged as a source; the node that speaks to its own pods is not judged.
    let input = vec![established(), Rule::new().jump("egress")];
    chains.push(Chain::base("input", ChainKind::Filter, HookPoint::Input, 0, input));
    chains
}

/// Behind the translation nobody has an announced address: its other ports lead nowhere, and a packet to it would go
/// round between the fabric and the node that announces it.
fn nowhere() -> Vec<Rule> {
    Half::BOTH
        .map(|half| Rule::new().in_set(&[half.daddr], half.name("announced")).reject(Reject::HostUnreachable))
        .to_vec()
}

/// VXLAN's outer packets take no part: they would inherit the inner packet's mark and be translated by it.
fn raw(name: &str, hook: HookPoint, on_underlay: Rule) -> Chain {
    let rule = on_underlay.l4proto(UDP).dport(VXLAN_PORT).set_mark(0).notrack();
    Chain::base(name, ChainKind::Filter, hook, -300, vec![rule])
}

fn service_chains() -> Vec<Chain> {
    let mut svc = Vec::new();
    for half in Half::BOTH {
        svc.push(
            Rule::new().set_mark(Source::map(&[half.daddr, Expr::L4Proto, Expr::Dport], half.name("svc"))),
        );
    }
    for half in Half::BOTH {
        let inside = Rule::new().mark_bits(HAS_INSIDE, HAS_INSIDE).in_set(&[half.saddr], half.name("inside"));
        svc.push(inside.set_mark(Source::map(&[Expr::Mark], "alt")));
    }
    for half in Half::BOTH {
        let frontend = [half.daddr, Expr::L4Proto, Expr::Dport];
        svc.push(Rule::new().in_set(&frontend, half.name("lbres")).jump(half.name("restricted")));
    }
    // Every frontend has a class, so a mark of 0 towards a ClusterIP is a port that its Service does not have.
    for half in Half::BOTH {
        svc.push(
            Rule::new().mark(0).in_set(&[half.daddr], half.name("vips")).reject(Reject::PortUnreachable),
        );
    }
    svc.push(Rule::new().mark_bits(CLASS_MASK, CLASS_REJECT).reject(Reject::PortUnreachable));
    svc.push(Rule::new().mark_bits(CLASS_MASK, CLASS_DROP).goto("nolocal"));
    let to_svc = || vec![Rule::new().ct_state(CtState::NEW).jump("svc")];
    let to_class = || vec![Rule::new().vmap(&[Expr::MarkAnd(CLASS_MASK)], "cls")];
    // A translation of the port has to stand behind a match of one protocol, or nft cannot read it back.
    let dnat = MASQUERADED.iter().flat_map(|(protocol, _)| {
        let rule = |half: Half| {
            Rule::new().l4proto(*protocol).dnat_map(
                half.version,
                &[Expr::Mark, Expr::CtMark],
                half.name("eps"),
            )
        };
        Half::BOTH.map(rule)
    });
    vec![
        Chain::regular("refuse", denial(LogPrefix::Source)),
        Chain::regular("nolocal", denial(LogPrefix::NoLocalEndpoint)),
        restricted(V4),
        restricted(V6),
        Chain::regular("svc", svc),
        Chain::regular("to_backend", dnat.collect()),
        Chain::base("svc_pre", ChainKind::Filter, HookPoint::Prerouting, -110, to_svc()),
        Chain::base("svc_out", ChainKind::Filter, HookPoint::Output, -110, to_svc()),
        Chain::base("nat_pre", ChainKind::Nat, HookPoint::Prerouting, -100, to_class()),
        Chain::base("nat_out", ChainKind::Nat, HookPoint::Output, -100, to_class()),
    ]
}

/// Frontends that only some clients may use.
fn restricted(half: Half) -> Chain {
    let client = [half.daddr, Expr::L4Proto, Expr::Dport, half.saddr];
    let rules = vec![Rule::new().in_set(&client, half.name("lbok")).ret(), Rule::new().goto("refuse")];
    Chain::regular(half.name("restricted"), rules)
}

/// A pod that reaches itself through a Service, clients of external addresses, and pods that leave the cluster get
/// the node's address, so that replies come back this way. An address is named, not `masquerade`: the device that a
/// packet leaves by may have another one.
fn source_nat(node: Addrs) -> Vec<Rule> {
    let mut rules = Vec::new();
    let flags = NatFlags { fully_random: true, ..NatFlags::default() };
    for ip in node.iter() {
        let half = Half::of(ip);
        rules.push(Rule::new().in_set(&[half.saddr, half.daddr], half.name("hair")).snat(ip, flags));
        for (protocol, set) in MASQUERADED {
            let original = [half.original_daddr, Expr::CtOriginalDport];
            let dialled =
                Rule::new().ct_status(CtStatus::DNAT).l4proto(protocol).in_set(&original, half.name(set));
            rules.push(dialled.snat(ip, flags));
        }
        let leaving = Rule::new()
            .in_set(&[half.saddr], half.name("local"))
            .not_in_set(&[half.daddr], half.name("pods"));
        rules.push(leaving.snat(ip, flags));
    }
    rules
}

fn denial(prefix: LogPrefix) -> Vec<Rule> {
    let log =
        Log { prefix: prefix.text().into(), group: LOG_GROUP, snaplen: Some(128), queue_threshold: Some(1) };
    vec![Rule::new().log(log).counter().drop()]
}

fn denials() -> [Chain; 2] {
    [
        Chain::regular("egress_denied", denial(LogPrefix::Egress)),
        Chain::regular("ingress_denied", denial(LogPrefix::Ingress)),
    ]
}

/// Finds the subject that a packet is judged for; a packet of no subject returns.
fn subjects(direction: &str, set: &str, own: impl Fn(Half) -> Expr) -> Chain {
    let rule = |half: Half| {
        Rule::new()
            .set_ct_mark(Source::map(&[own(half)], half.name(set)))
            .goto(half.name(&format!("{direction}_judge")))
    };
    Chain::regular(direction, Half::BOTH.map(rule).to_vec())
}

/// The lookups of [`netloom_policy::Tables`]. The connection's mark holds the subject, later the set; the packet's
/// mark holds the port class, then the set, then the identity of the other side.
fn judgement(direction: &str, half: Half, peer: Expr) -> [Chain; 2] {
    let (judge, of_set) = (half.name(&format!("{direction}_judge")), half.name(&format!("{direction}_set")));
    let denied = format!("{direction}_denied");
    let row = || Source::map(&[Expr::CtMark, Expr::Mark], "rows");
    let judge_rules = vec![
        Rule::new()
            .set_mark(Source::map(&[Expr::L4Proto, Expr::Dport], "pc"))
            .set_mark(row())
            .goto(of_set.clone()),
        Rule::new().set_mark(0),
        Rule::new().set_mark(Source::map(&[Expr::L4Proto], "protos")),
        Rule::new().set_mark(row()).goto(of_set.clone()),
        Rule::new().goto(denied.clone()),
    ];
    let set_rules = vec![
        Rule::new().mark(SET_ALL).ret(),
        Rule::new().mark(SET_NONE).goto(denied.clone()),
        Rule::new().set_ct_mark(Expr::Mark),
        Rule::new().set_mark(0),
        Rule::new().set_mark(Source::map(&[peer], half.name("cid"))),
        Rule::new().set_mark(Source::map(&[peer], half.name("id"))),
        Rule::new().in_set(&[Expr::CtMark, Expr::Mark], "members").ret(),
        Rule::new().goto(denied),
    ];
    [Chain::regular(of_set, set_rules), Chain::regular(judge, judge_rules)]
}
