//! Names of addresses: `in-addr.arpa` and `ip6.arpa`.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use netloom_cluster::AddressPlan;

use crate::names::below;

/// A name below one of the reverse trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReverseName {
    /// Of one address.
    Address(IpAddr),
    /// Of a network, down to which more labels may follow.
    Network(IpNet),
    /// No address has this name; the network is the last that its labels make.
    Never(IpNet),
}

impl ReverseName {
    /// Reads a normal name; none where it is in neither tree.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        if let Some(rest) = below(name, "in-addr.arpa") {
            let (digits, bad) = digits(rest, 4, octet);
            let mut bytes = [0; 4];
            bytes[..digits.len()].copy_from_slice(&digits);
            let ip = Ipv4Addr::from(bytes);
            let net = Ipv4Net::new(ip, digits.len() as u8 * 8).map_or(Ipv4Net::default(), |net| net.trunc());
            return Some(Self::of(ip.into(), net.into(), digits.len() == 4, bad));
        }
        let (digits, bad) = digits(below(name, "ip6.arpa")?, 32, nibble);
        let mut bytes = [0; 16];
        for (i, digit) in digits.iter().enumerate() {
            bytes[i / 2] |= digit << (4 * (1 - i % 2));
        }
        let ip = Ipv6Addr::from(bytes);
        let net = Ipv6Net::new(ip, digits.len() as u8 * 4).map_or(Ipv6Net::default(), |net| net.trunc());
        Some(Self::of(ip.into(), net.into(), digits.len() == 32, bad))
    }

    fn of(ip: IpAddr, net: IpNet, whole: bool, bad: bool) -> Self {
        match (bad, whole) {
            (true, _) => Self::Never(net),
            (false, true) => Self::Address(ip),
            (false, false) => Self::Network(net),
        }
    }

    /// The network that the name's labels make; of an address itself.
    pub(crate) fn net(self) -> IpNet {
        match self {
            Self::Address(ip) => ip.into(),
            Self::Network(net) | Self::Never(net) => net,
        }
    }
}

/// The labels' numbers from the last label on, and whether something follows that is no such number.
fn digits(rest: &str, most: usize, read: fn(&str) -> Option<u8>) -> (Vec<u8>, bool) {
    let mut numbers = Vec::with_capacity(most);
    if rest.is_empty() {
        return (numbers, false);
    }
    for label in rest.rsplit('.') {
        match read(label) {
            Some(number) if numbers.len() < most => numbers.push(number),
            _ => return (numbers, true),
        }
    }
    (numbers, false)
}

/// A decimal number without needless zeros: `01` is another name than `1`.
fn octet(label: &str) -> Option<u8> {
    let plain = label == "0" || !label.starts_with(['0', '+']);
    label.parse().ok().filter(|_| plain)
}

fn nibble(label: &str) -> Option<u8> {
    match label.as_bytes() {
        [digit @ b'0'..=b'9'] => Some(digit - b'0'),
        [digit @ b'a'..=b'f'] => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// Whether a network is wholly inside what pods or Services get their addresses from.
pub(crate) fn is_ours(plan: &AddressPlan, net: IpNet) -> bool {
    plan.pod_cidrs.iter().chain(plan.service_cidrs.iter()).any(|own| own.contains(&net))
}

/// The reverse zone that a network of ours is in: the widest that falls on a label's end and is wholly ours.
pub(crate) fn apex(plan: &AddressPlan, net: IpNet) -> Option<IpNet> {
    let step = if net.addr().is_ipv4() { 8 } else { 4 };
    (0..=net.prefix_len())
        .step_by(step)
        .filter_map(|prefix| IpNet::new(net.addr(), prefix).ok())
        .map(|net| net.trunc())
        .find(|net| is_ours(plan, *net))
}

/// The name of a network that falls on a label's end.
pub(crate) fn name_of(net: IpNet) -> String {
    let mut name = String::new();
    match net {
        IpNet::V4(net) => {
            for octet in net.addr().octets()[..usize::from(net.prefix_len()) / 8].iter().rev() {
                name.push_str(&format!("{octet}."));
            }
            name + "in-addr.arpa"
        }
        IpNet::V6(net) => {
            let bytes = net.addr().octets();
            for i in (0..usize::from(net.prefix_len()) / 4).rev() {
                name.push_str(&format!("{:x}.", bytes[i / 2] >> (4 * (1 - i % 2)) & 0xf));
            }
            name + "ip6.arpa"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reverse_names() {
        use ReverseName::{Address, Network, Never};
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let net = |text: &str| text.parse::<IpNet>().unwrap();
        let table = [
            ("7.0.244.10.in-addr.arpa", Some(Address(ip("10.244.0.7")))),
            ("244.10.in-addr.arpa", Some(Network(net("10.244.0.0/16")))),
            ("in-addr.arpa", Some(Network(net("0.0.0.0/0")))),
            ("x.244.10.in-addr.arpa", Some(Never(net("10.244.0.0/16")))),
            ("1.7.0.244.10.in-addr.arpa", Some(Never(net("10.244.0.7/32")))),
            ("07.0.244.10.in-addr.arpa", Some(Never(net("10.244.0.0/24")))),
            ("256.0.244.10.in-addr.arpa", Some(Never(net("10.244.0.0/24")))),
            (".10.in-addr.arpa", Some(Never(net("10.0.0.0/8")))),
            ("0.1.0.0.0.0.d.f.ip6.arpa", Some(Network(net("fd00:10::/32").trunc()))),
            ("example.com", None),
            ("xin-addr.arpa", None),
        ];
        for (name, expected) in table {
            let got = ReverseName::parse(name);
            if name.contains("ip6") {
                assert_eq!(got.map(|n| name_of(n.net())), Some(name.to_owned()));
            } else {
                assert_eq!(got, expected, "{name}");
            }
        }
        let full = "7.".to_owned() + &"0.".repeat(27) + "0.0.d.f.ip6.arpa";
        assert_eq!(ReverseName::parse(&full), Some(Address(ip("fd00::7"))));
        assert_eq!(name_of(net("fd00::7/128")), full);
    }
}
