//! Keys of sets and maps: one field, or a concatenation of several, as the kernel compares them.
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use smallvec::SmallVec;

/// The type of one field of a key, as nft names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// `ipv4_addr`
    Ipv4Addr,
    /// `ipv6_addr`
    Ipv6Addr,
    /// `inet_proto`: a layer 4 protocol number.
    InetProto,
    /// `inet_service`: a port.
    InetService,
    /// `mark`: a packet or connection mark.
    Mark,
    /// `ifname`: an interface's name.
    IfName,
    /// `iface_index`: an interface's number.
    IfIndex,
}

impl Field {
    /// Bytes of the value itself.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Ipv4Addr | Self::Mark | Self::IfIndex => 4,
            Self::Ipv6Addr | Self::IfName => 16,
            Self::InetProto => 1,
            Self::InetService => 2,
        }
    }

    /// Bytes that the value takes in a concatenation, where every field begins on a register.
    #[must_use]
    pub const fn padded(self) -> usize {
        self.size().next_multiple_of(4)
    }

    /// Whether the value is a number in the machine's own byte order, which has no useful order byte by byte.
    #[must_use]
    pub const fn is_host_order(self) -> bool {
        matches!(self, Self::Mark | Self::IfIndex)
    }

    /// nft's name of the type.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ipv4Addr => "ipv4_addr",
            Self::Ipv6Addr => "ipv6_addr",
            Self::InetProto => "inet_proto",
            Self::InetService => "inet_service",
            Self::Mark => "mark",
            Self::IfName => "ifname",
            Self::IfIndex => "iface_index",
        }
    }

    /// nft's number of the type (nftables include/datatype.h), which `nft list` reads back.
    pub(super) const fn type_id(self) -> u32 {
        match self {
            Self::Ipv4Addr => 7,
            Self::Ipv6Addr => 8,
            Self::InetProto => 12,
            Self::InetService => 13,
            Self::Mark => 19,
            Self::IfIndex => 20,
            Self::IfName => 41,
        }
    }

    /// Writes `bytes`, a padded field of this type, as nft reads it.
    pub(super) fn write_text(self, bytes: &[u8], f: &mut impl fmt::Write) -> fmt::Result {
        match (self, bytes) {
            (Self::Ipv4Addr, &[a, b, c, d, ..]) => write!(f, "{}", Ipv4Addr::new(a, b, c, d)),
            (Self::Ipv6Addr, _) if bytes.len() >= 16 => {
                let mut octets = [0; 16];
                octets.copy_from_slice(&bytes[..16]);
                write!(f, "{}", Ipv6Addr::from(octets))
            }
            (Self::InetProto, &[proto, ..]) => match proto {
                1 => f.write_str("icmp"),
                6 => f.write_str("tcp"),
                17 => f.write_str("udp"),
                58 => f.write_str("ipv6-icmp"),
                132 => f.write_str("sctp"),
                other => write!(f, "{other}"),
            },
            (Self::InetService, &[a, b, ..]) => write!(f, "{}", u16::from_be_bytes([a, b])),
            (Self::Mark, &[a, b, c, d, ..]) => write!(f, "{:#010x}", u32::from_ne_bytes([a, b, c, d])),
            (Self::IfIndex, &[a, b, c, d, ..]) => write!(f, "{}", u32::from_ne_bytes([a, b, c, d])),
            (Self::IfName, _) => {
                let name = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
                write!(f, "\"{}\"", String::from_utf8_lossy(name))
            }
            _ => f.write_str("?"),
        }
    }
}

/// A key, or the data of a map: its fields one after the other, each padded to four bytes.
///
/// Built field by field, in the order in which the set declares them:
///
/// ```
/// # use netloom_kernel::nft::Key;
/// let key = Key::new().ip([10, 96, 0, 10].into()).proto(6).port(80);
/// assert_eq!(key.as_bytes().len(), 12);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(SmallVec<[u8; 24]>);

