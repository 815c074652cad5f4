//! The way of one packet through the cluster, as the kernels of its nodes will take it: the prediction.
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use netloom_cluster::{Family, NodeId, PodId, Protocol};
use netloom_objects::ObjectRef;
use netloom_policy::{Direction, Side};
use netloom_routing::{Empty, FrontendKind, Route, announcer_of};

use crate::World;

/// Who opens the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// A process in a pod.
    Pod(PodId),
    /// A process of a node.
    Node(NodeId),
    /// A client outside of the cluster, with this address.
    Outside(IpAddr),
}

/// Who takes the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A pod.
    Pod(PodId),
    /// A process of a node, hostNetwork pods among them.
    Node(NodeId),
    /// An address outside of the cluster.
    Outside(IpAddr),
}

/// One thing that happens to the packet on its way.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A node sends it to an endpoint of a Service.
    Service {
        /// The node that does.
        node: NodeId,
        /// `namespace/name` of the Service; of a `hostPort` what [`netloom_routing::host_port_owner`] reads.
        service: Arc<str>,
        /// The Service port's line; the pod of a `hostPort`.
        origin: Arc<ObjectRef>,
        /// What was dialled.
        kind: FrontendKind,
        /// The endpoint.
        backend: SocketAddr,
        /// How many endpoints share the traffic.
        of: usize,
    },
    /// Policies of a pod are asked.
    Policy {
        /// The pod.
        pod: PodId,
        /// As source or as destination.
        direction: Direction,
        /// The other side's address, as it is seen here.
        peer: IpAddr,
        /// The destination's port.
        port: u16,
        /// The answer.
        side: Side,
    },
}

/// How the way ends.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// It arrives.
    Delivered {
        /// Where.
        target: Target,
        /// At which address and port.
        at: SocketAddr,
        /// From which address, as the target sees it.
        from: IpAddr,
        /// Whether something answers there.
        listening: bool,
    },
    /// A policy drops it; the last step says which.
    Denied,
    /// A node answers that the port is unreachable.
    Rejected(Rejection),
    /// A node drops it for a reason of the Service's.
    Dropped(Drop),
    /// There is no such address.
    Unreachable(IpAddr),
}

/// Why a node rejects.
#[derive(Clone, Debug, PartialEq)]
pub enum Rejection {
    /// The Service has no ready endpoint.
    NoEndpoints(Arc<ObjectRef>),
    /// The Service has the address, but not this port.
    NoSuchPort(Arc<str>),
}

/// Why a node drops.
#[derive(Clone, Debug, PartialEq)]
pub enum Drop {
    /// A `Local` traffic policy leaves no endpoint on this node.
    NoLocalEndpoint(NodeId, Arc<ObjectRef>),
    /// `loadBalancerSourceRanges`.
    SourceRefused(Arc<ObjectRef>),
    /// The endpoint answers the client, whose address was kept, but past the node that translated: the answer comes
    /// from an address that the client did not ask, and the client drops it.
    ReplyPassesBy(IpAddr, Arc<ObjectRef>),
}

/// One way that a packet may take; a Service with several endpoints has several.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// What happens on the way, in order.
    pub steps: Vec<Step>,
    /// How it ends.
    pub end: End,
}

impl Path {
    /// Whether a client gets an answer.
    #[must_use]
    pub const fn answered(&self) -> bool {
        matches!(self.end, End::Delivered { listening: true, .. })
    }
}

