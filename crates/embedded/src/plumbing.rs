//! The kernel's side of the network: namespaces, links, routes and nftables of every node, kept equal to a World.
mod steps;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv6Addr, TcpListener, UdpSocket},
    sync::Arc,
};

use ipnet::IpNet;
use netloom_cluster::{Nets, Node, NodeId, Pod, Protocol, Service, Snapshot};
use netloom_kernel::{
    conntrack::Conntrack,
    fabric::{Attached, Attachment, FabricError, Overlay as OverlayDevice, OverlayPeer, Router, overlay_mtu},
    in_flight::InFlight,
    netns::{Here, NetNs},
    nflog::Nflog,
    nft::Netfilter,
    sockets,
};
use netloom_node::{Firewall, LOG_GROUP};
use netloom_policy::Placed;
use netloom_routing::announced;

use crate::{EmbeddedError, Overlay, nodes, outside::Outside, translated::Tables};

const UNDERLAY_MTU: u32 = 1500;
const VNI: u32 = 1;
/// `lo`, the first link of every namespace.
const LOOPBACK: u32 = 1;
/// Whom a refusal of the fabric comes from: without an address of its own it could not tell of one (RFC 4443, 2.2). Of
/// the range that nobody sends anything to (RFC 6666).
const REFUSING: IpAddr = IpAddr::V6(Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 1));

/// `namespace/name` of a pod.
pub(crate) type PodKey = Arc<str>;

pub(crate) fn key_of(pod: &Pod) -> PodKey {
    Arc::from(pod.qualified_name())
}

/// One node's namespace and what it was told.
pub(crate) struct NodePlumbing {
    pub name: Arc<str>,
    pub router: Router,
    attached: Attached,
    /// The pod ranges that lead to it.
    nets: Nets,
    netfilter: Netfilter,
    pub firewall: Firewall,
}

struct PodPlumbing {
    node: NodeId,
    attached: Attached,
}

/// All namespaces of the network.
pub(crate) struct Plumbing {
    overlay: Overlay,
    /// Whether nftables is programmed at all.
    rules: bool,
    fabric: Router,
    pub nodes: Vec<NodePlumbing>,
    pods: BTreeMap<PodKey, PodPlumbing>,
    /// Pods that go: linked until nothing leads to them.
    leaving: Vec<PodPlumbing>,
    /// The policies that hold, and those that a change under way leads to.
    policies: Placed,
    between: Placed,
    next: Placed,
    /// Whether the nodes were told of policies between two states.
    closed: bool,
    in_flight: InFlight,
    outside: Outside,
    /// Addresses that no range of a node covers, and where the fabric sends them.
    routed: BTreeMap<IpAddr, NodeId>,
    /// Addresses of Services inside a node's own pod range, which that node itself reaches by a route of their own.
    sent_up: BTreeSet<(NodeId, IpAddr)>,
    /// Addresses that every node has beside its own.
    own_addresses: BTreeSet<IpAddr>,
    /// What links, routes and connections were last brought in line with; none before the first time.
    linked: Option<Linked>,
}

/// The parts of a Snapshot that links and routes depend on.
struct Linked {
    nodes: Arc<Vec<Node>>,
    pods: Arc<Vec<Arc<Pod>>>,
    services: Arc<Vec<Arc<Service>>>,
}

impl Linked {
    fn of(snapshot: &Snapshot) -> Self {
        Self {
            nodes: snapshot.nodes.clone(),
            pods: snapshot.pods.clone(),
            services: snapshot.services.clone(),
        }
    }

    fn same_pods(&self, snapshot: &Snapshot) -> bool {
        Arc::ptr_eq(&self.nodes, &snapshot.nodes) && Arc::ptr_eq(&self.pods, &snapshot.pods)
    }

    /// Whether nothing changed that an entry over UDP may hang on.
    fn same_over_udp(&self, snapshot: &Snapshot) -> bool {
        let over_udp = |service: &&Arc<Service>| service.ports.iter().any(|p| p.protocol == Protocol::Udp);
        let (old, new) = (self.services.iter().filter(over_udp), snapshot.services.iter().filter(over_udp));
        self.same_pods(snapshot) && old.eq(new)
    }