impl Key {
    /// A key without fields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn push(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self.0.extend_from_slice(&[0; 3][..bytes.len().next_multiple_of(4) - bytes.len()]);
        self
    }

    /// Appends an address of either version.
    #[must_use]
    pub fn ip(self, addr: IpAddr) -> Self {
        match addr {
            IpAddr::V4(addr) => self.ip4(addr),
            IpAddr::V6(addr) => self.ip6(addr),
        }
    }

    /// Appends an IPv4 address.
    #[must_use]
    pub fn ip4(self, addr: Ipv4Addr) -> Self {
        self.push(&addr.octets())
    }

    /// Appends an IPv6 address.
    #[must_use]
    pub fn ip6(self, addr: Ipv6Addr) -> Self {
        self.push(&addr.octets())
    }

    /// Appends a layer 4 protocol number.
    #[must_use]
    pub fn proto(self, proto: u8) -> Self {
        self.push(&[proto])
    }

    /// Appends a port.
    #[must_use]
    pub fn port(self, port: u16) -> Self {
        self.push(&port.to_be_bytes())
    }

    /// Appends a packet or connection mark.
    #[must_use]
    pub fn mark(self, mark: u32) -> Self {
        self.push(&mark.to_ne_bytes())
    }

    /// Appends an interface's number.
    #[must_use]
    pub fn ifindex(self, index: u32) -> Self {
        self.push(&index.to_ne_bytes())
    }

    /// Appends an interface's name; the kernel's names have at most 15 bytes, a longer one is cut there.
    #[must_use]
    pub fn ifname(self, name: &str) -> Self {
        let mut bytes = [0; 16];
        for (to, from) in bytes[..15].iter_mut().zip(name.bytes()) {
            *to = from;
        }
        self.push(&bytes)
    }

    /// The bytes as the kernel compares them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether the key has no fields.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        Self(SmallVec::from_slice(bytes))
    }
}

/// Bytes of a concatenation of `fields`.
pub(super) fn padded_len(fields: &[Field]) -> usize {
    fields.iter().map(|field| field.padded()).sum()
}

/// Bytes of a whole key: a lone field is not padded, a concatenation is (nftables src/datatype.c).
pub(super) fn key_len(fields: &[Field]) -> usize {
    match fields {
        [field] => field.size(),
        _ => padded_len(fields),
    }
}

/// Writes `key . key`, or ranges where `end` differs from `key` in a field.
pub(super) fn write_key(
    fields: &[Field],
    key: &Key,
    end: Option<&Key>,
    f: &mut impl fmt::Write,
) -> fmt::Result {
    let mut at = 0;
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            f.write_str(" . ")?;
        }
        let part =
            |key: &Key| Key::from_bytes(key.as_bytes().get(at..at + field.padded()).unwrap_or_default());
        let from = part(key);
        field.write_text(from.as_bytes(), f)?;
        if let Some(to) = end.map(part).filter(|to| *to != from) {
            f.write_char('-')?;
            field.write_text(to.as_bytes(), f)?;
        }
        at += field.padded();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_padded_and_printed() {
        use Field::{IfName, InetProto, InetService, Ipv4Addr, Ipv6Addr, Mark};
        let v4 = IpAddr::from([10, 0, 0, 1]);
        let v6: IpAddr = "fd00::1".parse().unwrap();
        let table: &[(&[Field], Key, Option<Key>, &str)] = &[
            (&[Ipv4Addr], Key::new().ip(v4), None, "10.0.0.1"),
            (&[Ipv4Addr], Key::new().ip(v4), Some(Key::new().ip(v4)), "10.0.0.1"),
            (
                &[InetProto, InetService],
                Key::new().proto(6).port(80),
                Some(Key::new().proto(6).port(90)),
                "tcp . 80-90",
            ),
            (&[Mark, Ipv6Addr], Key::new().mark(5).ip(v6), None, "0x00000005 . fd00::1"),
            (&[IfName, InetProto], Key::new().ifname("eth0").proto(47), None, "\"eth0\" . 47"),
            (&[Ipv6Addr], Key::new().ip(v4), None, "?"),
        ];
        for (fields, key, end, text) in table {
            let mut out = String::new();
            write_key(fields, key, end.as_ref(), &mut out).unwrap();
            assert_eq!(out, *text);
        }
        assert_eq!(Key::new().proto(6).port(80).as_bytes(), [6, 0, 0, 0, 0, 80, 0, 0]);
        assert_eq!(Key::new().ifname("a-name-that-is-too-long").as_bytes().len(), 16);
        assert_eq!(key_len(&[InetService]), 2);
        assert_eq!(key_len(&[InetProto, InetService]), 8);
    }
}
