//! Decides the cluster's ranges: the caller's, else where the objects' own addresses are, else the defaults.
use std::net::IpAddr;

use ipnet::IpNet;

use super::{address, around, cover, family, host_bits, number, of, overlap, set, special::special};
use crate::{
    defaults,
    model::{AddressPlan, Addrs, Family, Nets},
    nodes::blocks::fits,
    options::{Addressing, Options},
};

/// The addresses and ranges that objects name.
#[derive(Debug, Default)]
pub struct Given {
    /// `podCIDRs` of nodes.
    pub pod_nets: Vec<IpNet>,
    /// Pods' addresses.
    pub pods: Vec<IpAddr>,
    /// Nodes' addresses.
    pub nodes: Vec<IpAddr>,
    /// ClusterIPs.
    pub services: Vec<IpAddr>,
}

/// What a range is for, and how far it is widened around the addresses seen, for each family.
struct Purpose {
    what: &'static str,
    default: Nets,
    widen: (u32, u32),
}

/// Ranges shorter than this are no cluster's: addresses that far apart are left outside the plan.
const SHORTEST: (u32, u32) = (8, 24);

const NODES: Purpose = Purpose { what: "nodes", default: defaults::NODE_CIDRS, widen: (24, 64) };
const PODS: Purpose = Purpose { what: "pods", default: defaults::POD_CIDRS, widen: (16, 56) };
const SERVICES: Purpose = Purpose { what: "Services", default: defaults::SERVICE_CIDRS, widen: (16, 112) };

/// The ranges of nodes and pods.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ground {
    /// Of nodes.
    pub nodes: Nets,
    /// Of pods.
    pub pods: Nets,
}

/// The ranges of nodes and pods, and what there is to say about them. Ranges that nothing asks for move out of the way of
/// those that somebody does.
pub fn ground(given: &Given, options: &Options, notes: &mut Vec<String>) -> Ground {
    let single = |ips: &[IpAddr]| ips.iter().map(|ip| around(*ip, 128)).collect::<Vec<_>>();
    let nodes = single(&given.nodes);
    let pods = [single(&given.pods), given.pod_nets.clone()].concat();
    // What others have, or will have: their addresses widened as their range will be.
    let wide = |purpose: &Purpose, seen: &[IpNet]| {
        let by = |net: &IpNet| if family(*net) == Family::V4 { purpose.widen.0 } else { purpose.widen.1 };
        seen.iter()
            .map(|net| around(net.network(), by(net).min(u32::from(net.prefix_len()))))
            .collect::<Vec<_>>()
    };
    let chosen = |nets: [Nets; 3]| nets.into_iter().flat_map(Nets::iter).map(|net| net.trunc());
    let services = wide(&SERVICES, &single(&given.services));
    let mut avoid: Vec<IpNet> =
        chosen([options.service_cidrs, options.lb_cidrs, options.pod_cidrs]).collect();
    avoid.extend(pods.iter().chain(&services));
    let nodes = ranges(&NODES, options.node_cidrs, &nodes, Nets::default(), &avoid, options, notes);
    let mut avoid: Vec<IpNet> = chosen([options.service_cidrs, options.lb_cidrs, nodes]).collect();
    avoid.extend(single(&given.nodes).iter().chain(&services));
    Ground { nodes, pods: ranges(&PODS, options.pod_cidrs, &pods, nodes, &avoid, options, notes) }
}

/// A larger range for the pods where nobody chose one and the usual one is too small; `counts` says how many pods each
/// node has.
pub fn roomy(mut ground: Ground, counts: &[usize], options: &Options, notes: &mut Vec<String>) -> Ground {
    let usual = defaults::POD_CIDRS.v4;
    let most = counts.iter().copied().max().unwrap_or_default();
    let (true, None, Some(small)) =
        (ground.pods.v4 == usual && options.addressing == Addressing::Assigned, options.pod_cidrs.v4, usual)
    else {
        return ground;
    };
    let large = defaults::MANY_PODS;
    let is_taken = ground.nodes.v4.is_some_and(|nodes| large.contains(&nodes) || nodes.contains(&large));
    if !is_taken && !fits(small.into(), counts.len(), most) && fits(large.into(), counts.len(), most) {
        ground.pods.v4 = Some(large);
        notes.push(format!("pods have addresses of {large}: {small} is too small for so many"));
    }
    ground
}

