//! Requests about addresses and routes.
use std::{fmt, net::IpAddr};

use ipnet::IpNet;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE};
use netlink_packet_route::{
    AddressFamily, RouteNetlinkMessage,
    address::{AddressAttribute, AddressHeaderFlags, AddressMessage, AddressScope},
    route::{RouteAttribute, RouteFlags, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType},
};

use super::{Batch, link::LOOPBACK};

/// The table in which the kernel keeps what is its own (linux/rtnetlink.h).
const RT_TABLE_LOCAL: u8 = 255;

pub(super) fn family(ip: IpAddr) -> AddressFamily {
    match ip {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    }
}

/// What a route does with its packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RouteKind {
    /// Sends them on.
    #[default]
    Unicast,
    /// Takes them as this namespace's own.
    Local,
    /// Drops them.
    Blackhole,
    /// Drops them and tells the sender.
    Unreachable,
}

/// A route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Route {
    /// The destination.
    pub to: IpNet,
    /// What it does.
    pub kind: RouteKind,
    /// The link that packets leave by.
    pub dev: Option<u32>,
    /// The gateway.
    pub via: Option<IpAddr>,
    /// Whether the gateway is taken to be on the link although no route leads there.
    pub onlink: bool,
    /// The source address that sockets without one get.
    pub source: Option<IpAddr>,
    /// The routing table; none is the main one (the local one for [`RouteKind::Local`]).
    pub table: Option<u32>,
    /// The metric; none lets the kernel choose.
    pub metric: Option<u32>,
}

impl Route {
    /// A route of a kind, to be completed.
    #[must_use]
    pub const fn new(to: IpNet, kind: RouteKind) -> Self {
        Self { to, kind, dev: None, via: None, onlink: false, source: None, table: None, metric: None }
    }

    /// A route straight onto a link.
    #[must_use]
    pub const fn dev(to: IpNet, dev: u32) -> Self {
        Self { dev: Some(dev), ..Self::new(to, RouteKind::Unicast) }
    }

    /// A route by a gateway that is reached on a link without a route of its own.
    #[must_use]
    pub const fn via(to: IpNet, via: IpAddr, dev: u32) -> Self {
        Self { via: Some(via), onlink: true, ..Self::dev(to, dev) }
    }

    /// The same with a preferred source address.
    #[must_use]
    pub const fn with_source(self, source: IpAddr) -> Self {
        Self { source: Some(source), ..self }
    }

    /// A route that makes every address of a range this namespace's own (AnyIP).
    #[must_use]
    pub const fn local(to: IpNet) -> Self {
        Self { dev: Some(super::link::LOOPBACK), ..Self::new(to, RouteKind::Local) }
    }

    fn message(&self) -> RouteMessage {
        let v4 = matches!(self.to, IpNet::V4(_));
        let table = match self.kind {
            _ if self.table.is_some() => RouteHeader::RT_TABLE_UNSPEC,
            RouteKind::Local => RT_TABLE_LOCAL,
            _ => RouteHeader::RT_TABLE_MAIN,
        };
        let scope = match self.kind {
            RouteKind::Local if v4 => RouteScope::Host,
            RouteKind::Unicast if v4 && self.via.is_none() => RouteScope::Link,
            _ => RouteScope::Universe,
        };
        let header = RouteHeader {
            address_family: family(self.to.addr()),
            destination_prefix_length: self.to.prefix_len(),
            table,
            protocol: RouteProtocol::Static,
            scope,
            kind: match self.kind {
                RouteKind::Unicast => RouteType::Unicast,
                RouteKind::Local => RouteType::Local,
                RouteKind::Blackhole => RouteType::BlackHole,
                RouteKind::Unreachable => RouteType::Unreachable,
            },
            flags: if self.onlink { RouteFlags::Onlink } else { RouteFlags::empty() },
            ..RouteHeader::default()
        };
        let mut attributes = vec![RouteAttribute::Destination(self.to.network().into())];
        attributes.extend(self.via.map(|via| RouteAttribute::Gateway(via.into())));
        attributes.extend(self.dev.map(RouteAttribute::Oif));
        attributes.extend(self.source.map(|source| RouteAttribute::PrefSource(source.into())));
        attributes.extend(self.table.map(RouteAttribute::Table));
        attributes.extend(self.metric.map(RouteAttribute::Priority));
        let mut message = RouteMessage::default();
        message.header = header;
        message.attributes = attributes;
        message
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            RouteKind::Unicast => "",
            RouteKind::Local => "local ",
            RouteKind::Blackhole => "blackhole ",
            RouteKind::Unreachable => "unreachable ",
        };
        write!(f, "{kind}{}", self.to)?;
        if let Some(via) = self.via {
            write!(f, " via {via}")?;
        }
        if let Some(dev) = self.dev {
            write!(f, " dev {dev}")?;
        }
        Ok(())
    }
}

fn address_message(index: u32, address: IpNet) -> AddressMessage {
    let ip = address.addr();
    let mut message = AddressMessage::default();
    message.header.family = family(ip);
    message.header.prefix_len = address.prefix_len();
    message.header.index = index;
    // An address of `lo` is not what the namespace's packets leave with.
    if index == LOOPBACK {
        message.header.scope = AddressScope::Host;
    }
    message.attributes = vec![AddressAttribute::Address(ip)];
    match ip {
        IpAddr::V4(_) => message.attributes.push(AddressAttribute::Local(ip)),
        // The address plan already makes it unique; detection would hold it back for a second and more.
        IpAddr::V6(_) => message.header.flags = AddressHeaderFlags::Nodad,
    }
    message
}

impl Batch {
    /// Gives a link an address, usable at once.
    pub fn add_address(&mut self, index: u32, address: IpNet) -> &mut Self {
        let message = RouteNetlinkMessage::NewAddress(address_message(index, address));
        let what = format_args!("adding address {address} to link {index}");
        self.push(what, message, NLM_F_CREATE | NLM_F_EXCL)
    }

    /// Takes an address from a link.
    pub fn del_address(&mut self, index: u32, address: IpNet) -> &mut Self {
        let message = RouteNetlinkMessage::DelAddress(address_message(index, address));
        self.push(format_args!("removing address {address} from link {index}"), message, 0)
    }

    /// Adds a route, or replaces the one to the same destination.
    pub fn set_route(&mut self, route: &Route) -> &mut Self {
        let message = RouteNetlinkMessage::NewRoute(route.message());
        self.push(format_args!("adding route {route}"), message, NLM_F_CREATE | NLM_F_REPLACE)
    }

    /// Adds a route; one to the same destination must not be there.
    pub fn add_route(&mut self, route: &Route) -> &mut Self {
        let message = RouteNetlinkMessage::NewRoute(route.message());
        self.push(format_args!("adding route {route}"), message, NLM_F_CREATE | NLM_F_EXCL)
    }

    /// Deletes a route.
    pub fn del_route(&mut self, route: &Route) -> &mut Self {
        let message = RouteNetlinkMessage::DelRoute(route.message());
        self.push(format_args!("deleting route {route}"), message, 0)
    }
}
