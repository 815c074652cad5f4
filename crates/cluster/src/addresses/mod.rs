//! Arithmetic on addresses and ranges, the same for both families.
pub mod plan;
pub mod pool;
pub mod special;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::model::{Family, Nets};

/// How many bits an address has.
pub const fn width(family: Family) -> u32 {
    match family {
        Family::V4 => 32,
        Family::V6 => 128,
    }
}

/// The address as a number.
pub fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(ip.to_bits()),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

/// The address of a number; of an IPv4 address only the low 32 bits count.
pub fn address(family: Family, number: u128) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::from_bits(number as u32)),
        Family::V6 => IpAddr::V6(Ipv6Addr::from_bits(number)),
    }
}

/// The family of a range.
pub const fn family(net: IpNet) -> Family {
    match net {
        IpNet::V4(_) => Family::V4,
        IpNet::V6(_) => Family::V6,
    }
}

/// The range of `prefix` bits that an address is in.
pub fn around(ip: IpAddr, prefix: u32) -> IpNet {
    let prefix = prefix.min(width(Family::of(ip))) as u8;
    match ip {
        IpAddr::V4(ip) => IpNet::V4(Ipv4Net::new_assert(ip, prefix).trunc()),
        IpAddr::V6(ip) => IpNet::V6(Ipv6Net::new_assert(ip, prefix).trunc()),
    }
}

/// How many bits of a range number its addresses.
pub fn host_bits(net: IpNet) -> u32 {
    width(family(net)) - u32::from(net.prefix_len())
}

/// First and last number of a range.
pub fn bounds(net: IpNet) -> (u128, u128) {
    (number(net.network()), number(net.broadcast()))
}

/// Whether two ranges have an address in common.
pub fn overlap(a: IpNet, b: IpNet) -> bool {
    a.contains(&b) || b.contains(&a)
}

/// The smallest range that holds all of these, which are of one family; none of none.
pub fn cover(nets: impl IntoIterator<Item = IpNet>) -> Option<IpNet> {
    nets.into_iter().map(|net| net.trunc()).reduce(|a, b| {
        let differing = number(a.network()) ^ number(b.network());
        let common = differing.leading_zeros() - (128 - width(family(a)));
        around(a.network(), common.min(u32::from(a.prefix_len())).min(u32::from(b.prefix_len())))
    })
}

/// The range of one family.
pub fn of(nets: Nets, wanted: Family) -> Option<IpNet> {
    nets.iter().find(|net| family(*net) == wanted)
}

/// Sets the range of its family.
pub fn set(nets: &mut Nets, net: IpNet) {
    match net {
        IpNet::V4(net) => nets.v4 = Some(net),
        IpNet::V6(net) => nets.v6 = Some(net),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covers() {
        for (nets, wanted) in [
            (&["10.42.0.0/24", "10.42.1.0/24"][..], "10.42.0.0/23"),
            (&["10.0.0.0/8"], "10.0.0.0/8"),
            (&["192.168.1.20/32", "192.168.200.1/32"], "192.168.0.0/16"),
            (&["10.0.0.0/8", "10.1.2.3/32"], "10.0.0.0/8"),
            (&["10.1.2.3/32", "192.168.0.1/32"], "0.0.0.0/0"),
            (&["fd00::1/128", "fd00::2/128"], "fd00::/126"),
        ] {
            let parsed = nets.iter().map(|n| n.parse::<IpNet>().unwrap());
            assert_eq!(cover(parsed), Some(wanted.parse().unwrap()), "{nets:?}");
        }
        assert_eq!(cover([]), None);
    }

    #[test]
    fn numbers_and_addresses_are_inverse() {
        for text in ["0.0.0.0", "255.255.255.255", "10.244.1.7", "::", "fd00:10:244::7"] {
            let ip: IpAddr = text.parse().unwrap();
            assert_eq!(address(Family::of(ip), number(ip)), ip);
        }
        assert_eq!(bounds("10.0.0.0/24".parse().unwrap()), (0x0a00_0000, 0x0a00_00ff));
    }
}