/// The whole plan; `services` are the ClusterIPs that objects name, `count` how many Services there are, `others` all
/// other addresses that anything has.
pub fn plan(
    ground: Ground,
    (services, count): (&[IpAddr], usize),
    others: &[IpAddr],
    options: &Options,
    notes: &mut Vec<String>,
) -> AddressPlan {
    let families = options.families;
    let seen: Vec<IpNet> = services.iter().map(|ip| around(*ip, 128)).collect();
    let mut taken: Vec<IpNet> = ground.pods.iter().chain(ground.nodes.iter()).collect();
    let avoid = taken.iter().copied().chain(options.lb_cidrs.iter()).collect::<Vec<_>>();
    let service_cidrs = ranges(&SERVICES, options.service_cidrs, &seen, ground.pods, &avoid, options, notes);
    let service_cidrs = services_with_room(service_cidrs, ground, count, options, notes);
    taken.extend(service_cidrs.iter());
    let mut lb_cidrs = Nets::default();
    for family in families.iter() {
        let chosen = of(options.lb_cidrs, family).map(|net| net.trunc());
        let free = || of(defaults::LB_CIDRS, family).map(|net| apart(net, &taken));
        chosen.or_else(free).into_iter().for_each(|net| set(&mut lb_cidrs, net));
    }
    taken.extend(lb_cidrs.iter());
    let outside = |family: Family| {
        let first = options.outside.of(family).filter(|_| families.has(family))?;
        let is_free = |ip: &IpAddr| !others.contains(ip) && !taken.iter().any(|net| net.contains(ip));
        Some((0..OUTSIDE_TRIES).map(|n| address(family, number(first) + n)).find(is_free).unwrap_or(first))
    };
    let mut client = Addrs::default();
    [Family::V4, Family::V6].into_iter().filter_map(outside).for_each(|ip| client.fill(ip));
    AddressPlan { pod_cidrs: ground.pods, service_cidrs, lb_cidrs, node_cidrs: ground.nodes, outside: client }
}

/// Larger ranges for Services where nobody chose one and the usual ones are too small.
fn services_with_room(
    mut nets: Nets,
    ground: Ground,
    count: usize,
    options: &Options,
    notes: &mut Vec<String>,
) -> Nets {
    // Some are left out of what is given out: the first, the last, the broadcast address.
    let is_small = |net: IpNet| host_bits(net) < 64 && (1_u64 << host_bits(net)) < count as u64 + 4;
    for (small, large) in defaults::SERVICE_CIDRS.iter().zip(defaults::MANY_SERVICES.iter()) {
        let is_usual = of(nets, family(small)) == Some(small);
        let is_chosen = of(options.service_cidrs, family(small)).is_some();
        let taken = [ground.pods, ground.nodes];
        let is_taken =
            taken.iter().any(|nets| of(*nets, family(small)).is_some_and(|net| overlap(net, large)));
        if is_usual && !is_chosen && !is_taken && is_small(small) {
            set(&mut nets, large);
            notes.push(format!("Services have addresses of {large}: {small} is too small for so many"));
        }
    }
    nets
}

/// Up to 203.0.113.254, and over it into the networks behind.
const OUTSIDE_TRIES: u128 = 65_536;

/// A range of the same size that has no address in common with these: itself, else the next one that is free.
fn apart(net: IpNet, taken: &[IpNet]) -> IpNet {
    let (wanted, bits) = (family(net), host_bits(net));
    let step = 1_u128.checked_shl(bits).unwrap_or_default();
    let nth = |n: u128| {
        around(address(wanted, number(net.network()).wrapping_add(n * step)), u32::from(net.prefix_len()))
    };
    let is_free =
        |range: &IpNet| special(*range).is_none() && !taken.iter().any(|other| overlap(*other, *range));
    (0..RANGE_TRIES).map(nth).find(is_free).unwrap_or(net)
}

const RANGE_TRIES: u128 = 1024;

fn ranges(
    purpose: &Purpose,
    chosen: Nets,
    seen: &[IpNet],
    taken: Nets,
    avoid: &[IpNet],
    options: &Options,
    notes: &mut Vec<String>,
) -> Nets {
    let mut nets = Nets::default();
    for family in options.families.iter() {
        match of(chosen, family) {
            Some(net) => set(&mut nets, net.trunc()),
            None => range(purpose, seen, family, (taken, avoid), notes)
                .into_iter()
                .for_each(|net| set(&mut nets, net)),
        }
    }
    nets
}

