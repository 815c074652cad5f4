//! What answers in the pods: stand-ins, the cluster's DNS, health checks of the nodes, and the outside's servers.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

use netloom_cluster::{NodeId, Pod, PodId, Protocol, Snapshot};
use netloom_dns::{QueryLog, Responder, Upstream};
use netloom_explain::World;
use netloom_kernel::netns::{Here, NetNs, Worker};
use netloom_standin::{
    HealthState, Identity, NamedPort, Server, Transport, serve_health, serve_tcp, serve_udp,
};
use tokio::task::{JoinHandle, JoinSet};

use crate::{
    EmbeddedError,
    dns::{self, DnsSockets, DnsWanted},
    outside,
    plumbing::{Opened, Plumbing, PodKey, key_of, open_ports},
};

/// How long a request that is under way may take when its pod goes, and how long a silent connection is waited for.
const PATIENCE: Duration = Duration::from_millis(300);

/// Who listens: a pod, a node or the outside.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Owner {
    Pod(PodKey),
    Node(NodeId),
    Outside,
}

/// What should listen for one owner.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wanted {
    identity: Arc<Identity>,
    ports: BTreeSet<(Protocol, u16)>,
    /// What it listens on as the cluster's DNS.
    dns: Option<DnsWanted>,
    /// Health check ports with their Service's namespace and name.
    health: BTreeMap<u16, (String, String)>,
    /// Changes when the owner's namespace is another one than before.
    place: (u32, Vec<IpAddr>),
}

/// Sockets opened for an owner.
pub(crate) struct OpenedFor {
    owner: Owner,
    wanted: Wanted,
    sockets: Vec<(u16, Opened)>,
    dns: Option<DnsSockets>,
}

struct Running {
    wanted: Wanted,
    servers: HashMap<(Protocol, u16), Server>,
    dns: Vec<JoinHandle<()>>,
    responder: Option<Responder>,
    health: Vec<(u16, Arc<HealthState>)>,
}

impl Running {
    /// Ends everything; the sockets are closed when this returns.
    async fn end(mut self) {
        for server in std::mem::take(&mut self.servers).into_values() {
            server.stop().await;
        }
        for task in std::mem::take(&mut self.dns) {
            task.abort();
            // It was cancelled: that it says so is no news.
            let _ = task.await;
        }
    }
}

impl Wanted {
    /// Whether the other is the same but for the ports that it listens on. The ports of DNS and of health checks have
    /// servers of their own.
    fn differs_by_ports(&self, other: &Self) -> bool {
        let plain = |wanted: &Self| wanted.dns.is_none() && wanted.health.is_empty();
        plain(self) && plain(other) && self.identity == other.identity && self.place == other.place
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.dns.iter().for_each(JoinHandle::abort);
    }
}

/// Everything that listens.
pub(crate) struct Servers {
    running: HashMap<Owner, Running>,
    /// What ends when nobody is led to it any more: of owners that go, and single ports.
    leaving: Vec<Running>,
    ending: Vec<Server>,
    upstream: Option<Arc<dyn Upstream>>,
    /// The lines of the DNS servers' `log`.
    pub queries: QueryLog,
    /// Opens the connections of DNS servers to others.
    dialer: Option<Arc<Worker>>,
}

impl Servers {
    pub fn new(upstream: Option<Arc<dyn Upstream>>) -> Self {
        Self {
            running: HashMap::new(),
            leaving: Vec::new(),
            ending: Vec::new(),
            upstream,
            queries: QueryLog::new(1024),
            dialer: None,
        }
    }

