//! The statements that rules are made of.
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;

use super::{CtState, CtStatus, Expr, IpVersion, Key, Verdict};

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CmpOp {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
}

/// One part of a rule: a condition, which ends the rule where it does not hold, or something done to the packet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Statement {
    /// `EXPR VALUE`, `EXPR != VALUE`
    Compare {
        /// What is compared.
        left: Expr,
        /// How.
        op: CmpOp,
        /// With what: one field of `left`'s type.
        right: Key,
    },
    /// `EXPR FROM-TO` on a port, both inside.
    PortRange {
        /// A port.
        left: Expr,
        /// The lowest port that matches.
        from: u16,
        /// The highest.
        to: u16,
    },
    /// `ip saddr NET`; only on the addresses of the packet.
    InNet {
        /// An address.
        left: Expr,
        /// In the network, or not in it.
        op: CmpOp,
        /// The network.
        net: IpNet,
    },
    /// `meta nfproto ipv4`
    Version(IpVersion),
    /// `ct state A,B`, or `ct state ! A,B` where negated.
    CtState(CtState, CmpOp),
    /// `ct status A,B`, or `ct status ! A,B` where negated.
    CtStatus(CtStatus, CmpOp),
    /// `ct direction original`, or `reply`.
    CtDirection {
        /// The direction of the connection's answer.
        reply: bool,
    },
    /// `fib daddr type local`: the packet is for an address of this namespace.
    LocalDestination(CmpOp),
    /// `A . B @set`, `A . B != @set`
    Lookup {
        /// The key.
        key: Vec<Expr>,
        /// Found, or not found.
        op: CmpOp,
        /// The set's name.
        set: Arc<str>,
    },
    /// `limit rate N/second burst N packets`
    Limit(Limit),
    /// `meta mark set …`, `ct mark set …`; where a map has no such key, the rule ends here.
    SetMark {
        /// Which mark is written.
        target: MarkTarget,
        /// From what.
        source: Source,
    },
    /// `update @map { A . B timeout T : DATA }`; only for dynamic sets.
    Update {
        /// The map's name, or a set's.
        set: Arc<str>,
        /// The key.
        key: Vec<Expr>,
        /// The data; none in a set.
        data: Option<Expr>,
        /// Instead of the set's own timeout.
        timeout: Option<Duration>,
    },
    /// `dnat ip to …`, `snat ip to …`
    Nat(Nat),
    /// `masquerade`
    Masquerade(NatFlags),
    /// `log prefix "…" group N …`
    Log(Log),
    /// `counter`
    Counter,
    /// `notrack`
    Notrack,
    /// `reject …`
    Reject(Reject),
    /// `accept`, `jump CHAIN`, …
    Verdict(Verdict),
    /// `A . B vmap @map`
    VerdictMap {
        /// The key.
        key: Vec<Expr>,
        /// The map's name.
        map: Arc<str>,
    },
}

/// A mark that a rule can write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MarkTarget {
    /// `meta mark`, of this packet.
    Packet,
    /// `ct mark`, of its connection.
    Connection,
}

/// Where a mark comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A number.
    Constant(u32),
    /// Another mark, whole or masked.
    Expr(Expr),
    /// `EXPR & AND | OR` of a mark.
    Bits {
        /// A mark.
        expr: Expr,
        /// Bits that are kept.
        and: u32,
        /// Bits that are set.
        or: u32,
    },
    /// `A . B map @map`
    Map {
        /// The key.
        key: Vec<Expr>,
        /// The map's name.
        map: Arc<str>,
    },
    /// `numgen random mod M offset O`
    Random {
        /// How many numbers there are; at least 1.
        modulus: u32,
        /// The lowest.
        offset: u32,
    },
}

impl Source {
    /// `A . B map @map`
    #[must_use]
    pub fn map(key: &[Expr], map: impl Into<Arc<str>>) -> Self {
        Self::Map { key: key.to_vec(), map: map.into() }
    }

    /// `numgen random mod M`
    #[must_use]
    pub const fn random(modulus: u32) -> Self {
        Self::Random { modulus, offset: 0 }
    }
}

impl From<u32> for Source {
    fn from(value: u32) -> Self {
        Self::Constant(value)
    }
}

impl From<Expr> for Source {
    fn from(expr: Expr) -> Self {
        Self::Expr(expr)
    }
}

/// An address translation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Nat {
    /// Of the source or of the destination.
    pub kind: NatKind,
    /// Of which IP version.
    pub version: IpVersion,
    /// The new address.
    pub to: NatTo,
    /// How a port is chosen.
    pub flags: NatFlags,
}

/// Which address is translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NatKind {
    /// `snat`
    Source,
    /// `dnat`
    Destination,
}

/// The new address of a translation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NatTo {
    /// An address, and a port: nft takes a port only where the rule has settled the layer 4 protocol.
    Address(IpAddr, Option<u16>),
    /// The data of a map.
    Map {
        /// The key.
        key: Vec<Expr>,
        /// The map's name.
        map: Arc<str>,
        /// The data is `address . port`, not an address alone; the same restriction.
        with_port: bool,
    },
}

/// How a translation chooses the port (`NF_NAT_RANGE_*`, linux/netfilter/nf_nat.h).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NatFlags {
    /// A random port.
    pub random: bool,
    /// A random port that no seed foretells: fewest collisions of many connections at once.
    pub fully_random: bool,
    /// The same address for all connections of a client.
    pub persistent: bool,
}

impl NatFlags {
    /// No flag.
    pub const NONE: Self = Self { random: false, fully_random: false, persistent: false };
    /// `fully-random` alone.
    pub const FULLY_RANDOM: Self = Self { fully_random: true, ..Self::NONE };

    pub(super) const fn bits(self) -> u32 {
        (self.random as u32) << 2 | (self.persistent as u32) << 3 | (self.fully_random as u32) << 4
    }
}

/// How a packet is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reject {
    /// `icmpx port-unreachable`, of the packet's own IP version.
    PortUnreachable,
    /// `icmpx host-unreachable`
    HostUnreachable,
    /// `icmpx no-route`
    NoRoute,
    /// `icmpx admin-prohibited`
    AdminProhibited,
    /// `tcp reset`; only for TCP, so behind `L4Proto`.
    TcpReset,
}

/// A report to an NFLOG group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Log {
    /// At most 127 bytes, no quotation mark.
    pub prefix: Arc<str>,
    /// The group that reads it.
    pub group: u16,
    /// How many bytes of the packet are sent; all where none is given.
    pub snaplen: Option<u32>,
    /// How many reports the kernel gathers before it sends them.
    pub queue_threshold: Option<u16>,
}

/// The unit of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeUnit {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
}

/// A rate of packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limit {
    /// Packets in a unit; at least 1.
    pub rate: u64,
    /// The unit.
    pub per: TimeUnit,
    /// Packets beyond the rate before it holds.
    pub burst: u32,
    /// Matches what exceeds the rate, not what keeps it.
    pub over: bool,
}