    fn same(&self, snapshot: &Snapshot) -> bool {
        self.same_pods(snapshot) && Arc::ptr_eq(&self.services, &snapshot.services)
    }
}

/// What one application changed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Changes {
    pub pods_added: usize,
    pub pods_removed: usize,
    pub elements: usize,
}

/// A socket that was opened in a pod's namespace for something to answer on.
pub(crate) enum Opened {
    Tcp(TcpListener),
    Udp(UdpSocket),
}

impl Opened {
    pub const fn protocol(&self) -> Protocol {
        match self {
            Self::Tcp(_) => Protocol::Tcp,
            Self::Udp(_) => Protocol::Udp,
        }
    }
}

impl Plumbing {
    /// Makes the fabric, the nodes and the outside.
    pub fn create(
        here: &mut Here,
        snapshot: &Snapshot,
        overlay: Overlay,
        rules: bool,
    ) -> Result<Self, EmbeddedError> {
        let mut fabric = Router::create(here, "fabric")?;
        if snapshot.plan.node_cidrs.v6.is_some() {
            let mut batch = fabric.batch();
            batch.add_address(LOOPBACK, IpNet::from(REFUSING));
            fabric.rtnl().commit(&mut batch).map_err(FabricError::from)?;
        }
        let in_flight =
            InFlight::open(here, fabric.ns()).map_err(EmbeddedError::io("opening a socket in the fabric"))?;
        let outside = Outside::create(here, &mut fabric, snapshot)?;
        for net in [
            snapshot.plan.pod_cidrs,
            snapshot.plan.service_cidrs,
            snapshot.plan.lb_cidrs,
            snapshot.plan.node_cidrs,
        ] {
            for net in net.iter() {
                fabric.unreachable(net)?;
            }
        }
        let mut nodes = Vec::with_capacity(snapshot.nodes.len());
        for node in snapshot.nodes.iter() {
            nodes.push(NodePlumbing::create(here, &mut fabric, node)?);
        }
        if overlay == Overlay::Vxlan {
            join_overlay(&mut nodes, &snapshot.nodes)?;
        }
        Ok(Self {
            overlay,
            rules,
            fabric,
            nodes,
            pods: BTreeMap::new(),
            leaving: Vec::new(),
            policies: Placed::default(),
            between: Placed::default(),
            next: Placed::default(),
            closed: false,
            in_flight,
            outside,
            routed: BTreeMap::new(),
            sent_up: BTreeSet::new(),
            own_addresses: BTreeSet::new(),
            linked: None,
        })
    }

    /// Refuses a World whose nodes are others: their links and routes are made once.
    fn same_nodes(&self, snapshot: &Snapshot) -> Result<(), EmbeddedError> {
        let running = self.nodes.iter().map(|n| (&*n.name, n.attached.ips.clone(), n.nets));
        let wanted = snapshot.nodes.iter().map(|n| (&*n.name, n.ips.iter().collect(), n.pod_cidrs));
        match nodes::differences(&running.collect::<Vec<_>>(), &wanted.collect::<Vec<_>>()) {
            None => Ok(()),
            Some(what) => Err(EmbeddedError::NodesChanged(what)),
        }
    }

