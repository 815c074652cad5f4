//! Random clusters: the classes say what the obvious reading of the policies says, pair by pair and port by port.
use std::{collections::BTreeMap, net::IpAddr};

use netloom_cluster::{Pod, Protocol, Snapshot};
use netloom_oracle::{PORTS, Side, Who, obvious, snapshot, without_addresses};
use netloom_reach::{End, Party, PortSetId, Reach, Scope};
use proptest::prelude::*;

const PROTOCOLS: [Protocol; 4] = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp, Protocol::Other(1)];

fn ports() -> impl Iterator<Item = u16> {
    PORTS.into_iter().chain([79, 9999, 65535])
}

/// One end, for the engine and for the oracle: each address by which it may be seen, or none.
struct Both<'s> {
    party: Party,
    pod: Option<&'s Pod>,
    seen: Vec<Who<'s>>,
}

fn ends(s: &Snapshot) -> Vec<Both<'_>> {
    let outside =
        ["203.0.113.10", "203.0.113.200", "8.8.8.8", "2001:db8::1", "10.244.0.99", "172.18.0.9", "fc00::9"];
    let pods = s.pods.iter().map(|pod| {
        let ips: Vec<IpAddr> = pod.ips.iter().collect();
        let node = s.node(pod.node);
        let seen: Vec<Who<'_>> = match (ips.is_empty(), pod.host_network) {
            (true, false) => vec![Who::Pod(pod, None)],
            (true, true) => vec![Who::Node(node, None)],
            (false, false) => ips.into_iter().map(|ip| Who::Pod(pod, Some(ip))).collect(),
            (false, true) => ips.into_iter().map(|ip| Who::Node(node, Some(ip))).collect(),
        };
        Both { party: Party::Pod(pod.id), pod: Some(pod), seen }
    });
    let nodes = s.nodes.iter().map(|node| {
        let ips: Vec<IpAddr> = node.ips.iter().collect();
        let seen = match ips.is_empty() {
            true => vec![Who::Node(node, None)],
            false => ips.into_iter().map(|ip| Who::Node(node, Some(ip))).collect(),
        };
        Both { party: Party::Node(node.id), pod: None, seen }
    });
    let outside = outside.into_iter().map(|ip| {
        let ip: IpAddr = ip.parse().unwrap();
        Both { party: Party::Address(ip), pod: None, seen: vec![Who::Outside(ip)] }
    });
    pods.chain(nodes).chain(outside).collect()
}

fn family(who: &Who<'_>) -> Option<bool> {
    match who {
        Who::Pod(_, ip) | Who::Node(_, ip) => ip.map(|ip| ip.is_ipv4()),
        Who::Outside(ip) => Some(ip.is_ipv4()),
    }
}

/// Both sides allow, in some family that both have.
fn expected(s: &Snapshot, from: &Both<'_>, to: &Both<'_>, protocol: Protocol, port: u16) -> bool {
    let pairs = from.seen.iter().flat_map(|a| to.seen.iter().map(move |b| (a, b)));
    pairs.into_iter().any(|(a, b)| {
        let fits = family(a).is_none() || family(b).is_none() || family(a) == family(b);
        fits && from.pod.is_none_or(|pod| obvious(s, Side::Source, pod, *b, protocol, port))
            && to.pod.is_none_or(|pod| obvious(s, Side::Target, pod, *a, protocol, port))
    })
}

/// Where no policy is asked: a pod itself, and a node whose addresses are known with the pods on it.
fn is_exempt(s: &Snapshot, from: &Both<'_>, to: &Both<'_>) -> bool {
    let node = match (from.party, from.pod) {
        (Party::Node(node), _) => Some(node),
        (_, Some(pod)) if pod.host_network => Some(pod.node),
        _ => None,
    };
    let own = |pod: &Pod| node.is_some_and(|node| node == pod.node && !s.node(node).ips.is_empty());
    from.party == to.party || to.pod.is_some_and(own)
}

