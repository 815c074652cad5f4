//! Routers and what hangs on them: pods under a node, nodes and the outside under the fabric that joins them.
//!
//! There is no bridge. Every child has a veth pair to its router, an address of its own (/32 and /128), and a default
//! route to a gateway address that nobody has, whose MAC address is told and never asked for; the router has a route
//! and a permanent neighbour for each child. So no ARP and no neighbour discovery happens at all, and a router holds
//! as many children as it has memory for.
#![forbid(unsafe_code)]

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    os::fd::AsFd,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::{
    netns::{Here, NetNs, NsError},
    rtnl::{Batch, FdbEntry, Mac, Neigh, Route, RouteKind, Rtnl, RtnlError, Veth, VethEnd, Vxlan},
    sysctl::{self, SysctlError},
};

/// The MAC address of every router's end of a veth pair.
pub const ROUTER_MAC: Mac = Mac([0xee; 6]);
/// The IPv4 gateway of every child; no interface has it.
pub const GATEWAY_V4: Ipv4Addr = Ipv4Addr::new(169, 254, 1, 1);
/// The IPv6 gateway of every child; no interface has it.
pub const GATEWAY_V6: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
/// The name of a child's interface.
pub const CHILD_LINK: &str = "eth0";
/// The index of a child's interface. Above what tunnel modules (sit0, tunl0, …) occupy in every new namespace.
pub const CHILD_INDEX: u32 = 100;
/// The UDP port of VXLAN (IANA).
pub const VXLAN_PORT: u16 = 4789;

const FIRST_ROUTER_INDEX: u32 = 1000;
const OVERLAY_LINK: &str = "vxlan0";
const OVERLAY_INDEX: u32 = 101;

/// Why a namespace could not be wired.
#[derive(Debug, thiserror::Error)]
pub enum FabricError {
    /// A namespace could not be made or entered.
    #[error(transparent)]
    Ns(#[from] NsError),
    /// A link, address or route was refused.
    #[error(transparent)]
    Rtnl(#[from] RtnlError),
    /// A sysctl was refused.
    #[error(transparent)]
    Sysctl(#[from] SysctlError),
}

/// How a child is attached to its router.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachment {
    /// Whom errors name: `pod shop/web-0`, `node worker-1`.
    pub of: String,
    /// The name of the router's end of the link (at most 15 bytes); none: `veth` and its index.
    pub link: Option<String>,
    /// The child's IPv4 address.
    pub v4: Option<Ipv4Addr>,
    /// The child's IPv6 address.
    pub v6: Option<Ipv6Addr>,
    /// The MTU of the link.
    pub mtu: u32,
}

impl Attachment {
    fn ips(&self) -> impl Iterator<Item = IpAddr> {
        self.v4.map(IpAddr::V4).into_iter().chain(self.v6.map(IpAddr::V6))
    }
}

/// A child that hangs on a router.
#[derive(Debug)]
pub struct Attached {
    /// The child's namespace.
    pub ns: NetNs,
    /// The index of the router's end of the link.
    pub link_index: u32,
    /// The MAC address of the child's end.
    pub mac: Mac,
    /// The child's addresses.
    pub ips: Vec<IpAddr>,
}

/// The overlay network's device on one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlay {
    /// The VXLAN network identifier.
    pub vni: u32,
    /// This node's underlay address; all nodes of an overlay use the same family.
    pub local: IpAddr,
    /// The MTU of pods: see [`overlay_mtu`].
    pub mtu: u32,
}

/// Another node of the overlay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverlayPeer {
    /// Its underlay address.
    pub underlay: IpAddr,
    /// The pod ranges behind it.
    pub nets: Vec<IpNet>,
}

/// What is left of an underlay's MTU inside VXLAN: 50 bytes less over IPv4, 70 less over IPv6 (RFC 7348).
#[must_use]
pub const fn overlay_mtu(underlay_mtu: u32, underlay: IpAddr) -> u32 {
    underlay_mtu.saturating_sub(match underlay {
        IpAddr::V4(_) => 50,
        IpAddr::V6(_) => 70,
    })
}