/// Every way that a new connection from `origin` to an address and port may take; never empty.
#[must_use]
pub fn trace(world: &World, origin: Origin, to: SocketAddr, protocol: Protocol) -> Vec<Path> {
    let walk = Walk { world, protocol };
    let family = Family::of(to.ip());
    let snapshot = &world.snapshot;
    let start = match origin {
        Origin::Pod(id) => {
            let pod = snapshot.pod(id);
            if pod.host_network {
                return trace(world, Origin::Node(pod.node), to, protocol);
            }
            if pod.ips.contains(to.ip()) || to.ip().is_loopback() {
                return vec![walk.deliver(Vec::new(), Target::Pod(id), to, to.ip())];
            }
            pod.ips.of(family).map(|from| (pod.node, from, Some(id)))
        }
        Origin::Node(node) if to.ip().is_loopback() => {
            return vec![walk.deliver(Vec::new(), Target::Node(node), to, to.ip())];
        }
        Origin::Node(node) => snapshot.node(node).ips.of(family).map(|from| (node, from, None)),
        Origin::Outside(from) => {
            return match walk.entry_node(to.ip()) {
                _ if Family::of(from) != family => {
                    vec![Path { steps: Vec::new(), end: End::Unreachable(to.ip()) }]
                }
                Entry::Node(node) => walk.at_node(node, Packet { from, to, own: None }, Vec::new()),
                Entry::Outside => vec![walk.deliver(Vec::new(), Target::Outside(to.ip()), to, from)],
                Entry::Nowhere => vec![Path { steps: Vec::new(), end: End::Unreachable(to.ip()) }],
            };
        }
    };
    match start {
        Some((node, from, own)) => walk.at_node(node, Packet { from, to, own }, Vec::new()),
        None => vec![Path { steps: Vec::new(), end: End::Unreachable(to.ip()) }],
    }
}

/// A packet as a node sees it.
#[derive(Clone, Copy)]
struct Packet {
    from: IpAddr,
    to: SocketAddr,
    /// The pod of this node that sends it.
    own: Option<PodId>,
}

/// Where an address leads from the network between the nodes.
enum Entry {
    Node(NodeId),
    Outside,
    Nowhere,
}

struct Walk<'a> {
    world: &'a World,
    protocol: Protocol,
}