    fn attach_new(&mut self, here: &mut Here, snapshot: &Snapshot) -> Result<usize, EmbeddedError> {
        let mut by_node: Vec<Vec<&Arc<Pod>>> = vec![Vec::new(); self.nodes.len()];
        for pod in snapshot.pods.iter().filter(|p| !p.host_network) {
            if !self.pods.contains_key(&key_of(pod)) {
                by_node[pod.node.0 as usize].push(pod);
            }
        }
        let mut added = 0;
        for (index, pods) in by_node.into_iter().enumerate().filter(|(_, pods)| !pods.is_empty()) {
            let mtu = match self.overlay {
                Overlay::Vxlan => underlay_of(&snapshot.nodes[index])
                    .map_or(UNDERLAY_MTU, |ip| overlay_mtu(UNDERLAY_MTU, ip)),
                Overlay::None => UNDERLAY_MTU,
            };
            let attachments: Vec<Attachment> = pods
                .iter()
                .map(|pod| Attachment {
                    of: format!("pod {}", pod.qualified_name()),
                    link: None,
                    v4: pod.ips.v4,
                    v6: pod.ips.v6,
                    mtu,
                })
                .collect();
            let attached = self.nodes[index].router.attach_all(here, &attachments)?;
            added += attached.len();
            for (pod, attached) in pods.into_iter().zip(attached) {
                self.pods.insert(key_of(pod), PodPlumbing { node: pod.node, attached });
            }
        }
        Ok(added)
    }

    /// Routes what no range covers: pods with addresses of their own, load balancers, external addresses.
    fn route(&mut self, here: &mut Here, snapshot: &Snapshot) -> Result<(), EmbeddedError> {
        let mut wanted: BTreeMap<IpAddr, NodeId> = BTreeMap::new();
        for pod in snapshot.pods.iter().filter(|p| !p.host_network) {
            let covered = snapshot.node(pod.node).pod_cidrs;
            wanted.extend(pod.ips.iter().filter(|ip| !covered.contains(*ip)).map(|ip| (ip, pod.node)));
        }
        let announced = announced(snapshot);
        self.send_up(snapshot, announced.keys().copied())?;
        wanted.extend(announced);
        if wanted == self.routed {
            return Ok(());
        }
        for (ip, node) in wanted.iter().filter(|(ip, node)| self.routed.get(ip) != Some(node)) {
            self.fabric.route_to(&self.nodes[node.0 as usize].attached, IpNet::from(*ip))?;
        }
        for (ip, node) in self.routed.iter().filter(|(ip, _)| !wanted.contains_key(ip)) {
            self.fabric.unroute(&self.nodes[node.0 as usize].attached, IpNet::from(*ip))?;
        }
        self.outside.lead_inside(here, wanted.keys().copied())?;
        self.routed = wanted;
        Ok(())
    }

    fn send_up(
        &mut self,
        snapshot: &Snapshot,
        announced: impl Iterator<Item = IpAddr>,
    ) -> Result<(), EmbeddedError> {
        let pods = snapshot.pods.iter().filter(|pod| !pod.host_network);
        let taken: BTreeSet<IpAddr> = pods.flat_map(|pod| pod.ips.iter()).collect();
        let owner = |ip: IpAddr| snapshot.nodes.iter().find(|node| node.pod_cidrs.contains(ip));
        let wanted: BTreeSet<(NodeId, IpAddr)> = announced
            .filter(|ip| !taken.contains(ip))
            .filter_map(|ip| owner(ip).map(|node| (node.id, ip)))
            .collect();
        for (node, ip) in self.sent_up.difference(&wanted).filter(|(_, ip)| !taken.contains(ip)) {
            self.nodes[node.0 as usize].router.send_up_no_more(*ip)?;
        }
        for (node, ip) in wanted.difference(&self.sent_up) {
            self.nodes[node.0 as usize].router.send_up(*ip)?;
        }
        self.sent_up = wanted;
        Ok(())
    }

    /// The namespace in which a pod's processes run.
    pub fn namespace_of(&self, pod: &Pod) -> Option<&NetNs> {
        if pod.host_network {
            return Some(self.nodes[pod.node.0 as usize].router.ns());
        }
        self.pods.get(&key_of(pod)).map(|p| &p.attached.ns)
    }

    /// A node's namespace.
    pub fn node_namespace(&self, node: NodeId) -> &NetNs {
        self.nodes[node.0 as usize].router.ns()
    }

    /// The outside's namespace.
    pub fn outside_namespace(&self) -> &NetNs {
        self.outside.ns()
    }