/// A MAC address that follows from an address: locally administered, the same in every run.
#[must_use]
pub fn mac_of(ip: IpAddr) -> Mac {
    let low = match ip {
        IpAddr::V4(ip) => u32::from(ip),
        IpAddr::V6(ip) => fold(ip),
    };
    let [a, b, c, d] = low.to_be_bytes();
    Mac([0x0a, 0x58, a, b, c, d])
}

/// FNV-1a over the address: neighbouring addresses differ, and so do equal hosts of different prefixes.
fn fold(ip: Ipv6Addr) -> u32 {
    ip.octets().iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

fn host_net(ip: IpAddr) -> IpNet {
    IpNet::from(ip)
}

const fn any(ip: IpAddr) -> IpNet {
    match ip {
        IpAddr::V4(_) => IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 0)),
        IpAddr::V6(_) => IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 0)),
    }
}

const fn gateway(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => IpAddr::V4(GATEWAY_V4),
        IpAddr::V6(_) => IpAddr::V6(GATEWAY_V6),
    }
}

/// A namespace that forwards between its children: a node, or the fabric that joins the nodes.
#[derive(Debug)]
pub struct Router {
    ns: NetNs,
    rtnl: Rtnl,
    name: String,
    next_index: u32,
    /// Whether new namespaces of this machine begin with IPv6 switched off.
    ipv6_is_off: bool,
}

impl Router {
    /// Makes a namespace and sets it up as a router. `name` is for errors: `node worker-1`.
    ///
    /// # Errors
    /// When the kernel refuses the namespace, its sysctls or its loopback.
    pub fn create(here: &mut Here, name: &str) -> Result<Self, FabricError> {
        let ns = here.create()?;
        let ipv6_is_off = sysctl::ipv6_is_off();
        sysctl::make_router()?;
        let mut rtnl = Rtnl::open()?;
        rtnl.commit(Batch::new(name).loopback_up())?;
        Ok(Self { ns, rtnl, name: name.to_owned(), next_index: FIRST_ROUTER_INDEX, ipv6_is_off })
    }

    /// Its namespace.
    #[must_use]
    pub const fn ns(&self) -> &NetNs {
        &self.ns
    }

    /// Its rtnetlink socket, for routes and addresses beyond those that attaching sets.
    pub const fn rtnl(&mut self) -> &mut Rtnl {
        &mut self.rtnl
    }

    /// An empty batch whose errors name this router.
    #[must_use]
    pub fn batch(&self) -> Batch {
        Batch::new(self.name.as_str())
    }

    /// Makes a namespace for a child and attaches it.
    ///
    /// # Errors
    /// The first refusal of the kernel.
    pub fn attach(&mut self, here: &mut Here, attachment: &Attachment) -> Result<Attached, FabricError> {
        let ns = here.create()?;
        self.attach_existing(here, ns, attachment)
    }