    /// What should listen in this World, without the pods in which a process of the user's own runs.
    pub fn wanted(world: &World, processes: &BTreeSet<PodKey>) -> HashMap<Owner, Wanted> {
        let snapshot = &world.snapshot;
        let mut dns = dns::wanted(world);
        let mut wanted = HashMap::with_capacity(snapshot.pods.len() + snapshot.nodes.len() + 1);
        for pod in snapshot.pods.iter() {
            let key = key_of(pod);
            if processes.contains(&key) {
                continue;
            }
            let pod_wanted = Wanted {
                identity: Arc::new(identity(snapshot, pod)),
                ports: pod.listening.iter().copied().collect(),
                dns: dns.remove(&pod.id),
                health: BTreeMap::new(),
                place: (pod.node.0, pod.ips.iter().collect()),
            };
            wanted.insert(Owner::Pod(key), pod_wanted);
        }
        for node in snapshot.nodes.iter() {
            let health = snapshot.services.iter().filter_map(|s| {
                Some((s.health_check_node_port?, (s.namespace.to_string(), s.name.to_string())))
            });
            let identity = Identity {
                pod: node.name.to_string(),
                ips: node.ips.iter().collect(),
                ..Identity::default()
            };
            let of_node = Wanted {
                identity: Arc::new(identity),
                ports: BTreeSet::new(),
                dns: None,
                health: health.collect(),
                place: (node.id.0, Vec::new()),
            };
            wanted.insert(Owner::Node(node.id), of_node);
        }
        let outside = Wanted {
            identity: Arc::new(Identity { pod: "outside".to_owned(), ..Identity::default() }),
            ports: outside::ports(snapshot),
            dns: None,
            health: BTreeMap::new(),
            place: (0, Vec::new()),
        };
        wanted.insert(Owner::Outside, outside);
        wanted
    }

    /// Whether the same should listen in two Worlds, told without looking at every pod.
    pub fn same_wanted(before: &World, now: &World) -> bool {
        let same_dns = Arc::ptr_eq(&before.dns.cluster, &now.dns.cluster)
            && Arc::ptr_eq(&before.dns.node_local, &now.dns.node_local);
        if !same_dns && dns::wanted(before) != dns::wanted(now) {
            return false;
        }
        let (before, now) = (&before.snapshot, &now.snapshot);
        if !Arc::ptr_eq(&before.pods, &now.pods) || !Arc::ptr_eq(&before.nodes, &now.nodes) {
            return false;
        }
        let health = |s: &Snapshot| {
            let ports =
                s.services.iter().filter_map(|s| Some((s.health_check_node_port?, s.qualified_name())));
            ports.collect::<Vec<_>>()
        };
        let same_services =
            Arc::ptr_eq(&before.services, &now.services) && before.dns_service == now.dns_service;
        (same_services || (dns_ports(before) == dns_ports(now) && health(before) == health(now)))
            && ((same_services && Arc::ptr_eq(&before.policies, &now.policies))
                || outside::ports(before) == outside::ports(now))
    }

    /// What has to be opened before anybody is led to it: ports that nothing listens on yet. What should listen no longer,
    /// or otherwise than it does, is set aside: see [`Self::retire`].
    pub async fn missing(&mut self, wanted: HashMap<Owner, Wanted>) -> Vec<(Owner, Wanted)> {
        let mut missing = Vec::new();
        let mut ends: Vec<Owner> = self.running.keys().filter(|o| !wanted.contains_key(o)).cloned().collect();
        for (owner, wanted) in wanted {
            match self.running.get_mut(&owner) {
                Some(running) if running.wanted == wanted => {}
                Some(running) if running.wanted.differs_by_ports(&wanted) => {
                    let kept = |port: &(Protocol, u16)| wanted.ports.contains(port);
                    let gone: Vec<_> = running.servers.keys().filter(|port| !kept(port)).copied().collect();
                    self.ending.extend(gone.iter().filter_map(|port| running.servers.remove(port)));
                    let mut more = wanted.clone();
                    more.ports.retain(|port| !running.servers.contains_key(port));
                    running.wanted = wanted;
                    missing.push((owner, more));
                }
                Some(running) => {
                    // In the same namespace the ports have to be free first.
                    if running.wanted.place == wanted.place {
                        if let Some(running) = self.running.remove(&owner) {
                            running.end().await;
                        }
                    } else {
                        ends.push(owner.clone());
                    }
                    missing.push((owner, wanted));
                }
                None => missing.push((owner, wanted)),
            }
        }
        for owner in ends {
            self.leaving.extend(self.running.remove(&owner));
        }
        missing
    }