    /// Binds every node's log of dropped packets, and opens the tables that say whom a translated source stands for.
    pub fn logs(&self, here: &mut Here) -> Result<(Vec<(NodeId, Nflog)>, Tables), EmbeddedError> {
        let mut logs = Vec::with_capacity(self.nodes.len());
        let mut tables = Tables::default();
        for (index, node) in self.nodes.iter().enumerate() {
            here.enter(node.router.ns())?;
            logs.push((NodeId(index as u32), Nflog::bind(LOG_GROUP)?));
            let failed = |e: netloom_kernel::conntrack::ConntrackError| {
                EmbeddedError::io(format!("node {}: {e}", node.name))(e.source)
            };
            tables.add(&node.attached.ips, Conntrack::open().map_err(failed)?);
        }
        Ok((logs, tables))
    }
}

/// Opens ports in a namespace; SCTP has no sockets here and is left out.
pub(crate) fn open_ports(
    here: &mut Here,
    ns: &NetNs,
    owner: &str,
    ports: impl IntoIterator<Item = (Protocol, u16)>,
) -> Result<Vec<(u16, Opened)>, EmbeddedError> {
    here.enter(ns)?;
    let mut opened = Vec::new();
    for (protocol, port) in ports {
        let socket = match protocol {
            Protocol::Tcp => sockets::tcp_listener(port).map(Opened::Tcp),
            Protocol::Udp => sockets::udp_socket(port).map(Opened::Udp),
            Protocol::Sctp | Protocol::Other(_) => continue,
        };
        let failed = |source| EmbeddedError::Listen {
            owner: owner.to_owned(),
            port: format!("{protocol} {port}"),
            source,
        };
        opened.push((port, socket.map_err(failed)?));
    }
    Ok(opened)
}

impl NodePlumbing {
    fn create(here: &mut Here, fabric: &mut Router, node: &Node) -> Result<Self, EmbeddedError> {
        let of = format!("node {}", node.name);
        let mut router = Router::create(here, &of)?;
        let netfilter = Netfilter::open().map_err(|source| EmbeddedError::Nftables {
            node: node.name.to_string(),
            source: Box::new(source),
        })?;
        let attachment = Attachment { of, link: None, v4: node.ips.v4, v6: node.ips.v6, mtu: UNDERLAY_MTU };
        let attached = fabric.attach_existing(
            here,
            router.ns().try_clone().map_err(EmbeddedError::io("duplicate a handle"))?,
            &attachment,
        )?;
        for net in node.pod_cidrs.iter() {
            fabric.route_to(&attached, net)?;
            router.unreachable(net)?;
        }
        Ok(Self {
            name: node.name.clone(),
            router,
            attached,
            nets: node.pod_cidrs,
            netfilter,
            firewall: Firewall::new(node.id),
        })
    }
}

/// The address that carries the overlay: IPv4 where there is one.
fn underlay_of(node: &Node) -> Option<IpAddr> {
    node.ips.iter().next()
}

fn join_overlay(nodes: &mut [NodePlumbing], of: &[Node]) -> Result<(), EmbeddedError> {
    let peers: Vec<Option<OverlayPeer>> = of
        .iter()
        .map(|n| Some(OverlayPeer { underlay: underlay_of(n)?, nets: n.pod_cidrs.iter().collect() }))
        .collect();
    let underlays: BTreeSet<IpAddr> = peers.iter().flatten().map(|p| p.underlay).collect();
    // Pods speak over the smallest MTU of all: one underlay family is used throughout.
    debug_assert!(underlays.iter().all(|ip| ip.is_ipv4()) || underlays.iter().all(|ip| ip.is_ipv6()));
    for (index, node) in nodes.iter_mut().enumerate() {
        let Some(own) = &peers[index] else { continue };
        let mtu = overlay_mtu(UNDERLAY_MTU, own.underlay);
        node.router.join_overlay(&OverlayDevice { vni: VNI, local: own.underlay, mtu })?;
        for (_, peer) in peers.iter().enumerate().filter(|(other, _)| *other != index) {
            if let Some(peer) = peer {
                node.router.add_overlay_peer(peer)?;
            }
        }
    }
    Ok(())
}
