//! The world outside of the cluster: one namespace that has every address which is not the cluster's.
use std::{collections::BTreeSet, net::IpAddr};

use ipnet::IpNet;
use netloom_cluster::{Peer, PortMatch, Protocol, ServiceKind, Snapshot};
use netloom_kernel::{
    fabric::{Attached, Attachment, CHILD_INDEX, FabricError, GATEWAY_V4, GATEWAY_V6, Router},
    netns::{Here, NetNs},
    rtnl::{Batch, Route, RouteKind, Rtnl},
    sysctl,
};

use crate::EmbeddedError;

/// Ports of egress rules that are opened outside at most.
const MAX_PORTS: usize = 64;

/// The outside.
pub(crate) struct Outside {
    attached: Attached,
    rtnl: Rtnl,
    inside: BTreeSet<IpAddr>,
}

impl Outside {
    /// Makes it and leads what is nobody's there.
    pub fn create(here: &mut Here, fabric: &mut Router, snapshot: &Snapshot) -> Result<Self, EmbeddedError> {
        let plan = &snapshot.plan;
        let attachment = Attachment {
            of: "outside".to_owned(),
            link: None,
            v4: plan.outside.v4,
            v6: plan.outside.v6,
            mtu: 1500,
        };
        let attached = fabric.attach(here, &attachment)?;
        here.enter(&attached.ns)?;
        // IPv6 lets a client have only addresses of an interface, otherwise (ip-sysctl).
        sysctl::write_if_present("net/ipv6/ip_nonlocal_bind", "1").map_err(FabricError::from)?;
        let mut rtnl = Rtnl::open()?;
        let mut batch = Batch::new("outside");
        for ip in plan.outside.iter() {
            let everything = everything(ip);
            fabric.route_to(&attached, everything)?;
            let same_family = |net: &IpNet| net.network().is_ipv4() == ip.is_ipv4();
            let inside =
                [plan.pod_cidrs, plan.lb_cidrs, plan.node_cidrs].into_iter().flat_map(|nets| nets.iter());
            let pods = snapshot.nodes.iter().flat_map(|n| n.pod_cidrs.iter());
            let nodes = snapshot.nodes.iter().flat_map(|n| n.ips.iter()).map(IpNet::from);
            let nets: BTreeSet<IpNet> = inside.chain(pods).chain(nodes).filter(same_family).collect();
            for net in nets {
                batch.set_route(&Route::via(net, gateway(ip), CHILD_INDEX));
            }
            for net in plan.service_cidrs.iter().filter(same_family) {
                batch.set_route(&Route::new(net, RouteKind::Unreachable));
            }
            // Else the gateway, too, would be taken for an address of the outside's own.
            batch.set_route(&Route::dev(IpNet::from(gateway(ip)), CHILD_INDEX));
            // Any other address is the outside's own: clients may have it and servers answer on it (AnyIP).
            batch.del_route(&Route::via(everything, gateway(ip), CHILD_INDEX));
            batch.add_route(&Route {
                dev: Some(LOOPBACK),
                table: Some(MAIN_TABLE),
                ..Route::new(everything, RouteKind::Local)
            });
        }
        rtnl.commit(&mut batch)?;
        Ok(Self { attached, rtnl, inside: BTreeSet::new() })
    }

    pub const fn ns(&self) -> &NetNs {
        &self.attached.ns
    }

    /// Leads single addresses into the cluster, and only these.
    pub fn lead_inside(
        &mut self,
        _here: &mut Here,
        addresses: impl Iterator<Item = IpAddr>,
    ) -> Result<(), EmbeddedError> {
        let own: Vec<bool> = vec![self.has(true), self.has(false)];
        let wanted: BTreeSet<IpAddr> = addresses.filter(|ip| own[usize::from(!ip.is_ipv4())]).collect();
        let mut batch = Batch::new("outside");
        for ip in wanted.difference(&self.inside) {
            batch.set_route(&Route::via(IpNet::from(*ip), gateway(*ip), CHILD_INDEX));
        }
        for ip in self.inside.difference(&wanted) {
            batch.del_route(&Route::via(IpNet::from(*ip), gateway(*ip), CHILD_INDEX)).or_missing();
        }
        if !batch.is_empty() {
            self.rtnl.commit(&mut batch)?;
        }
        self.inside = wanted;
        Ok(())
    }

    fn has(&self, v4: bool) -> bool {
        self.attached.ips.iter().any(|ip| ip.is_ipv4() == v4)
    }
}

const LOOPBACK: u32 = 1;
/// RT_TABLE_MAIN: in the local table, which is asked first, the route would hide those that lead inside.
const MAIN_TABLE: u32 = 254;

const fn gateway(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => IpAddr::V4(GATEWAY_V4),
        IpAddr::V6(_) => IpAddr::V6(GATEWAY_V6),
    }
}

fn everything(ip: IpAddr) -> IpNet {
    // A prefix of 0 is valid for every address.
    IpNet::new_assert(if ip.is_ipv4() { IpAddr::from([0, 0, 0, 0]) } else { IpAddr::from([0u16; 8]) }, 0)
}

/// The ports that something answers on outside: those that are [`asked`] about, and all that the endpoints of Services
/// outside of the cluster have, or that Services have which are a name outside.
pub(crate) fn ports(snapshot: &Snapshot) -> BTreeSet<(Protocol, u16)> {
    let mut ports = asked(snapshot);
    for service in snapshot.services.iter() {
        let named = matches!(service.kind, ServiceKind::ExternalName(_));
        for (nth, port) in service.ports.iter().enumerate() {
            let aims = service
                .endpoints
                .iter()
                .filter(|e| e.pod.is_none())
                .filter_map(|e| e.ports.get(nth)?.as_ref());
            ports.extend(aims.map(|aim| (port.protocol, *aim)));
            ports.extend(named.then_some((port.protocol, port.port)));
        }
    }
    ports.retain(|(protocol, _)| matches!(protocol, Protocol::Tcp | Protocol::Udp));
    ports
}

/// The ports on which addresses outside are tried: the web's, DNS's, and those that egress rules towards addresses name.
pub(crate) fn asked(snapshot: &Snapshot) -> BTreeSet<(Protocol, u16)> {
    let mut ports =
        BTreeSet::from([(Protocol::Tcp, 80), (Protocol::Tcp, 443), (Protocol::Tcp, 53), (Protocol::Udp, 53)]);
    let rules = snapshot.policies.iter().flat_map(|p| p.egress.iter().flatten());
    let outward = rules
        .filter(|r| r.peers.as_ref().is_none_or(|p| p.iter().any(|p| matches!(p.peer, Peer::Block(..)))));
    for port in outward.flat_map(|r| r.ports.iter().flatten()) {
        if let PortMatch::Range(protocol, low, _) = port.port
            && protocol != Protocol::Sctp
            && ports.len() < MAX_PORTS
        {
            ports.insert((protocol, low));
        }
    }
    ports
}