    /// Whether anything was set aside.
    pub fn is_leaving(&self) -> bool {
        !(self.leaving.is_empty() && self.ending.is_empty())
    }

    /// Ends what was set aside, when nobody is led to it any more: what was asked is answered first.
    pub async fn retire(&mut self) {
        let leaving = std::mem::take(&mut self.leaving);
        let mut ending = std::mem::take(&mut self.ending);
        let mut others = Vec::new();
        for mut running in leaving {
            ending.extend(std::mem::take(&mut running.servers).into_values());
            others.push(running);
        }
        let mut drained: JoinSet<()> = ending.into_iter().map(|server| server.drain(PATIENCE)).collect();
        while drained.join_next().await.is_some() {}
        for running in others {
            running.end().await;
        }
    }

    /// Opens the sockets, in their owners' namespaces.
    pub fn open(
        here: &mut Here,
        plumbing: &Plumbing,
        snapshot: &Snapshot,
        wanted: Vec<(Owner, Wanted)>,
    ) -> Result<Vec<OpenedFor>, EmbeddedError> {
        let mut opened = Vec::with_capacity(wanted.len());
        for (owner, wanted) in wanted {
            let ns: Option<&NetNs> = match &owner {
                Owner::Pod(key) => key
                    .split_once('/')
                    .and_then(|(namespace, name)| snapshot.find_pod(namespace, name))
                    .and_then(|pod| plumbing.namespace_of(pod)),
                Owner::Node(node) => Some(plumbing.node_namespace(*node)),
                Owner::Outside => Some(plumbing.outside_namespace()),
            };
            let Some(ns) = ns else { continue };
            let told = |at: &(Protocol, u16)| {
                let told = wanted.dns.iter().flat_map(|dns| &dns.admin);
                at.0 == Protocol::Tcp && told.into_iter().any(|(port, ..)| *port == at.1)
            };
            let by_address = |at: &(Protocol, u16)| {
                wanted.dns.as_ref().is_some_and(|dns| !dns.at.is_empty() && dns.ports.contains(&at.1))
            };
            let ports = wanted.ports.iter().copied().filter(|at| !told(at) && !by_address(at));
            let ports = ports.chain(wanted.health.keys().map(|port| (Protocol::Tcp, *port)));
            let label = wanted.identity.label();
            let mut sockets = open_ports(here, ns, &label, ports)?;
            let dns = wanted.dns.as_ref().map(|dns| dns.open(ns, &label, &mut sockets)).transpose()?;
            opened.push(OpenedFor { owner, wanted, sockets, dns });
        }
        Ok(opened)
    }

    /// Starts to answer.
    pub fn start(&mut self, opened: Vec<OpenedFor>) -> Result<(), EmbeddedError> {
        for OpenedFor { owner, wanted, sockets, dns } in opened {
            let fresh = || Running {
                servers: HashMap::new(),
                dns: Vec::new(),
                responder: None,
                health: Vec::new(),
                wanted: wanted.clone(),
            };
            // More ports of an owner that listens on others already.
            let mut running = self.running.remove(&owner).unwrap_or_else(fresh);
            if let Some(dns) = dns {
                let label = running.wanted.identity.label();
                let (upstream, log) = (self.upstream.clone(), self.queries.clone());
                let (responder, tasks) = dns.start(&label, upstream, log, &self.dialer()?)?;
                running.responder = Some(responder);
                running.dns = tasks;
            }
            let mut dns: BTreeMap<u16, (Vec<std::net::UdpSocket>, Vec<std::net::TcpListener>)> =
                BTreeMap::new();
            for (port, socket) in sockets {
                let identity = running.wanted.identity.clone();
                let protocol = socket.protocol();
                let is_dns = running.wanted.dns.as_ref().is_some_and(|dns| dns.ports.contains(&port));
                let served = match socket {
                    Opened::Tcp(listener) if is_dns => {
                        dns.entry(port).or_default().1.push(listener);
                        continue;
                    }
                    Opened::Udp(socket) if is_dns => {
                        dns.entry(port).or_default().0.push(socket);
                        continue;
                    }
                    Opened::Tcp(listener) => match running.wanted.health.get(&port) {
                        Some((namespace, name)) => {
                            let state = Arc::new(HealthState::new(namespace.clone(), name.clone(), 0));
                            running.health.push((port, state.clone()));
                            serve_health(listener, state)
                        }
                        None => serve_tcp(listener, identity, port),
                    },
                    Opened::Udp(socket) => serve_udp(socket, identity, port),
                };
                let label = running.wanted.identity.label();
                let served =
                    served.map_err(|e| EmbeddedError::Server { owner: label, reason: e.to_string() })?;
                running.servers.insert((protocol, port), served);
            }
            for (port, (udp, tcp)) in dns {
                let Some(responder) = &running.responder else { continue };
                for (udp, tcp) in udp.into_iter().zip(tcp) {
                    let label = running.wanted.identity.label();
                    running.dns.push(dns::answer(label, udp, tcp, responder.at_port(port)));
                }
            }
            self.running.insert(owner, running);
        }
        Ok(())
    }