impl Walk<'_> {
    fn entry_node(&self, ip: IpAddr) -> Entry {
        let snapshot = &self.world.snapshot;
        if let Some(node) = snapshot.nodes.iter().find(|n| n.ips.contains(ip)) {
            return Entry::Node(node.id);
        }
        if let Some(pod) = self.world.policies.pod_at(ip) {
            return Entry::Node(snapshot.pod(pod).node);
        }
        if let Some(node) = announcer_of(snapshot, ip) {
            return Entry::Node(node);
        }
        if snapshot.is_inside(ip) { Entry::Nowhere } else { Entry::Outside }
    }

    /// A new connection arrives at a node, from one of its pods, from itself or from the wire.
    fn at_node(&self, node: NodeId, packet: Packet, steps: Vec<Step>) -> Vec<Path> {
        let inside = self.is_inside(node, packet.from);
        let routes = self.world.routes_of(node);
        let end = |end| vec![Path { steps: steps.clone(), end }];
        match routes.lookup(packet.from, inside, packet.to.ip(), self.protocol, packet.to.port()) {
            Route::Plain => self.after_translation(node, packet, false, steps),
            Route::NoSuchPort { service } => end(End::Rejected(Rejection::NoSuchPort(service.clone()))),
            Route::SourceRefused { frontend } => {
                end(End::Dropped(Drop::SourceRefused(frontend.origin.clone())))
            }
            Route::Empty { frontend, answer: Empty::Reject } => {
                end(End::Rejected(Rejection::NoEndpoints(frontend.origin.clone())))
            }
            Route::Empty { frontend, answer: Empty::Drop } => {
                end(End::Dropped(Drop::NoLocalEndpoint(node, frontend.origin.clone())))
            }
            Route::Backends { frontend, view } => {
                let through = |backend: &netloom_routing::Backend| {
                    let backend = SocketAddr::new(backend.ip, backend.port);
                    let mut steps = steps.clone();
                    steps.push(Step::Service {
                        node,
                        service: view.service.clone(),
                        origin: frontend.origin.clone(),
                        kind: frontend.kind,
                        backend,
                        of: view.backends.len(),
                    });
                    self.after_translation(node, Packet { to: backend, ..packet }, frontend.masquerade, steps)
                };
                view.backends.iter().flat_map(through).collect()
            }
        }
    }

    /// Whether a node takes a client to be inside the cluster: a pod's address, or its own.
    fn is_inside(&self, node: NodeId, ip: IpAddr) -> bool {
        let snapshot = &self.world.snapshot;
        self.is_pod_address(ip) || snapshot.node(node).ips.contains(ip)
    }

    fn is_pod_address(&self, ip: IpAddr) -> bool {
        self.world.snapshot.is_of_pods(ip) || self.world.policies.pod_at(ip).is_some()
    }

    /// The destination is an endpoint's now, or was never a Service's.
    fn after_translation(
        &self,
        node: NodeId,
        packet: Packet,
        masquerade: bool,
        mut steps: Vec<Step>,
    ) -> Vec<Path> {
        let snapshot = &self.world.snapshot;
        let Packet { from, to, own } = packet;
        if let Some(pod) = own {
            let side = self.world.policies.egress(pod, to.ip(), self.protocol, to.port());
            let allowed = side.allowed;
            steps.push(Step::Policy {
                pod,
                direction: Direction::Egress,
                peer: to.ip(),
                port: to.port(),
                side,
            });
            if !allowed {
                return vec![Path { steps, end: End::Denied }];
            }
        }
        let family = Family::of(to.ip());
        let node_ip = snapshot.node(node).ips.of(family).unwrap_or(from);
        let passed_by = match steps.last() {
            Some(Step::Service { node: at, origin, .. })
                if *at == node && !masquerade && own.is_none() && !snapshot.node(node).ips.contains(from) =>
            {
                Some(End::Dropped(Drop::ReplyPassesBy(to.ip(), origin.clone())))
            }
            _ => None,
        };
        if let Some(target) = snapshot.nodes.iter().find(|n| n.ips.contains(to.ip())) {
            if target.id == node {
                return vec![self.deliver(steps, Target::Node(node), to, from)];
            }
            if let Some(end) = passed_by {
                return vec![Path { steps, end }];
            }
            // Pods leave the cluster's pod ranges under their node's address.
            let seen = if masquerade || own.is_some() { node_ip } else { from };
            return self.at_node(target.id, Packet { from: seen, to, own: None }, steps);
        }
        if let Some(pod) = self.world.policies.pod_at(to.ip()) {
            let at = snapshot.pod(pod).node;
            let hairpin = from == to.ip();
            let translated = if masquerade || hairpin { node_ip } else { from };
            // On its own node the pod's policies still see the client: the source is translated after them.
            let judged = if at == node { from } else { translated };
            let side = self.world.policies.ingress(pod, judged, self.protocol, to.port());
            let allowed = side.allowed;
            steps.push(Step::Policy {
                pod,
                direction: Direction::Ingress,
                peer: judged,
                port: to.port(),
                side,
            });
            if !allowed {
                return vec![Path { steps, end: End::Denied }];
            }
            if let Some(end) = passed_by.filter(|_| at != node) {
                return vec![Path { steps, end }];
            }
            return vec![self.deliver(steps, Target::Pod(pod), to, translated)];
        }
        // Every node has the addresses of the DNS server on it.
        if self.world.dns.node_local_at(to.ip()).is_some() {
            return vec![self.deliver(steps, Target::Node(node), to, from)];
        }
        match self.entry_node(to.ip()) {
            Entry::Outside if let Some(end) = passed_by => vec![Path { steps, end }],
            Entry::Outside => {
                let seen = if masquerade || own.is_some() { node_ip } else { from };
                vec![self.deliver(steps, Target::Outside(to.ip()), to, seen)]
            }
            Entry::Node(_) | Entry::Nowhere => vec![Path { steps, end: End::Unreachable(to.ip()) }],
        }
    }

    fn deliver(&self, steps: Vec<Step>, target: Target, at: SocketAddr, from: IpAddr) -> Path {
        let listening = listens(self.world, target, self.protocol, at.port());
        Path { steps, end: End::Delivered { target, at, from, listening } }
    }
}

/// Whether something answers at a port.
#[must_use]
pub fn listens(world: &World, target: Target, protocol: Protocol, port: u16) -> bool {
    let snapshot = &world.snapshot;
    match target {
        Target::Pod(pod) => snapshot.pod(pod).listening.contains(&(protocol, port)),
        Target::Node(node) => {
            let own = |p: &&Arc<netloom_cluster::Pod>| p.host_network && p.node == node;
            snapshot.pods.iter().filter(own).any(|p| p.listening.contains(&(protocol, port)))
                || (protocol == Protocol::Tcp
                    && snapshot.services.iter().any(|s| s.health_check_node_port == Some(port)))
        }
        // What runs out there is not ours to know; embedded mode answers on every port that is asked about.
        Target::Outside(_) => true,
    }
}