    /// Makes namespaces for many children and attaches them: faster than one by one.
    ///
    /// # Errors
    /// The first refusal of the kernel.
    pub fn attach_all<'a>(
        &mut self,
        here: &mut Here,
        attachments: impl IntoIterator<Item = &'a Attachment>,
    ) -> Result<Vec<Attached>, FabricError> {
        let mut routes = self.batch();
        let mut attached = Vec::new();
        for attachment in attachments {
            let ns = here.create()?;
            let child = self.wire(ns, attachment)?;
            child.route_from(&mut routes, &attachment.of);
            attached.push(child);
        }
        self.rtnl.commit(&mut routes)?;
        Ok(attached)
    }

    /// Attaches a namespace that exists already: a node's to the fabric.
    ///
    /// # Errors
    /// The first refusal of the kernel.
    pub fn attach_existing(
        &mut self,
        here: &mut Here,
        child: NetNs,
        attachment: &Attachment,
    ) -> Result<Attached, FabricError> {
        here.enter(&child)?;
        let attached = self.wire(child, attachment)?;
        let mut routes = self.batch();
        attached.route_from(&mut routes, &attachment.of);
        self.rtnl.commit(&mut routes)?;
        Ok(attached)
    }

    /// Makes the link from inside the child's namespace (where the calling thread is) and sets up the child's side.
    fn wire(&mut self, ns: NetNs, attachment: &Attachment) -> Result<Attached, FabricError> {
        let link_index = self.next_index;
        self.next_index += 1;
        let link = attachment.link.clone().unwrap_or_else(|| format!("veth{link_index}"));
        let ips: Vec<IpAddr> = attachment.ips().collect();
        let mac = mac_of(ips.first().copied().unwrap_or(IpAddr::V4(Ipv4Addr::from(link_index))));
        let mut batch = Batch::new(attachment.of.as_str());
        batch.add_veth(&Veth {
            here: VethEnd { name: CHILD_LINK, index: CHILD_INDEX, mac: Some(mac) },
            there: VethEnd { name: &link, index: link_index, mac: Some(ROUTER_MAC) },
            there_ns: Some(self.ns.as_fd()),
            mtu: attachment.mtu,
        });
        batch.loopback_up();
        if attachment.v6.is_some() {
            if self.ipv6_is_off {
                sysctl::switch_ipv6_on()?;
            }
            batch.no_link_local(CHILD_INDEX);
        }
        batch.set_up(CHILD_INDEX);
        for ip in &ips {
            let gateway = gateway(*ip);
            batch
                .add_address(CHILD_INDEX, host_net(*ip))
                .set_neigh(&Neigh { dev: CHILD_INDEX, ip: gateway, mac: ROUTER_MAC })
                .add_route(&Route::via(any(*ip), gateway, CHILD_INDEX));
        }
        Rtnl::open()?.commit(&mut batch)?;
        sysctl::answer_every_refusal()?;
        Ok(Attached { ns, link_index, mac, ips })
    }

    /// Removes a child's link, and with it its routes and neighbours. Its namespace ends with its last handle.
    ///
    /// # Errors
    /// When the kernel refuses; a link that is gone already is no error.
    pub fn detach(&mut self, child: &Attached) -> Result<(), FabricError> {
        let mut batch = self.batch();
        batch.del_link(child.link_index).or_missing();
        Ok(self.rtnl.commit(&mut batch)?)
    }

    /// Routes a range to a child (pod ranges to their node, where there is no overlay).
    ///
    /// # Errors
    /// When the kernel refuses, or the child has no address of the range's family.
    pub fn route_to(&mut self, child: &Attached, net: IpNet) -> Result<(), FabricError> {
        let mut batch = self.batch();
        Ok(self.rtnl.commit(batch.set_route(&child.route(net)))?)
    }

    /// Takes back what [`Self::route_to`] said.
    ///
    /// # Errors
    /// When the kernel refuses; a route that is gone already is no error.
    pub fn unroute(&mut self, child: &Attached, net: IpNet) -> Result<(), FabricError> {
        let mut batch = self.batch();
        batch.del_route(&child.route(net)).or_missing();
        Ok(self.rtnl.commit(&mut batch)?)
    }

    /// Refuses what no more special route takes: addresses of a pod range that no pod has.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn unreachable(&mut self, net: IpNet) -> Result<(), FabricError> {
        let mut batch = self.batch();
        Ok(self.rtnl.commit(batch.set_route(&Route::new(net, RouteKind::Unreachable)))?)
    }

    /// Sends an address of a range that [`Self::unreachable`] refuses up to this router's own router: a Service may have
    /// it, and what a node itself sends is routed before it is translated.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn send_up(&mut self, ip: IpAddr) -> Result<(), FabricError> {
        let mut batch = self.batch();
        Ok(self.rtnl.commit(batch.set_route(&Route::via(host_net(ip), gateway(ip), CHILD_INDEX)))?)
    }

    /// Takes back what [`Self::send_up`] said.
    ///
    /// # Errors
    /// When the kernel refuses; a route that is gone already is no error.
    pub fn send_up_no_more(&mut self, ip: IpAddr) -> Result<(), FabricError> {
        let mut batch = self.batch();
        batch.del_route(&Route::via(host_net(ip), gateway(ip), CHILD_INDEX)).or_missing();
        Ok(self.rtnl.commit(&mut batch)?)
    }

    /// Makes the overlay's device on this node.
    ///
    /// # Errors
    /// When the kernel refuses; the vxlan module may have to be loaded.
    pub fn join_overlay(&mut self, overlay: &Overlay) -> Result<(), FabricError> {
        let mut batch = self.batch();
        batch.add_vxlan(&Vxlan {
            name: OVERLAY_LINK,
            index: OVERLAY_INDEX,
            vni: overlay.vni,
            port: VXLAN_PORT,
            local: overlay.local,
            mtu: overlay.mtu,
            mac: mac_of(overlay.local),
        });
        if sysctl::has_ipv6() {
            batch.no_link_local(OVERLAY_INDEX);
        }
        batch.set_up(OVERLAY_INDEX);
        Ok(self.rtnl.commit(&mut batch)?)
    }

    /// Tells the overlay of another node: what is behind it and where it is.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn add_overlay_peer(&mut self, peer: &OverlayPeer) -> Result<(), FabricError> {
        let mut batch = self.batch();
        let mac = mac_of(peer.underlay);
        batch.add_fdb(&FdbEntry { dev: OVERLAY_INDEX, mac, to: peer.underlay });
        for net in &peer.nets {
            // As flannel does: a range's first address stands for its node.
            let via = net.network();
            batch.set_neigh(&Neigh { dev: OVERLAY_INDEX, ip: via, mac }).set_route(&Route::via(
                *net,
                via,
                OVERLAY_INDEX,
            ));
        }
        Ok(self.rtnl.commit(&mut batch)?)
    }

    /// Forgets another node of the overlay.
    ///
    /// # Errors
    /// When the kernel refuses; what is gone already is no error.
    pub fn del_overlay_peer(&mut self, peer: &OverlayPeer) -> Result<(), FabricError> {
        let mut batch = self.batch();
        let mac = mac_of(peer.underlay);
        for net in &peer.nets {
            let via = net.network();
            batch.del_route(&Route::via(*net, via, OVERLAY_INDEX)).or_missing();
            batch.del_neigh(&Neigh { dev: OVERLAY_INDEX, ip: via, mac }).or_missing();
        }
        batch.del_fdb(&FdbEntry { dev: OVERLAY_INDEX, mac, to: peer.underlay }).or_missing();
        Ok(self.rtnl.commit(&mut batch)?)
    }
}