    fn dialer(&mut self) -> Result<Arc<Worker>, EmbeddedError> {
        if let Some(dialer) = &self.dialer {
            return Ok(dialer.clone());
        }
        let made = Arc::new(Worker::spawn()?);
        self.dialer = Some(made.clone());
        Ok(made)
    }

    /// Publishes the names and the health of a World.
    pub fn publish(&self, world: &World) {
        for running in self.running.values() {
            let (Some(responder), Some(wanted)) = (&running.responder, &running.wanted.dns) else { continue };
            let node_local = wanted.node_local.and_then(|i| world.dns.node_local.get(i));
            let plan = node_local.map_or(&world.dns.cluster, |server| &server.dns);
            if !responder.plan().is_some_and(|running| Arc::ptr_eq(&running, plan)) {
                responder.publish(plan.clone(), dns::inside(plan, &world.snapshot));
            }
        }
        for node in world.snapshot.nodes.iter().map(|node| node.id) {
            let Some(running) = self.running.get(&Owner::Node(node)) else { continue };
            for (port, state) in &running.health {
                let service =
                    world.snapshot.services.iter().find(|s| s.health_check_node_port == Some(*port));
                let local = service
                    .map_or(0, |s| s.endpoints.iter().filter(|e| e.ready && e.node == Some(node)).count());
                state.set_local_endpoints(u32::try_from(local).unwrap_or(u32::MAX));
            }
        }
    }
}

/// The pods that are the cluster's DNS, and the port on which they are.
pub(crate) fn dns_ports(snapshot: &Snapshot) -> HashMap<PodId, u16> {
    let Some(service) = snapshot.dns_service.map(|id| snapshot.service(id)) else { return HashMap::new() };
    let Some(index) = service.ports.iter().position(|p| p.port == 53 && p.protocol == Protocol::Udp) else {
        return HashMap::new();
    };
    service.endpoints.iter().filter_map(|e| Some((e.pod?, e.ports.get(index).copied().flatten()?))).collect()
}

fn identity(snapshot: &Snapshot, pod: &Pod) -> Identity {
    let ports = pod.containers.iter().flat_map(|c| {
        c.ports.iter().filter_map(|p| {
            let transport = match p.protocol {
                Protocol::Tcp => Transport::Tcp,
                Protocol::Udp => Transport::Udp,
                Protocol::Sctp | Protocol::Other(_) => return None,
            };
            let name = p.name.as_deref().map(str::to_owned);
            Some(NamedPort { transport, port: p.port, container: c.name.to_string(), name })
        })
    });
    Identity {
        pod: pod.name.to_string(),
        namespace: pod.namespace.to_string(),
        node: snapshot.node(pod.node).name.to_string(),
        workload: Some(format!("{}/{}", pod.workload.kind, pod.workload.name)),
        service_account: Some(pod.service_account.to_string()),
        ips: pod.ips.iter().collect(),
        ports: ports.collect(),
    }
}
