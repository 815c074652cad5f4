//! Requests about permanent neighbours and the forwarding entries of a VXLAN device.
use std::net::IpAddr;

use netlink_packet_core::{NLM_F_APPEND, NLM_F_CREATE, NLM_F_REPLACE};
use netlink_packet_route::{
    AddressFamily, RouteNetlinkMessage,
    neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourFlags, NeighbourMessage, NeighbourState},
};

use super::{Batch, Mac, route::family};

/// A permanent neighbour: its address is never asked for on the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Neigh {
    /// The link.
    pub dev: u32,
    /// The neighbour's address.
    pub ip: IpAddr,
    /// Its MAC address.
    pub mac: Mac,
}

/// Where a VXLAN device sends the frames for a MAC address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FdbEntry {
    /// The VXLAN device.
    pub dev: u32,
    /// The MAC address.
    pub mac: Mac,
    /// The underlay address behind which it is.
    pub to: IpAddr,
}

fn address(ip: IpAddr) -> NeighbourAddress {
    match ip {
        IpAddr::V4(ip) => NeighbourAddress::Inet(ip),
        IpAddr::V6(ip) => NeighbourAddress::Inet6(ip),
    }
}

impl Neigh {
    fn message(&self) -> NeighbourMessage {
        let mut message = NeighbourMessage::default();
        message.header.family = family(self.ip);
        message.header.ifindex = self.dev;
        message.header.state = NeighbourState::Permanent;
        message.attributes = vec![
            NeighbourAttribute::Destination(address(self.ip)),
            NeighbourAttribute::LinkLayerAddress(self.mac.0.to_vec()),
        ];
        message
    }
}

impl FdbEntry {
    fn message(&self) -> NeighbourMessage {
        let mut message = NeighbourMessage::default();
        message.header.family = AddressFamily::Bridge;
        message.header.ifindex = self.dev;
        message.header.state = NeighbourState::Permanent;
        message.header.flags = NeighbourFlags::Own;
        message.attributes = vec![
            NeighbourAttribute::LinkLayerAddress(self.mac.0.to_vec()),
            NeighbourAttribute::Destination(address(self.to)),
        ];
        message
    }
}

impl Batch {
    /// Adds a permanent neighbour, or replaces the one of that address.
    pub fn set_neigh(&mut self, neigh: &Neigh) -> &mut Self {
        let what = format_args!("adding neighbour {} at {} on link {}", neigh.ip, neigh.mac, neigh.dev);
        self.push(what, RouteNetlinkMessage::NewNeighbour(neigh.message()), NLM_F_CREATE | NLM_F_REPLACE)
    }

    /// Deletes a neighbour.
    pub fn del_neigh(&mut self, neigh: &Neigh) -> &mut Self {
        let what = format_args!("deleting neighbour {} on link {}", neigh.ip, neigh.dev);
        self.push(what, RouteNetlinkMessage::DelNeighbour(neigh.message()), 0)
    }

    /// Adds a forwarding entry; an all-zero MAC address may have several.
    pub fn add_fdb(&mut self, entry: &FdbEntry) -> &mut Self {
        let what = format_args!("forwarding {} to {} on link {}", entry.mac, entry.to, entry.dev);
        let flags = if entry.mac == Mac([0; 6]) { NLM_F_APPEND } else { NLM_F_REPLACE };
        self.push(what, RouteNetlinkMessage::NewNeighbour(entry.message()), NLM_F_CREATE | flags)
    }

    /// Deletes a forwarding entry.
    pub fn del_fdb(&mut self, entry: &FdbEntry) -> &mut Self {
        let what = format_args!("no longer forwarding {} to {} on link {}", entry.mac, entry.to, entry.dev);
        self.push(what, RouteNetlinkMessage::DelNeighbour(entry.message()), 0)
    }
}
