//! What a rule can read from a packet and its connection.
use std::fmt;

use super::Field;

/// The IP version that an expression, or an address translation, is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IpVersion {
    /// IPv4
    V4,
    /// IPv6
    V6,
}

impl IpVersion {
    pub(super) const fn family(self) -> u8 {
        match self {
            Self::V4 => crate::nfnl::family::IPV4,
            Self::V6 => crate::nfnl::family::IPV6,
        }
    }

    pub(super) const fn keyword(self) -> &'static str {
        match self {
            Self::V4 => "ip",
            Self::V6 => "ip6",
        }
    }
}

/// One value read from a packet or its connection. Reading an address of IPv4 lets only IPv4 packets pass, and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expr {
    /// `ip saddr`
    Ip4Saddr,
    /// `ip daddr`
    Ip4Daddr,
    /// `ip6 saddr`
    Ip6Saddr,
    /// `ip6 daddr`
    Ip6Daddr,
    /// `meta l4proto`
    L4Proto,
    /// `th sport`; on a protocol without ports these are other bytes, so guard it by `L4Proto`.
    Sport,
    /// `th dport`; the same warning.
    Dport,
    /// `icmp type`
    IcmpType,
    /// `icmpv6 type`
    Icmpv6Type,
    /// `meta mark`
    Mark,
    /// `meta mark & MASK`
    MarkAnd(u32),
    /// `ct mark`
    CtMark,
    /// `ct mark & MASK`
    CtMarkAnd(u32),
    /// `iifname`
    Iifname,
    /// `oifname`
    Oifname,
    /// `iif`
    Iif,
    /// `oif`
    Oif,
    /// `ct original ip saddr`: who opened the connection, before any translation.
    CtOriginalIp4Saddr,
    /// `ct original ip daddr`: where the connection was opened to, before any translation.
    CtOriginalIp4Daddr,
    /// `ct original ip6 saddr`
    CtOriginalIp6Saddr,
    /// `ct original ip6 daddr`
    CtOriginalIp6Daddr,
    /// `ct original proto-src`; nft reads and prints it only behind a match of one layer 4 protocol.
    CtOriginalSport,
    /// `ct original proto-dst`; the same restriction.
    CtOriginalDport,
}

impl Expr {
    /// `ip saddr` or `ip6 saddr`.
    #[must_use]
    pub const fn saddr(version: IpVersion) -> Self {
        match version {
            IpVersion::V4 => Self::Ip4Saddr,
            IpVersion::V6 => Self::Ip6Saddr,
        }
    }

    /// `ip daddr` or `ip6 daddr`.
    #[must_use]
    pub const fn daddr(version: IpVersion) -> Self {
        match version {
            IpVersion::V4 => Self::Ip4Daddr,
            IpVersion::V6 => Self::Ip6Daddr,
        }
    }

    /// `ct original ip daddr` or `ct original ip6 daddr`.
    #[must_use]
    pub const fn ct_original_daddr(version: IpVersion) -> Self {
        match version {
            IpVersion::V4 => Self::CtOriginalIp4Daddr,
            IpVersion::V6 => Self::CtOriginalIp6Daddr,
        }
    }

    /// The type that a set's key needs in this place.
    #[must_use]
    pub const fn field(self) -> Field {
        match self {
            Self::Ip4Saddr | Self::Ip4Daddr | Self::CtOriginalIp4Saddr | Self::CtOriginalIp4Daddr => {
                Field::Ipv4Addr
            }
            Self::Ip6Saddr | Self::Ip6Daddr | Self::CtOriginalIp6Saddr | Self::CtOriginalIp6Daddr => {
                Field::Ipv6Addr
            }
            // One byte, written as a number; there is no set of ICMP types.
            Self::L4Proto | Self::IcmpType | Self::Icmpv6Type => Field::InetProto,
            Self::Sport | Self::Dport | Self::CtOriginalSport | Self::CtOriginalDport => Field::InetService,
            Self::Mark | Self::MarkAnd(_) | Self::CtMark | Self::CtMarkAnd(_) => Field::Mark,
            Self::Iifname | Self::Oifname => Field::IfName,
            Self::Iif | Self::Oif => Field::IfIndex,
        }
    }

