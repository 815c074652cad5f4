//! Reading back what is in a namespace.
use std::net::IpAddr;

use ipnet::IpNet;
use netlink_packet_route::{
    AddressFamily, RouteNetlinkMessage,
    address::{AddressAttribute, AddressMessage},
    link::{InfoKind, LinkAttribute, LinkFlags, LinkInfo as Info, LinkMessage},
    neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState},
    route::{RouteAddress, RouteAttribute, RouteHeader, RouteMessage},
};

use super::{Mac, Rtnl, RtnlError};

/// A link as the kernel has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkInfo {
    /// Its index.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its kind (`veth`, `vxlan`), where it has one.
    pub kind: Option<String>,
    /// Its MTU.
    pub mtu: u32,
    /// Its MAC address, where it has one.
    pub mac: Option<Mac>,
    /// Whether it is up.
    pub up: bool,
}

/// A route of the main table as the kernel has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteInfo {
    /// The destination.
    pub to: IpNet,
    /// The gateway.
    pub via: Option<IpAddr>,
    /// The link.
    pub dev: Option<u32>,
}

/// A neighbour as the kernel has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeighInfo {
    /// The link.
    pub dev: u32,
    /// Its address.
    pub ip: IpAddr,
    /// Its MAC address, where known.
    pub mac: Option<Mac>,
    /// Whether it is permanent.
    pub permanent: bool,
}

fn mac(bytes: &[u8]) -> Option<Mac> {
    bytes.try_into().ok().map(Mac)
}

fn link(message: LinkMessage) -> LinkInfo {
    let mut info = LinkInfo {
        index: message.header.index,
        name: String::new(),
        kind: None,
        mtu: 0,
        mac: None,
        up: message.header.flags.contains(LinkFlags::Up),
    };
    for attribute in message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => info.name = name,
            LinkAttribute::Mtu(mtu) => info.mtu = mtu,
            LinkAttribute::Address(bytes) => info.mac = mac(&bytes),
            LinkAttribute::LinkInfo(infos) => {
                info.kind = infos.into_iter().find_map(|i| match i {
                    Info::Kind(InfoKind::Other(name)) => Some(name),
                    Info::Kind(kind) => Some(kind.to_string()),
                    _ => None,
                });
            }
            _ => {}
        }
    }
    info
}

fn address(message: &AddressMessage) -> Option<(u32, IpNet)> {
    // On a point-to-point link `Address` is the far end; `Local` is ours where both are given.
    let own = message.attributes.iter().find_map(|a| match a {
        AddressAttribute::Local(ip) => Some(*ip),
        _ => None,
    });
    let any = message.attributes.iter().find_map(|a| match a {
        AddressAttribute::Address(ip) => Some(*ip),
        _ => None,
    });
    let net = IpNet::new(own.or(any)?, message.header.prefix_len).ok()?;
    Some((message.header.index, net))
}

fn ip(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(ip) => Some(IpAddr::V4(*ip)),
        RouteAddress::Inet6(ip) => Some(IpAddr::V6(*ip)),
        _ => None,
    }
}

fn route(message: &RouteMessage) -> Option<RouteInfo> {
    if message.header.table != RouteHeader::RT_TABLE_MAIN {
        return None;
    }
    let any = match message.header.address_family {
        AddressFamily::Inet => IpAddr::from([0; 4]),
        AddressFamily::Inet6 => IpAddr::from([0; 16]),
        _ => return None,
    };
    let (mut to, mut via, mut dev) = (any, None, None);
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Destination(address) => to = ip(address)?,
            RouteAttribute::Gateway(address) => via = ip(address),
            RouteAttribute::Oif(index) => dev = Some(*index),
            _ => {}
        }
    }
    let to = IpNet::new(to, message.header.destination_prefix_length).ok()?;
    Some(RouteInfo { to, via, dev })
}

fn neigh(message: NeighbourMessage) -> Option<NeighInfo> {
    let permanent = message.header.state == NeighbourState::Permanent;
    let (mut ip, mut found) = (None, None);
    for attribute in message.attributes {
        match attribute {
            NeighbourAttribute::Destination(NeighbourAddress::Inet(v4)) => ip = Some(v4.into()),
            NeighbourAttribute::Destination(NeighbourAddress::Inet6(v6)) => ip = Some(v6.into()),
            NeighbourAttribute::LinkLayerAddress(bytes) => found = mac(&bytes),
            _ => {}
        }
    }
    Some(NeighInfo { dev: message.header.ifindex, ip: ip?, mac: found, permanent })
}

impl Rtnl {
    /// The links of the namespace.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub fn links(&mut self) -> Result<Vec<LinkInfo>, RtnlError> {
        let request = RouteNetlinkMessage::GetLink(LinkMessage::default());
        let found = self.dump("listing links", request)?;
        let links = found.into_iter().filter_map(|m| match m {
            RouteNetlinkMessage::NewLink(message) => Some(link(message)),
            _ => None,
        });
        Ok(links.collect())
    }

    /// The addresses of the namespace, with the index of the link that has each.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub fn addresses(&mut self) -> Result<Vec<(u32, IpNet)>, RtnlError> {
        let request = RouteNetlinkMessage::GetAddress(AddressMessage::default());
        let found = self.dump("listing addresses", request)?;
        let addresses = found.into_iter().filter_map(|m| match m {
            RouteNetlinkMessage::NewAddress(message) => address(&message),
            _ => None,
        });
        Ok(addresses.collect())
    }

    /// The routes of the main table.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub fn routes(&mut self) -> Result<Vec<RouteInfo>, RtnlError> {
        let request = RouteNetlinkMessage::GetRoute(RouteMessage::default());
        let found = self.dump("listing routes", request)?;
        let routes = found.into_iter().filter_map(|m| match m {
            RouteNetlinkMessage::NewRoute(message) => route(&message),
            _ => None,
        });
        Ok(routes.collect())
    }

    /// The neighbours of the namespace.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub fn neighbours(&mut self) -> Result<Vec<NeighInfo>, RtnlError> {
        let request = RouteNetlinkMessage::GetNeighbour(NeighbourMessage::default());
        let found = self.dump("listing neighbours", request)?;
        let neighbours = found.into_iter().filter_map(|m| match m {
            RouteNetlinkMessage::NewNeighbour(message) => neigh(message),
            _ => None,
        });
        Ok(neighbours.collect())
    }
}
