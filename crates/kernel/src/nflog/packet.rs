//! Who speaks to whom, read from the first bytes of a packet.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The 5-tuple of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Packet {
    /// Where it comes from.
    pub source: IpAddr,
    /// Where it goes.
    pub destination: IpAddr,
    /// The layer 4 protocol's number.
    pub protocol: u8,
    /// What its layer 4 header says.
    pub transport: Transport,
    /// The length of the whole packet, as its IP header says.
    pub len: u32,
}

/// The part of a layer 4 header that says what a packet is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Of TCP, UDP, UDP-Lite, DCCP and SCTP.
    Ports {
        /// The sender's.
        source: u16,
        /// The receiver's.
        destination: u16,
    },
    /// Of ICMP and ICMPv6.
    Icmp {
        /// The type.
        kind: u8,
        /// The code.
        code: u8,
    },
    /// Another protocol, a later fragment, or cut off.
    Unknown,
}

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const DCCP: u8 = 33;
const ICMPV6: u8 = 58;
const SCTP: u8 = 132;
const UDP_LITE: u8 = 136;

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

impl Packet {
    /// Reads a packet that begins with its IP header; none if that is cut off or of another version.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        match bytes.first()? >> 4 {
            4 => Self::parse_v4(bytes),
            6 => Self::parse_v6(bytes),
            _ => None,
        }
    }

    fn parse_v4(bytes: &[u8]) -> Option<Self> {
        let address =
            |at: usize| Some(Ipv4Addr::from(<[u8; 4]>::try_from(bytes.get(at..at + 4)?).ok()?).into());
        let header = usize::from(bytes[0] & 0xf) * 4;
        let protocol = *bytes.get(9)?;
        let is_first = be16(bytes, 6)? & 0x1fff == 0;
        let rest = bytes.get(header.max(20)..).filter(|_| is_first).unwrap_or_default();
        Some(Self {
            source: address(12)?,
            destination: address(16)?,
            protocol,
            transport: Transport::parse(protocol, rest),
            len: be16(bytes, 2)?.into(),
        })
    }

    fn parse_v6(bytes: &[u8]) -> Option<Self> {
        let address =
            |at: usize| Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes.get(at..at + 16)?).ok()?).into());
        let (source, destination) = (address(8)?, address(24)?);
        let (protocol, rest) = skip_extensions(*bytes.get(6)?, &bytes[40..]);
        let len = u32::from(be16(bytes, 4)?) + 40;
        Some(Self { source, destination, protocol, transport: Transport::parse(protocol, rest), len })
    }
}

impl Transport {
    fn parse(protocol: u8, header: &[u8]) -> Self {
        match (protocol, header) {
            (TCP | UDP | DCCP | SCTP | UDP_LITE, &[a, b, c, d, ..]) => {
                Self::Ports { source: u16::from_be_bytes([a, b]), destination: u16::from_be_bytes([c, d]) }
            }
            (ICMP | ICMPV6, &[kind, code, ..]) => Self::Icmp { kind, code },
            _ => Self::Unknown,
        }
    }
}

/// The protocol behind IPv6 extension headers, and its header; empty where that is cut off or in another fragment.
fn skip_extensions(mut protocol: u8, mut rest: &[u8]) -> (u8, &[u8]) {
    const FRAGMENT: u8 = 44;
    const AUTHENTICATION: u8 = 51;
    // Hop-by-hop, routing, destination options, mobility, host identity, shim6 (RFC 7045 section 2.2).
    const OPTIONS: [u8; 6] = [0, 43, 60, 135, 139, 140];
    loop {
        let is_extension = OPTIONS.contains(&protocol) || protocol == FRAGMENT || protocol == AUTHENTICATION;
        let &[next, len, ..] = rest else { return (protocol, &[]) };
        if !is_extension {
            return (protocol, rest);
        }
        let is_later_fragment =
            protocol == FRAGMENT && be16(rest, 2).is_none_or(|offset| offset & 0xfff8 != 0);
        let len = match protocol {
            FRAGMENT => 8,
            AUTHENTICATION => (usize::from(len) + 2) * 4,
            _ => (usize::from(len) + 1) * 8,
        };
        protocol = next;
        rest = rest.get(len..).unwrap_or_default();
        if is_later_fragment {
            return (protocol, &[]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(protocol: u8, fragment: u16, options: usize, rest: &[u8]) -> Vec<u8> {
        let mut bytes =
            vec![0x45 + options as u8, 0, 0, 60, 0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        bytes[6..8].copy_from_slice(&fragment.to_be_bytes());
        bytes.extend(vec![1; options * 4]);
        bytes.extend(rest);
        bytes
    }

    fn v6(next: u8, rest: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x60, 0, 0, 0, 0, 20, next, 64];
        bytes.extend("fd00::1".parse::<Ipv6Addr>().unwrap().octets());
        bytes.extend("fd00::2".parse::<Ipv6Addr>().unwrap().octets());
        bytes.extend(rest);
        bytes
    }

    #[test]
    fn tuples() {
        let ports = Transport::Ports { source: 1000, destination: 80 };
        let tcp: &[u8] = &[3, 232, 0, 80, 9, 9];
        let hop: &[u8] = &[60, 0, 0, 0, 0, 0, 0, 0];
        let options: &[u8] = &[6, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let table = [
            (v4(6, 0, 0, tcp), 6, ports),
            (v4(17, 0x4000, 2, tcp), 17, ports),
            (v4(132, 0, 0, tcp), 132, ports),
            (v4(6, 0x2001, 0, tcp), 6, Transport::Unknown),
            (v4(1, 0, 0, &[8, 0]), 1, Transport::Icmp { kind: 8, code: 0 }),
            (v4(47, 0, 0, tcp), 47, Transport::Unknown),
            (v6(6, tcp), 6, ports),
            (v6(0, &[hop, options, tcp].concat()), 6, ports),
            (v6(44, &[&[17, 0, 0, 1, 0, 0, 0, 0], tcp].concat()), 17, ports),
            (v6(44, &[&[17, 0, 0, 9, 0, 0, 0, 0], tcp].concat()), 17, Transport::Unknown),
            (v6(51, &[&[6, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], tcp].concat()), 6, ports),
            (v6(58, &[135, 0]), 58, Transport::Icmp { kind: 135, code: 0 }),
            (v6(59, &[]), 59, Transport::Unknown),
            (v6(0, hop), 60, Transport::Unknown),
        ];
        for (bytes, protocol, transport) in table {
            let packet = Packet::parse(&bytes).unwrap();
            assert_eq!(
                (packet.protocol, packet.transport, packet.len),
                (protocol, transport, 60),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn cut_off_packets_are_no_panic() {
        let whole =
            v6(0, &[60, 0, 0, 0, 0, 0, 0, 0, 44, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
        for bytes in [whole, v4(6, 0, 10, &[1, 2, 3, 4])] {
            for len in 0..bytes.len() {
                let _ = Packet::parse(&bytes[..len]);
            }
        }
        assert_eq!(Packet::parse(&[0x10; 60]), None);
    }
}
