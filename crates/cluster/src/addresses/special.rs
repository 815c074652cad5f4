//! Addresses that no pod, node or Service can have.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::overlap;

const fn v4(first: [u8; 4], prefix: u8) -> IpNet {
    let [a, b, c, d] = first;
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix))
}

const fn v6(first: u16, sixth: u16, last: u16, prefix: u8) -> IpNet {
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(first, 0, 0, 0, 0, sixth, 0, last), prefix))
}

/// RFC 6890, as far as packets of such an address never leave their link or machine.
const SPECIAL: [(IpNet, &str); 10] = [
    (v4([0, 0, 0, 0], 8), "of this network itself (0.0.0.0/8)"),
    (v4([127, 0, 0, 0], 8), "of the loopback (127.0.0.0/8)"),
    (v4([169, 254, 0, 0], 16), "link-local (169.254.0.0/16)"),
    (v4([224, 0, 0, 0], 4), "multicast (224.0.0.0/4)"),
    (v4([255, 255, 255, 255], 32), "the broadcast address"),
    (v6(0, 0, 0, 128), "the unspecified address"),
    (v6(0, 0, 1, 128), "the loopback (::1)"),
    (v6(0, 0xffff, 0, 96), "an IPv4 address in an IPv6 one (::ffff:0:0/96)"),
    (v6(0xfe80, 0, 0, 10), "link-local (fe80::/10)"),
    (v6(0xff00, 0, 0, 8), "multicast (ff00::/8)"),
];

/// Why nothing of a cluster can have addresses of a range; none where it can.
pub fn special(net: IpNet) -> Option<&'static str> {
    SPECIAL.iter().find(|(special, _)| overlap(*special, net)).map(|(_, why)| *why)
}

/// The same of one address.
pub fn special_address(ip: IpAddr) -> Option<&'static str> {
    special(IpNet::from(ip))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_ranges() {
        for (net, is) in [
            ("10.0.0.0/8", false),
            ("0.0.0.0/0", true),
            ("127.0.0.0/8", true),
            ("169.254.1.1/32", true),
            ("224.0.0.9/32", true),
            ("240.0.0.0/8", false),
            ("203.0.113.0/24", false),
            ("fd00::/8", false),
            ("fe80::/64", true),
            ("ff00::/108", true),
            ("::/0", true),
            ("::1/128", true),
            ("2001:db8::/32", false),
        ] {
            assert_eq!(special(net.parse().unwrap()).is_some(), is, "{net}");
        }
    }
}
