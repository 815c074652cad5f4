//! One direction of a connection.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::nfnl::{Attrs, Writer, family};

/// Addresses, protocol and what tells connections of the same hosts apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tuple {
    /// Who sends.
    pub source: IpAddr,
    /// Who receives.
    pub destination: IpAddr,
    /// The layer 4 protocol's number.
    pub protocol: u8,
    /// The sender's port; 0 where the protocol has none.
    pub source_port: u16,
    /// The receiver's port; 0 where the protocol has none.
    pub destination_port: u16,
    /// Identifier, type and code of an ICMP query.
    pub icmp: Option<(u16, u8, u8)>,
}

const ICMPV6: u8 = 58;

/// `CTA_TUPLE_IP` and `CTA_TUPLE_PROTO`
const IP: u16 = 1;
const PROTO: u16 = 2;

impl Tuple {
    /// A tuple of a protocol with ports.
    #[must_use]
    pub const fn new(source: (IpAddr, u16), destination: (IpAddr, u16), protocol: u8) -> Self {
        Self {
            source: source.0,
            destination: destination.0,
            protocol,
            source_port: source.1,
            destination_port: destination.1,
            icmp: None,
        }
    }

    pub(super) const fn family(&self) -> u8 {
        match self.source {
            IpAddr::V4(_) => family::IPV4,
            IpAddr::V6(_) => family::IPV6,
        }
    }

    pub(super) fn write(&self, kind: u16, w: &mut Writer) {
        w.nest(kind, |w| {
            w.nest(IP, |w| {
                for (address, v4, v6) in [(self.source, 1, 3), (self.destination, 2, 4)] {
                    match address {
                        IpAddr::V4(address) => w.attr(v4, &address.octets()),
                        IpAddr::V6(address) => w.attr(v6, &address.octets()),
                    }
                }
            });
            w.nest(PROTO, |w| self.write_proto(w));
        });
    }

    fn write_proto(&self, w: &mut Writer) {
        w.attr(1, &[self.protocol]);
        match self.icmp {
            Some((id, kind, code)) => {
                let first = if self.protocol == ICMPV6 { 7 } else { 4 };
                w.attr(first, &id.to_be_bytes());
                w.attr(first + 1, &[kind]);
                w.attr(first + 2, &[code]);
            }
            None => {
                w.attr(2, &self.source_port.to_be_bytes());
                w.attr(3, &self.destination_port.to_be_bytes());
            }
        }
    }

    pub(super) fn decode(attrs: Attrs<'_>) -> Option<Self> {
        let (mut source, mut destination, mut protocol) = (None, None, None);
        let (mut source_port, mut destination_port) = (0, 0);
        let (mut id, mut kind, mut code) = (None, 0, 0);
        for attr in attrs.filter(|attr| attr.kind == IP).flat_map(|attr| attr.nested()) {
            let address = address(attr.value);
            match attr.kind {
                1 | 3 => source = address,
                2 | 4 => destination = address,
                _ => {}
            }
        }
        for attr in attrs.filter(|attr| attr.kind == PROTO).flat_map(|attr| attr.nested()) {
            match attr.kind {
                1 => protocol = attr.u8(),
                2 => source_port = attr.be16()?,
                3 => destination_port = attr.be16()?,
                4 | 7 => id = attr.be16(),
                5 | 8 => kind = attr.u8()?,
                6 | 9 => code = attr.u8()?,
                _ => {}
            }
        }
        Some(Self {
            source: source?,
            destination: destination?,
            protocol: protocol?,
            source_port,
            destination_port,
            icmp: id.map(|id| (id, kind, code)),
        })
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => Some(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).into()),
        16 => Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tuples_survive_the_wire() {
        let v4 = |last| IpAddr::from([10, 0, 0, last]);
        let v6: IpAddr = "fd00::1".parse().unwrap();
        let icmp = |protocol, address| Tuple {
            icmp: Some((7, 8, 0)),
            ..Tuple::new((address, 0), (address, 0), protocol)
        };
        for tuple in [
            Tuple::new((v4(1), 1000), (v4(2), 80), 6),
            Tuple::new((v6, 1000), (v6, 53), 17),
            icmp(1, v4(1)),
            icmp(58, v6),
        ] {
            let mut writer = Writer::new();
            tuple.write(1, &mut writer);
            let attr = Attrs(writer.bytes()).next().unwrap();
            assert_eq!(Tuple::decode(attr.nested()), Some(tuple));
        }
    }
}
