//! The cluster's DNS pods: what they listen on, how they reach other servers, and the plan that they answer by.
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket},
    os::fd::OwnedFd,
    sync::Arc,
};

use ipnet::IpNet;
use netloom_cluster::{Node, Pod, PodId, Protocol, Snapshot};
use netloom_dns::{Connect, Inside, QueryLog, Responder, UdpUpstream, Upstream, Within, serve, serve_admin};
use netloom_explain::World;
use netloom_kernel::{
    fabric::{FabricError, Router},
    netns::{NetNs, Worker},
    sockets,
};
use netloom_naming::{Dns, NodeLocal, Target};
use netloom_objects::ObjectRef;
use tokio::{net::TcpSocket, task::JoinHandle};

use crate::{EmbeddedError, plumbing::Opened};

/// The port of DNS.
const DNS: u16 = 53;

/// What a DNS pod listens on.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct DnsWanted {
    /// Ports of DNS.
    pub ports: BTreeSet<u16>,
    /// Ports on which it tells of itself, with their paths, and whether only its own pod reaches them.
    pub admin: Vec<(u16, &'static str, bool)>,
    /// Those that its manifest does not declare: that nobody can listen there stops no network.
    pub extra: BTreeSet<(Protocol, u16)>,
    /// The only addresses that it answers at; all of its pod's where there is none.
    pub at: Vec<IpAddr>,
    /// Which of the servers on the nodes it is; the cluster's own where it is none.
    pub node_local: Option<usize>,
}

/// The sockets of a DNS pod beside those that it listens on.
pub(crate) struct DnsSockets {
    clients: [Option<UdpSocket>; 2],
    admin: Vec<(TcpListener, &'static str)>,
    ns: NetNs,
}

impl DnsWanted {
    /// What a pod that the DNS Service leads to at `port` listens on; `listening` is what its manifest declares.
    pub fn new(plan: &Dns, port: u16, listening: &[(Protocol, u16)]) -> Self {
        let ports: BTreeSet<u16> = plan.ports().into_iter().chain([port]).collect();
        let declared = |port| listening.contains(&(Protocol::Tcp, port));
        let taken = |port: u16| ports.contains(&port);
        let admin = plan.admin().all().filter(|(listen, _)| !taken(listen.port));
        let admin: Vec<_> = admin
            .filter(|(listen, _)| !(listen.local && declared(listen.port)))
            .map(|(listen, path)| (listen.port, path, listen.local))
            .collect();
        let both = ports.iter().flat_map(|port| [(Protocol::Udp, *port), (Protocol::Tcp, *port)]);
        let extra = both.filter(|at| !listening.contains(at)).collect();
        Self { ports, admin, extra, at: Vec::new(), node_local: None }
    }

    /// What a server of the nodes listens on: its own addresses, which no other node's packets lead to, and its node's.
    fn of_node(index: usize, server: &NodeLocal, node: &Node, listening: &[(Protocol, u16)]) -> Self {
        let port = server.dns.ports().first().copied().unwrap_or(DNS);
        Self {
            extra: BTreeSet::new(),
            at: server.ips.iter().copied().chain(node.ips.iter()).collect(),
            node_local: Some(index),
            ..Self::new(&server.dns, port, listening)
        }
    }

    /// Whether it answers DNS, or tells of itself, on a port.
    pub fn has(&self, protocol: Protocol, port: u16) -> bool {
        self.ports.contains(&port)
            || protocol == Protocol::Tcp && self.admin.iter().any(|(admin, ..)| *admin == port)
    }

    /// Opens what is not opened as the ports of any pod are. The thread is in the pod's namespace.
    pub fn open(
        &self,
        ns: &NetNs,
        owner: &str,
        opened: &mut Vec<(u16, Opened)>,
    ) -> Result<DnsSockets, EmbeddedError> {
        for (protocol, port) in &self.extra {
            let socket = match protocol {
                Protocol::Udp => sockets::udp_socket(*port).map(Opened::Udp),
                _ => sockets::tcp_listener(*port).map(Opened::Tcp),
            };
            match socket {
                Ok(socket) => opened.push((*port, socket)),
                Err(error) => tracing::warn!("{owner} does not answer DNS on {protocol} {port}: {error}"),
            }
        }
        for (ip, port) in self.at.iter().flat_map(|ip| self.ports.iter().map(move |port| (*ip, *port))) {
            let at = SocketAddr::new(ip, port);
            let both = sockets::udp_socket_at(at).and_then(|udp| Ok((udp, sockets::tcp_listener_at(at)?)));
            match both {
                Ok((udp, tcp)) => opened.extend([(port, Opened::Udp(udp)), (port, Opened::Tcp(tcp))]),
                Err(error) => tracing::warn!("{owner} does not answer DNS at {at}: {error}"),
            }
        }
        let mut admin = Vec::new();
        for (port, path, local) in &self.admin {
            let listener = match local {
                true => sockets::tcp_listener_at((Ipv4Addr::LOCALHOST, *port).into()),
                false => sockets::tcp_listener(*port),
            };
            match listener {
                Ok(listener) => admin.push((listener, *path)),
                Err(error) => tracing::warn!("{owner} does not serve {path} on port {port}: {error}"),
            }
        }
        let client = |any: IpAddr| sockets::udp_client(any).ok();
        let clients = [client(Ipv4Addr::UNSPECIFIED.into()), client(Ipv6Addr::UNSPECIFIED.into())];
        let ns = ns.try_clone().map_err(EmbeddedError::io("duplicate a handle"))?;
        Ok(DnsSockets { clients, admin, ns })
    }
}

impl DnsSockets {
    /// A responder over these sockets, and the tasks in which it tells of itself.
    pub fn start(
        self,
        owner: &str,
        upstream: Option<Arc<dyn Upstream>>,
        log: QueryLog,
        dialer: &Arc<Worker>,
    ) -> Result<(Responder, Vec<JoinHandle<()>>), EmbeddedError> {
        let connect = dial(dialer.clone(), Arc::new(self.ns));
        let mut clients = self.clients.into_iter().map(|socket| {
            let client = socket.map(|socket| UdpUpstream::new(socket, Vec::new(), Some(connect.clone())));
            client.transpose()
        });
        let failed = |e: io::Error| EmbeddedError::Server { owner: owner.to_owned(), reason: e.to_string() };
        let mut next = || clients.next().transpose().map(Option::flatten).map_err(failed);
        let within = Within::new(next()?, next()?);
        let responder = Responder::logging(upstream, Some(within), Some(log));
        let admin = self.admin.into_iter().map(|(listener, path)| {
            let (responder, owner) = (responder.clone(), owner.to_owned());
            tokio::spawn(async move {
                if let Err(error) = serve_admin(listener, path, responder).await {
                    tracing::error!("{path} of the DNS server in {owner}: {error}");
                }
            })
        });
        let tasks = admin.collect();
        Ok((responder, tasks))
    }
}

/// Answers DNS on one port.
pub(crate) fn answer(
    owner: String,
    udp: UdpSocket,
    tcp: TcpListener,
    responder: Responder,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        if let Err(error) = serve(udp, tcp, responder, std::future::pending()).await {
            tracing::error!("DNS server in {owner}: {error}");
        }
    })
}