impl Attached {
    /// The route of a range to this child.
    fn route(&self, net: IpNet) -> Route {
        match self.ips.iter().find(|ip| ip.is_ipv4() == matches!(net, IpNet::V4(_))) {
            Some(via) => Route::via(net, *via, self.link_index),
            None => Route::dev(net, self.link_index),
        }
    }

    fn route_from(&self, routes: &mut Batch, of: &str) {
        routes.on_behalf_of(of).set_up(self.link_index);
        for ip in &self.ips {
            routes.set_route(&Route::dev(host_net(*ip), self.link_index)).set_neigh(&Neigh {
                dev: self.link_index,
                ip: *ip,
                mac: self.mac,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn mac_addresses_follow_from_addresses() {
        assert_eq!(mac_of([10, 244, 1, 5].into()).to_string(), "0a:58:0a:f4:01:05");
        let v6 = |net: u16, host: u16| IpAddr::from([0xfd00, 0x10, 0, net, 0, 0, 0, host]);
        let many = (0..8).flat_map(|net| (0..2000).map(move |host| v6(net, host)));
        let macs: BTreeSet<Mac> = many.map(mac_of).collect();
        assert_eq!(macs.len(), 16_000);
        assert!(macs.iter().all(|mac| mac.0[0] & 3 == 2), "locally administered, not multicast");
    }

    #[test]
    fn the_overlay_takes_its_headers_from_the_mtu() {
        for (mtu, underlay, expected) in
            [(1500, "10.0.0.1", 1450), (1500, "fd00::1", 1430), (9000, "10.0.0.1", 8950), (10, "10.0.0.1", 0)]
        {
            assert_eq!(overlay_mtu(mtu, underlay.parse().unwrap()), expected);
        }
    }
}
