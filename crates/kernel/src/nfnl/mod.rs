//! The netfilter half of netlink: the message form, attributes and the socket that nftables, NFLOG and conntrack share.
mod attr;
mod socket;
mod writer;

pub(crate) use attr::{Attrs, Messages};
pub(crate) use socket::Socket;
pub(crate) use writer::Writer;

/// `NLM_F_*` flags of a request (linux/netlink.h).
pub(crate) mod flag {
    pub const REQUEST: u16 = 0x1;
    pub const ACK: u16 = 0x4;
    pub const DUMP: u16 = 0x300;
    pub const CREATE: u16 = 0x400;
    pub const APPEND: u16 = 0x800;
    /// On an acknowledgement: the request it quotes was cut off.
    pub const CAPPED: u16 = 0x100;
    /// On an acknowledgement: attributes follow.
    pub const ACK_TLVS: u16 = 0x200;
}

/// Message types that every netlink family has.
pub(crate) const NLMSG_ERROR: u16 = 2;
/// Ends a dump.
pub(crate) const NLMSG_DONE: u16 = 3;

/// Bytes of `struct nlmsghdr`.
pub(crate) const HEADER: usize = 16;
/// Bytes of `struct nfgenmsg`, which begins every netfilter message.
pub(crate) const NFGEN: usize = 4;

/// The netfilter subsystems (linux/netfilter/nfnetlink.h).
pub(crate) mod subsystem {
    pub const CTNETLINK: u8 = 1;
    pub const ULOG: u8 = 4;
    pub const NFTABLES: u8 = 10;
}

/// The address families in `nfgenmsg` (linux/netfilter.h).
pub(crate) mod family {
    pub const UNSPEC: u8 = 0;
    pub const INET: u8 = 1;
    pub const IPV4: u8 = 2;
    pub const IPV6: u8 = 10;
}