/// Opens TCP connections out of a namespace.
fn dial(worker: Arc<Worker>, ns: Arc<NetNs>) -> Connect {
    Arc::new(move |server: SocketAddr| {
        let (worker, ns) = (worker.clone(), ns.clone());
        Box::pin(async move {
            let open = move || worker.run_in(&ns, move || sockets::tcp_socket(server.ip()));
            let socket: OwnedFd = tokio::task::spawn_blocking(open)
                .await
                .map_err(io::Error::other)?
                .map_err(io::Error::other)??;
            TcpSocket::from_std_stream(std::net::TcpStream::from(socket)).connect(server).await
        })
    })
}

/// Which of the servers that a plan forwards to are in this network. All others are the machine's to ask.
pub(crate) fn inside(plan: &Dns, snapshot: &Snapshot) -> Inside {
    let nets = [
        snapshot.plan.pod_cidrs,
        snapshot.plan.service_cidrs,
        snapshot.plan.lb_cidrs,
        snapshot.plan.node_cidrs,
    ];
    let forwards = plan.blocks().iter().flat_map(|block| block.forwards());
    let named: HashSet<IpAddr> = forwards
        .flat_map(|forward| &forward.targets)
        .filter_map(|target| match target {
            Target::Server(at) => Some(at.ip()),
            Target::Machine | Target::Cluster => None,
        })
        .collect();
    let here: HashSet<IpAddr> = named
        .into_iter()
        .filter(|ip| {
            nets.iter().any(|net| net.contains(*ip))
                || snapshot.nodes.iter().any(|node| node.ips.contains(*ip))
                || snapshot.pods.iter().any(|pod| pod.ips.contains(*ip))
        })
        .collect();
    Inside::new(move |ip| here.contains(&ip))
}

/// The DNS pods, and what they listen on.
pub(crate) fn wanted(world: &World) -> HashMap<PodId, DnsWanted> {
    let plan = &world.dns.cluster;
    let ports = crate::servers::dns_ports(&world.snapshot);
    let of_cluster = ports.into_iter().map(|(pod, port)| {
        let listening = &world.snapshot.pod(pod).listening;
        (pod, DnsWanted::new(plan, port, listening))
    });
    let servers = world.dns.node_local.iter().enumerate().filter(|(_, server)| !server.ips.is_empty());
    let on_nodes = servers.flat_map(|(i, server)| {
        let pods = world.snapshot.pods.iter().filter(|pod| is_of(pod, &server.origin) && pod.host_network);
        pods.map(move |pod| {
            let node = world.snapshot.node(pod.node);
            (pod.id, DnsWanted::of_node(i, server, node, &pod.listening))
        })
    });
    of_cluster.chain(on_nodes).collect()
}

fn is_of(pod: &Pod, workload: &ObjectRef) -> bool {
    pod.workload.name == workload.name
        && pod.workload.kind == workload.kind
        && workload.namespace.as_ref().is_none_or(|namespace| *namespace == pod.namespace)
}

/// The addresses that each node has for the DNS server on it.
pub(crate) fn node_addresses(world: &World) -> BTreeSet<IpAddr> {
    world.dns.node_local.iter().flat_map(|server| server.ips.iter().copied()).collect()
}

/// Moves every node from some addresses of the DNS server on it to others.
pub(crate) fn own_addresses<'r>(
    nodes: impl Iterator<Item = &'r mut Router>,
    before: &BTreeSet<IpAddr>,
    now: &BTreeSet<IpAddr>,
) -> Result<(), EmbeddedError> {
    /// `lo`, the first link of every namespace.
    const LOOPBACK: u32 = 1;
    if before == now {
        return Ok(());
    }
    for node in nodes {
        let mut batch = node.batch();
        for ip in now.difference(before) {
            batch.add_address(LOOPBACK, IpNet::from(*ip));
        }
        for ip in before.difference(now) {
            batch.del_address(LOOPBACK, IpNet::from(*ip));
        }
        node.rtnl().commit(&mut batch).map_err(FabricError::from)?;
    }
    Ok(())
}
