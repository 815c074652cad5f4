//! The outside, as disjoint ranges of addresses that no policy tells apart within.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use netloom_cluster::Family;
use netloom_policy::Tables;

/// A range of addresses of one family, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressRange {
    /// The first address.
    pub low: IpAddr,
    /// The last one.
    pub high: IpAddr,
}

impl AddressRange {
    /// Whether it holds an address.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        // Addresses of different families are in no order that counts.
        ip.is_ipv4() == self.low.is_ipv4() && self.low <= ip && ip <= self.high
    }

    /// Whether it has an address in common with a network.
    #[must_use]
    pub fn overlaps(&self, net: &IpNet) -> bool {
        let same_family = net.network().is_ipv4() == self.low.is_ipv4();
        same_family && self.low <= net.broadcast() && net.network() <= self.high
    }

    /// The addresses that are in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Option<Self> {
        let same_family = self.low.is_ipv4() == other.low.is_ipv4();
        let both = Self { low: self.low.max(other.low), high: self.high.min(other.high) };
        (same_family && both.low <= both.high).then_some(both)
    }

    /// The addresses that are in none of the others.
    #[must_use]
    pub fn minus(&self, others: &[Self]) -> Vec<Self> {
        others.iter().fold(vec![*self], |rest, other| {
            rest.into_iter().flat_map(|range| without(range, other, 0)).map(|(range, _)| range).collect()
        })
    }

    /// Whether another range begins where this one ends.
    #[must_use]
    pub fn meets(&self, next: &Self) -> bool {
        after(self.high) == Some(next.low)
    }

    /// All addresses of a family.
    #[must_use]
    pub const fn everything(family: Family) -> Self {
        match family {
            Family::V4 => {
                Self { low: IpAddr::V4(Ipv4Addr::UNSPECIFIED), high: IpAddr::V4(Ipv4Addr::BROADCAST) }
            }
            Family::V6 => Self {
                low: IpAddr::V6(Ipv6Addr::UNSPECIFIED),
                high: IpAddr::V6(Ipv6Addr::from_bits(u128::MAX)),
            },
        }
    }
}

fn after(ip: IpAddr) -> Option<IpAddr> {
    match ip {
        IpAddr::V4(ip) => ip.to_bits().checked_add(1).map(|n| IpAddr::V4(Ipv4Addr::from_bits(n))),
        IpAddr::V6(ip) => ip.to_bits().checked_add(1).map(|n| IpAddr::V6(Ipv6Addr::from_bits(n))),
    }
}

fn before(ip: IpAddr) -> Option<IpAddr> {
    match ip {
        IpAddr::V4(ip) => ip.to_bits().checked_sub(1).map(|n| IpAddr::V4(Ipv4Addr::from_bits(n))),
        IpAddr::V6(ip) => ip.to_bits().checked_sub(1).map(|n| IpAddr::V6(Ipv6Addr::from_bits(n))),
    }
}

/// All addresses of these families but those of the cluster's own networks: disjoint ranges in order, each with the
/// identity that its addresses have.
pub(crate) fn ranges(
    tables: &Tables,
    families: impl Iterator<Item = Family>,
    inside: &[IpNet],
) -> Vec<(AddressRange, u32)> {
    let mut out = Vec::new();
    for family in families {
        let all = AddressRange::everything(family);
        let known = tables.ranges.iter().filter(|(low, ..)| Family::of(*low) == family);
        let mut next = Some(all.low);
        for &(low, high, identity) in known {
            if let (Some(first), Some(last)) = (next, before(low))
                && first <= last
            {
                out.push((AddressRange { low: first, high: last }, 0));
            }
            out.push((AddressRange { low, high }, identity));
            next = after(high);
        }
        out.extend(next.map(|low| (AddressRange { low, high: all.high }, 0)));
    }
    let mut nets: Vec<AddressRange> =
        inside.iter().map(|n| AddressRange { low: n.network(), high: n.broadcast() }).collect();
    nets.sort_unstable();
    nets.iter()
        .fold(out, |out, net| out.into_iter().flat_map(|(range, id)| without(range, net, id)).collect())
}

fn without(
    range: AddressRange,
    net: &AddressRange,
    identity: u32,
) -> impl Iterator<Item = (AddressRange, u32)> {
    let apart = range.low.is_ipv4() != net.low.is_ipv4() || net.high < range.low || range.high < net.low;
    let [left, right] = if apart {
        [Some(range), None]
    } else {
        let left = before(net.low).filter(|high| range.low <= *high && range.low < net.low);
        let right = after(net.high).filter(|low| *low <= range.high && net.high < range.high);
        [left.map(|high| AddressRange { high, ..range }), right.map(|low| AddressRange { low, ..range })]
    };
    left.into_iter().chain(right).map(move |range| (range, identity))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(tables: &Tables, families: &[Family], inside: &[&str]) -> Vec<String> {
        let inside: Vec<IpNet> = inside.iter().map(|n| n.parse().unwrap()).collect();
        ranges(tables, families.iter().copied(), &inside)
            .iter()
            .map(|(r, id)| format!("{}-{} {id}", r.low, r.high))
            .collect()
    }

    #[test]
    fn the_outside_is_everything_but_the_cluster() {
        let both = [Family::V4, Family::V6];
        let range = |low: &str, high: &str, id| (low.parse().unwrap(), high.parse().unwrap(), id);
        let none = Tables::default();
        let some = Tables {
            ranges: vec![
                range("0.0.0.0", "9.255.255.255", 1),
                range("10.0.0.0", "10.255.255.255", 2),
                range("192.168.0.0", "255.255.255.255", 3),
            ],
            ..Tables::default()
        };
        let last = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
        type Case<'a> = (&'a Tables, &'a [Family], &'a [&'a str], Vec<String>);
        let cases: [Case<'_>; 4] = [
            (&none, &both[..1], &[], vec!["0.0.0.0-255.255.255.255 0".into()]),
            (&none, &both, &[], vec!["0.0.0.0-255.255.255.255 0".into(), format!("::-{last} 0")]),
            (
                &some,
                &both[..1],
                &["10.244.0.0/16"],
                vec![
                    "0.0.0.0-9.255.255.255 1".into(),
                    "10.0.0.0-10.243.255.255 2".into(),
                    "10.245.0.0-10.255.255.255 2".into(),
                    "11.0.0.0-192.167.255.255 0".into(),
                    "192.168.0.0-255.255.255.255 3".into(),
                ],
            ),
            (
                &none,
                &both,
                &["0.0.0.0/1", "fd00::/8", "128.0.0.0/1"],
                vec!["::-fcff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 0".into(), format!("fe00::-{last} 0")],
            ),
        ];
        for (tables, families, inside, expected) in cases {
            assert_eq!(show(tables, families, inside), expected, "{inside:?}");
        }
    }
}