fn agree(s: &Snapshot) -> Result<(), TestCaseError> {
    let reach = Reach::new(s, &Scope { ipv6: Some(true), ..Scope::default() });
    let ends = ends(s);
    for from in &ends {
        for to in &ends {
            let is_outside = |end: &Both<'_>| matches!(end.party, Party::Address(_));
            if is_outside(from) && is_outside(to) {
                continue;
            }
            let allowed = reach.allowed(from.party, to.party);
            let by_classes = reach.ports(reach.between(reach.class_of(from.party), reach.class_of(to.party)));
            let why = reach.why(from.party, to.party);
            for protocol in PROTOCOLS {
                for port in ports() {
                    let what = (from.party, to.party, protocol, port);
                    let policies = expected(s, from, to, protocol, port);
                    prop_assert_eq!(by_classes.contains(protocol, port), policies, "classes {:?}", what);
                    let exempt = is_exempt(s, from, to);
                    prop_assert_eq!(
                        allowed.contains(protocol, port),
                        exempt || policies,
                        "allowed {:?}",
                        what
                    );
                    let about: Vec<_> = why.iter().filter(|w| w.ports.contains(protocol, port)).collect();
                    let says = about.iter().any(|w| w.allowed());
                    prop_assert_eq!(says, exempt || policies, "why {:?} {:?}", what, about);
                }
            }
        }
    }
    rows_say_the_same(&reach)
}

/// The table and the table by class are what single questions are answered by.
fn rows_say_the_same(reach: &Reach) -> Result<(), TestCaseError> {
    let mut rows: BTreeMap<(String, String), PortSetId> = BTreeMap::new();
    let mut order = Vec::new();
    reach.rows(|row| {
        order.push((row.from.name().to_owned(), row.to.name().to_owned()));
        if let (End::Endpoint(from), End::Endpoint(to)) = (row.from, row.to) {
            rows.insert((from.name.to_string(), to.name.to_string()), row.open);
        }
        for (end, other) in [(row.from, row.to), (row.to, row.from)] {
            let (End::External(range, _), End::Endpoint(endpoint)) = (end, other) else { continue };
            let class = endpoint.class;
            for outside in reach.outside().iter().filter(|o| range.and(&o.range).is_some()) {
                let open = match row.from {
                    End::External(..) => reach.between(outside.class, class),
                    _ => reach.between(class, outside.class),
                };
                assert_eq!(open, row.open, "{} {}", row.from.name(), row.to.name());
            }
        }
    });
    let mut sorted = order.clone();
    sorted.sort();
    sorted.dedup();
    prop_assert_eq!(&order, &sorted);
    let mut pairs = BTreeMap::new();
    for from in reach.endpoints() {
        for to in reach.endpoints().iter().filter(|to| to.name != from.name) {
            let open = reach.between(from.class, to.class);
            if open != PortSetId::NONE {
                pairs.insert((from.name.to_string(), to.name.to_string()), open);
            }
        }
    }
    prop_assert_eq!(&rows, &pairs);
    let members = reach.members();
    let mut by_class = BTreeMap::new();
    for row in reach.class_rows(&members) {
        for from in row.from {
            let known = by_class.insert((from, row.to), row.open);
            prop_assert_eq!(known, None);
        }
    }
    for (i, from) in members.iter().enumerate() {
        for (j, to) in members.iter().enumerate() {
            let open = by_class.get(&(i as u32, j as u32)).copied().unwrap_or(PortSetId::NONE);
            let alone = |m: &netloom_reach::Members| m.endpoints.len() == 1;
            let skipped = (i == j && alone(from)) || (from.endpoints.is_empty() && to.endpoints.is_empty());
            let wanted = if skipped { PortSetId::NONE } else { reach.between(from.class, to.class) };
            prop_assert_eq!(open, wanted, "{:?} {:?}", from.names, to.names);
        }
    }
    Ok(())
}

/// `NETLOOM_RANDOM_CASES` sets how many clusters each test tries.
fn cases() -> u32 {
    std::env::var("NETLOOM_RANDOM_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn with_all_addresses_known_classes_agree_with_the_obvious_reading(s in snapshot()) {
        agree(&s)?;
    }

    #[test]
    fn with_no_address_known_classes_agree_with_the_obvious_reading(s in snapshot()) {
        agree(&without_addresses(&s, |_| false))?;
    }

    #[test]
    fn with_some_addresses_known_classes_agree_with_the_obvious_reading(s in snapshot()) {
        agree(&without_addresses(&s, |nth| nth % 2 == 0))?;
    }
}