fn range(
    purpose: &Purpose,
    seen: &[IpNet],
    wanted: Family,
    (taken, avoid): (Nets, &[IpNet]),
    notes: &mut Vec<String>,
) -> Option<IpNet> {
    let usual = of(purpose.default, wanted)?;
    let default = if seen.iter().any(|net| usual.contains(net)) { usual } else { apart(usual, avoid) };
    let seen: Vec<IpNet> = seen.iter().copied().filter(|n| family(*n) == wanted).collect();
    if seen.iter().all(|net| default.contains(net)) {
        if default != usual {
            notes.push(format!("{} have addresses of {default}: others have some of {usual}", purpose.what));
        }
        return Some(default);
    }
    let by = |pair: (u32, u32)| if wanted == Family::V4 { pair.0 } else { pair.1 };
    let tight = cover(seen)?;
    if u32::from(tight.prefix_len()) < by(SHORTEST) {
        let what = purpose.what;
        notes.push(format!(
            "the addresses of {what} lie too far apart for one range; new ones come from {default}"
        ));
        return Some(default);
    }
    let wide = around(tight.network(), u32::from(tight.prefix_len()).min(by(purpose.widen)));
    let collides = of(taken, wanted).is_some_and(|taken| overlap(taken, wide));
    let range = if collides { tight } else { wide };
    notes.push(format!("{} have addresses of {range}, where the objects' own are", purpose.what));
    Some(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(of: &[&str]) -> Vec<IpAddr> {
        of.iter().map(|ip| ip.parse().unwrap()).collect()
    }

    fn whole(given: &Given, services: &[&str], options: &Options) -> (AddressPlan, Vec<String>) {
        let mut notes = Vec::new();
        let ground = ground(given, options, &mut notes);
        (plan(ground, (&ips(services), services.len()), &[], options, &mut notes), notes)
    }

    fn text(nets: Nets) -> String {
        nets.v4.unwrap().to_string()
    }

    #[test]
    fn defaults_where_the_addresses_fit_them() {
        let given = Given { pods: ips(&["10.244.7.7"]), ..Given::default() };
        let (plan, notes) = whole(&given, &["10.96.0.77"], &Options::default());
        assert_eq!(plan.pod_cidrs, defaults::POD_CIDRS);
        assert_eq!(plan.node_cidrs, defaults::NODE_CIDRS);
        assert_eq!(plan.service_cidrs, defaults::SERVICE_CIDRS);
        assert!(notes.is_empty());
    }

    #[test]
    fn ranges_move_to_where_the_addresses_are() {
        let given = Given {
            pods: ips(&["192.168.1.20", "192.168.2.30"]),
            nodes: ips(&["192.168.121.10", "192.168.121.11"]),
            ..Given::default()
        };
        let (plan, notes) = whole(&given, &["10.43.0.10"], &Options::default());
        assert_eq!(text(plan.node_cidrs), "192.168.121.0/24");
        assert_eq!(text(plan.pod_cidrs), "192.168.0.0/22", "a /16 would swallow the nodes");
        assert_eq!(text(plan.service_cidrs), "10.43.0.0/16");
        assert_eq!(notes.len(), 3);
    }

    #[test]
    fn ranges_that_nobody_asked_for_move_out_of_the_way() {
        let parse = |net: &str| -> IpNet { net.parse().unwrap() };
        let given = Given { pod_nets: vec![parse("172.18.0.0/24")], ..Given::default() };
        let (plan, _) = whole(&given, &[], &Options::default());
        assert_eq!(text(plan.node_cidrs), "172.19.0.0/16");
        assert_eq!(text(plan.pod_cidrs), "172.18.0.0/16");
        let given = Given { services: ips(&["10.244.0.5"]), ..Given::default() };
        let (plan, _) = whole(&given, &["10.244.0.5"], &Options::default());
        assert_eq!(
            (text(plan.service_cidrs), text(plan.pod_cidrs)),
            ("10.244.0.0/16".into(), "10.245.0.0/16".into())
        );
        let net = |text: &str| Nets { v4: Some(text.parse().unwrap()), v6: None };
        let options = Options { node_cidrs: net("10.244.0.0/24"), ..Options::default() };
        let (plan, _) = whole(&Given::default(), &[], &options);
        assert_eq!(text(plan.pod_cidrs), "10.245.0.0/16");
        let options = Options { pod_cidrs: net("203.0.113.0/24"), ..Options::default() };
        let (plan, _) = whole(&Given::default(), &[], &options);
        assert_eq!(plan.outside.v4.unwrap().to_string(), "203.0.114.0");
        let options = Options { service_cidrs: net("198.18.0.0/16"), ..Options::default() };
        let (plan, _) = whole(&Given::default(), &[], &options);
        assert_eq!(text(plan.lb_cidrs), "198.19.0.0/24");
    }

    #[test]
    fn the_client_outside_is_nobody_of_the_cluster() {
        let options = Options::default();
        let ground = ground(&Given::default(), &options, &mut Vec::new());
        let plan = plan(ground, (&[], 0), &ips(&["203.0.113.10", "203.0.113.11"]), &options, &mut Vec::new());
        assert_eq!(plan.outside.v4.unwrap().to_string(), "203.0.113.12");
    }

    #[test]
    fn the_caller_chooses() {
        let given = Given { pods: ips(&["192.168.1.20"]), ..Given::default() };
        let chosen = Options {
            pod_cidrs: Nets { v4: Some("100.64.0.0/10".parse().unwrap()), v6: None },
            families: crate::Families::V4,
            ..Options::default()
        };
        let (plan, notes) = whole(&given, &[], &chosen);
        assert_eq!(text(plan.pod_cidrs), "100.64.0.0/10");
        assert_eq!((plan.pod_cidrs.v6, plan.service_cidrs.v6, plan.outside.v6), (None, None, None));
        assert!(notes.is_empty());
    }

    #[test]
    fn scattered_addresses_leave_the_default() {
        let given = Given { pods: ips(&["10.0.0.1", "192.168.0.1"]), ..Given::default() };
        let (plan, notes) = whole(&given, &[], &Options::default());
        assert_eq!(plan.pod_cidrs.v4, defaults::POD_CIDRS.v4);
        assert_eq!(notes.len(), 1);
    }

    #[test]
    fn more_services_than_the_default_holds_get_larger_ranges() {
        let plan_for = |count: usize, options: &Options| {
            let mut notes = Vec::new();
            let ground = ground(&Given::default(), options, &mut notes);
            let nets = plan(ground, (&[], count), &[], options, &mut notes).service_cidrs;
            (nets.v4.unwrap().to_string(), nets.v6.unwrap().to_string(), notes.len())
        };
        let options = Options::default();
        let usual = ("10.96.0.0/16".to_owned(), "fd00:10:96::/112".to_owned(), 0);
        assert_eq!(plan_for(60_000, &options), usual);
        let wide = ("10.96.0.0/12".to_owned(), "fd00:10:96::/104".to_owned(), 2);
        assert_eq!(plan_for(100_000, &options), wide);
        let chosen = Options { service_cidrs: defaults::SERVICE_CIDRS, ..Options::default() };
        assert_eq!(plan_for(100_000, &chosen), usual, "the caller's stay");
    }

    #[test]
    fn more_pods_than_the_default_holds_get_a_larger_range() {
        let roomy_for = |given: &Given, pods: usize, options: &Options| {
            let mut notes = Vec::new();
            let ground = ground(given, options, &mut notes);
            let wide = roomy(ground, &[pods, pods], options, &mut notes);
            (wide.pods.v4.unwrap().to_string(), notes.len())
        };
        let (nothing, usual) = (Given::default(), "10.244.0.0/16".to_owned());
        let options = Options::default();
        assert_eq!(roomy_for(&nothing, 30_000, &options), (usual.clone(), 0));
        assert_eq!(roomy_for(&nothing, 42_500, &options), ("10.128.0.0/9".to_owned(), 1));
        let nodes = Given { nodes: ips(&["10.200.0.1", "10.200.0.2"]), ..Given::default() };
        assert_eq!(roomy_for(&nodes, 42_500, &options).0, usual, "nodes are in the larger one");
        let chosen = Options { pod_cidrs: defaults::POD_CIDRS, ..Options::default() };
        assert_eq!(roomy_for(&nothing, 42_500, &chosen), (usual, 0), "the caller's stays");
    }
}
