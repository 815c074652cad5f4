//! Requests about links: veth pairs, VXLAN devices, flags.
use std::{
    net::IpAddr,
    os::fd::{AsRawFd, BorrowedFd},
};

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::{
    RouteNetlinkMessage,
    link::{
        AfSpecInet6, AfSpecUnspec, In6AddrGenMode, InfoData, InfoKind, InfoVeth, InfoVxlan, LinkAttribute,
        LinkFlags, LinkInfo, LinkMessage,
    },
};

use super::{Batch, Mac};

/// The interface index of `lo` in every network namespace.
pub(crate) const LOOPBACK: u32 = 1;

/// One end of a veth pair.
#[derive(Clone, Copy, Debug)]
pub struct VethEnd<'a> {
    /// The interface's name.
    pub name: &'a str,
    /// Its index; 0 lets the kernel choose.
    pub index: u32,
    /// Its MAC address; none lets the kernel choose.
    pub mac: Option<Mac>,
}

/// A veth pair.
#[derive(Clone, Copy, Debug)]
pub struct Veth<'a> {
    /// The end in the namespace of the socket.
    pub here: VethEnd<'a>,
    /// The other end.
    pub there: VethEnd<'a>,
    /// The namespace of the other end; none is the socket's own.
    pub there_ns: Option<BorrowedFd<'a>>,
    /// The MTU of both ends.
    pub mtu: u32,
}

/// A VXLAN device that learns nothing: its peers are told to it.
#[derive(Clone, Copy, Debug)]
pub struct Vxlan<'a> {
    /// The interface's name.
    pub name: &'a str,
    /// Its index; 0 lets the kernel choose.
    pub index: u32,
    /// The VXLAN network identifier.
    pub vni: u32,
    /// The UDP port, 4789 by IANA.
    pub port: u16,
    /// The underlay address that its packets come from.
    pub local: IpAddr,
    /// Its MTU: the underlay's less 50 over IPv4, 70 over IPv6.
    pub mtu: u32,
    /// Its MAC address.
    pub mac: Mac,
}

impl VethEnd<'_> {
    fn message(&self, mtu: u32) -> LinkMessage {
        let mut message = LinkMessage::default();
        message.header.index = self.index;
        // One queue is what veth uses in any case; asked for more or for nothing it allocates one a CPU and waits
        // for an RCU grace period to give the rest up, which is most of the time that a pair takes.
        message.attributes = vec![
            LinkAttribute::IfName(self.name.to_owned()),
            LinkAttribute::Mtu(mtu),
            LinkAttribute::NumTxQueues(1),
            LinkAttribute::NumRxQueues(1),
        ];
        message.attributes.extend(self.mac.map(|mac| LinkAttribute::Address(mac.0.to_vec())));
        message
    }
}

impl Batch {
    /// Makes a veth pair, both ends down (the kernel cannot make the far end up).
    pub fn add_veth(&mut self, veth: &Veth<'_>) -> &mut Self {
        let mut peer = veth.there.message(veth.mtu);
        peer.attributes.extend(veth.there_ns.map(|ns| LinkAttribute::NetNsFd(ns.as_raw_fd())));
        let mut message = veth.here.message(veth.mtu);
        message.attributes.push(LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Veth),
            LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(peer))),
        ]));
        let what = format_args!("adding veth pair {} and {}", veth.here.name, veth.there.name);
        self.push(what, RouteNetlinkMessage::NewLink(message), NLM_F_CREATE | NLM_F_EXCL)
    }

    /// Makes a VXLAN device, down.
    pub fn add_vxlan(&mut self, vxlan: &Vxlan<'_>) -> &mut Self {
        let mut message = LinkMessage::default();
        message.header.index = vxlan.index;
        let local = match vxlan.local {
            IpAddr::V4(ip) => vec![InfoVxlan::Local(ip)],
            // RFC 6935: a tunnel may leave out the checksum of the outer UDP header over IPv6.
            IpAddr::V6(ip) => {
                vec![InfoVxlan::Local6(ip), InfoVxlan::UDPZeroCsumTX(true), InfoVxlan::UDPZeroCsumRX(true)]
            }
        };
        let mut data =
            vec![InfoVxlan::Id(vxlan.vni), InfoVxlan::Port(vxlan.port), InfoVxlan::Learning(false)];
        data.extend(local);
        message.attributes = vec![
            LinkAttribute::IfName(vxlan.name.to_owned()),
            LinkAttribute::Mtu(vxlan.mtu),
            LinkAttribute::Address(vxlan.mac.0.to_vec()),
            LinkAttribute::LinkInfo(vec![
                LinkInfo::Kind(InfoKind::Vxlan),
                LinkInfo::Data(InfoData::Vxlan(data)),
            ]),
        ];
        let what = format_args!("adding VXLAN {} (id {}, local {})", vxlan.name, vxlan.vni, vxlan.local);
        self.push(what, RouteNetlinkMessage::NewLink(message), NLM_F_CREATE | NLM_F_EXCL)
    }

    /// Brings a link up.
    pub fn set_up(&mut self, index: u32) -> &mut Self {
        self.set_flags(format_args!("bringing up link {index}"), index, LinkFlags::Up)
    }

    /// Brings a link down.
    pub fn set_down(&mut self, index: u32) -> &mut Self {
        self.set_flags(format_args!("bringing down link {index}"), index, LinkFlags::empty())
    }

    fn set_flags(&mut self, what: std::fmt::Arguments<'_>, index: u32, flags: LinkFlags) -> &mut Self {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.header.flags = flags;
        message.header.change_mask = LinkFlags::Up;
        self.push(what, RouteNetlinkMessage::SetLink(message), 0)
    }

    /// Brings up the namespace's `lo`.
    pub fn loopback_up(&mut self) -> &mut Self {
        self.set_flags(format_args!("bringing up lo"), LOOPBACK, LinkFlags::Up)
    }

    /// Changes a link's MTU.
    pub fn set_mtu(&mut self, index: u32, mtu: u32) -> &mut Self {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.attributes = vec![LinkAttribute::Mtu(mtu)];
        let what = format_args!("setting MTU {mtu} on link {index}");
        self.push(what, RouteNetlinkMessage::SetLink(message), 0)
    }

    /// Keeps the kernel from giving a link an IPv6 link-local address of its own (and from announcing it).
    /// Must come before the link is brought up.
    pub fn no_link_local(&mut self, index: u32) -> &mut Self {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.attributes =
            vec![LinkAttribute::AfSpecUnspec(vec![AfSpecUnspec::Inet6(vec![AfSpecInet6::AddrGenMode(
                In6AddrGenMode::None,
            )])])];
        let what = format_args!("switching off link-local addresses on link {index}");
        self.push(what, RouteNetlinkMessage::SetLink(message), 0)
    }

    /// Deletes a link by its index.
    pub fn del_link(&mut self, index: u32) -> &mut Self {
        let mut message = LinkMessage::default();
        message.header.index = index;
        self.push(format_args!("deleting link {index}"), RouteNetlinkMessage::DelLink(message), 0)
    }

    /// Deletes a link by its name.
    pub fn del_link_named(&mut self, name: &str) -> &mut Self {
        let mut message = LinkMessage::default();
        message.attributes = vec![LinkAttribute::IfName(name.to_owned())];
        self.push(format_args!("deleting link {name}"), RouteNetlinkMessage::DelLink(message), 0)
    }
}
