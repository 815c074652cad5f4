//! CIDR blocks cut into disjoint ranges, because the kernel refuses overlapping intervals.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use netloom_cluster::Family;

/// A range of addresses of one family, both ends included, as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct AddressRange {
    pub family: Family,
    pub low: u128,
    pub high: u128,
}

impl AddressRange {
    pub fn of(net: &IpNet) -> Self {
        Self { family: Family::of(net.network()), low: number(net.network()), high: number(net.broadcast()) }
    }

    pub fn first(&self) -> IpAddr {
        address(self.family, self.low)
    }

    pub fn last(&self) -> IpAddr {
        address(self.family, self.high)
    }
}

pub(crate) fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(u32::from(ip)),
        IpAddr::V6(ip) => u128::from(ip),
    }
}

fn address(family: Family, number: u128) -> IpAddr {
    match family {
        // The number came from an address of this family, so it fits.
        Family::V4 => IpAddr::V4(Ipv4Addr::from(number as u32)),
        Family::V6 => IpAddr::V6(Ipv6Addr::from(number)),
    }
}

/// The elementary ranges that a set of networks cuts the address space into, sorted; only those inside some network.
/// Every network is a union of such ranges.
pub(crate) fn atoms<'a>(nets: impl Iterator<Item = &'a IpNet>) -> Vec<AddressRange> {
    let mut ranges: Vec<AddressRange> = nets.map(AddressRange::of).collect();
    // Prefixes nest or are disjoint, so a stack of the open ones is enough for one sweep.
    ranges.sort_unstable_by(|a, b| {
        (a.family, a.low, std::cmp::Reverse(a.high)).cmp(&(b.family, b.low, std::cmp::Reverse(b.high)))
    });
    ranges.dedup();
    let mut atoms = Vec::with_capacity(ranges.len() * 2);
    let mut open: Vec<AddressRange> = Vec::new();
    // The first address that no atom covers yet, inside the innermost open range.
    let mut next = 0;
    let mut close = |open: &mut Vec<AddressRange>, next: &mut u128, until: Option<&AddressRange>| {
        while let Some(top) = open.last() {
            if until.is_some_and(|u| u.family == top.family && u.low <= top.high) {
                break;
            }
            if *next <= top.high {
                atoms.push(AddressRange { low: *next, ..*top });
            }
            // At the very last address there is no next one; nothing can follow it either.
            *next = top.high.saturating_add(1);
            let exhausted = top.high == u128::MAX;
            open.pop();
            if exhausted {
                open.clear();
            }
        }
        if let (Some(top), Some(until)) = (open.last(), until)
            && *next < until.low
        {
            atoms.push(AddressRange { low: *next, high: until.low - 1, ..*top });
        }
    };
    for range in ranges {
        close(&mut open, &mut next, Some(&range));
        next = range.low;
        open.push(range);
    }
    close(&mut open, &mut next, None);
    atoms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(nets: &[&str]) -> Vec<String> {
        let nets: Vec<IpNet> = nets.iter().map(|n| n.parse().unwrap()).collect();
        atoms(nets.iter()).iter().map(|r| format!("{}-{}", r.first(), r.last())).collect()
    }

    #[test]
    fn networks_are_cut_into_disjoint_ranges() {
        let cases: &[(&[&str], &[&str])] = &[
            (&[], &[]),
            (&["10.0.0.0/8"], &["10.0.0.0-10.255.255.255"]),
            (&["10.0.0.0/8", "10.0.0.0/8"], &["10.0.0.0-10.255.255.255"]),
            (
                &["10.0.0.0/30", "10.0.0.2/32"],
                &["10.0.0.0-10.0.0.1", "10.0.0.2-10.0.0.2", "10.0.0.3-10.0.0.3"],
            ),
            (&["10.0.0.0/31", "10.0.0.0/30"], &["10.0.0.0-10.0.0.1", "10.0.0.2-10.0.0.3"]),
            (&["10.0.0.2/31", "10.0.0.0/30"], &["10.0.0.0-10.0.0.1", "10.0.0.2-10.0.0.3"]),
            (&["1.0.0.0/8", "3.0.0.0/8"], &["1.0.0.0-1.255.255.255", "3.0.0.0-3.255.255.255"]),
            (
                &["0.0.0.0/0", "255.255.255.255/32"],
                &["0.0.0.0-255.255.255.254", "255.255.255.255-255.255.255.255"],
            ),
            (
                &["::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", "0.0.0.0/0"],
                &[
                    "0.0.0.0-255.255.255.255",
                    "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe",
                    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                ],
            ),
        ];
        for (nets, expected) in cases {
            assert_eq!(show(nets), *expected, "{nets:?}");
        }
    }
}