    /// The IP version that a packet must have before this can be read.
    pub(super) const fn needs_version(self) -> Option<IpVersion> {
        match self {
            Self::Ip4Saddr | Self::Ip4Daddr | Self::IcmpType => Some(IpVersion::V4),
            Self::Ip6Saddr | Self::Ip6Daddr | Self::Icmpv6Type => Some(IpVersion::V6),
            _ => None,
        }
    }

    /// The layer 4 protocol that a packet must have before this can be read.
    pub(super) const fn needs_proto(self) -> Option<u8> {
        match self {
            Self::IcmpType => Some(1),
            Self::Icmpv6Type => Some(58),
            _ => None,
        }
    }

    /// Whether nft can use it only where the rule has settled one layer 4 protocol.
    pub(super) const fn needs_one_proto(self) -> bool {
        matches!(self, Self::CtOriginalSport | Self::CtOriginalDport)
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ip4Saddr => "ip saddr",
            Self::Ip4Daddr => "ip daddr",
            Self::Ip6Saddr => "ip6 saddr",
            Self::Ip6Daddr => "ip6 daddr",
            Self::L4Proto => "meta l4proto",
            Self::Sport => "th sport",
            Self::Dport => "th dport",
            Self::IcmpType => "icmp type",
            Self::Icmpv6Type => "icmpv6 type",
            Self::Mark => "meta mark",
            Self::MarkAnd(mask) => return write!(f, "meta mark & {mask:#010x}"),
            Self::CtMark => "ct mark",
            Self::CtMarkAnd(mask) => return write!(f, "ct mark & {mask:#010x}"),
            Self::Iifname => "iifname",
            Self::Oifname => "oifname",
            Self::Iif => "iif",
            Self::Oif => "oif",
            Self::CtOriginalIp4Saddr => "ct original ip saddr",
            Self::CtOriginalIp4Daddr => "ct original ip daddr",
            Self::CtOriginalIp6Saddr => "ct original ip6 saddr",
            Self::CtOriginalIp6Daddr => "ct original ip6 daddr",
            Self::CtOriginalSport => "ct original proto-src",
            Self::CtOriginalDport => "ct original proto-dst",
        })
    }
}

macro_rules! bits {
    ($(#[$doc:meta])* $name:ident { $($(#[$item:meta])* $flag:ident = $value:expr, $word:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name(pub(super) u32);

        impl $name {
            $($(#[$item])* pub const $flag: Self = Self($value);)*
            const WORDS: &[(u32, &str)] = &[$(($value, $word)),*];

            /// Either of the two.
            #[must_use]
            pub const fn or(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut comma = "";
                for (_, word) in Self::WORDS.iter().filter(|(bit, _)| self.0 & bit != 0) {
                    write!(f, "{comma}{word}")?;
                    comma = ",";
                }
                Ok(())
            }
        }
    };
}

bits! {
    /// States of a connection (`NF_CT_STATE_BIT`, linux/netfilter/nf_conntrack_common.h).
    CtState {
        /// Belongs to no connection and begins none.
        INVALID = 1, "invalid";
        /// Part of a connection that was answered.
        ESTABLISHED = 2, "established";
        /// Begins a connection that another one announced, or is its ICMP error.
        RELATED = 4, "related";
        /// Begins a connection.
        NEW = 8, "new";
        /// Not tracked.
        UNTRACKED = 64, "untracked";
    }
}

bits! {
    /// What is known of a connection (`IPS_*`, linux/netfilter/nf_conntrack_common.h).
    CtStatus {
        /// It was announced by another one.
        EXPECTED = 1, "expected";
        /// It was answered.
        SEEN_REPLY = 2, "seen-reply";
        /// It is not dropped early when the table is full.
        ASSURED = 4, "assured";
        /// Its first packet left.
        CONFIRMED = 8, "confirmed";
        /// Its source address is translated.
        SNAT = 16, "snat";
        /// Its destination address is translated.
        DNAT = 32, "dnat";
    }
}
